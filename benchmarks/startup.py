"""How long `jhos --help` takes to start, beside `python -c 'import click'`: a ratio of one run.

    .venv/bin/python benchmarks/startup.py [ROUNDS]

The goal is 1.5 at most. The two take turns, so that a busy machine slows both alike; the smallest
time of each counts.
"""

import subprocess
import sys
import time
from pathlib import Path

GOAL = 1.5
JHOS = Path(sys.executable).with_name("jhos")
COMMANDS = {
    "import click": (sys.executable, "-c", "import click"),
    "jhos --help": (str(JHOS), "--help"),
    "jhos --version": (str(JHOS), "--version"),
    "jhos deploy --help": (str(JHOS), "deploy", "--help"),
}


def seconds(command: tuple[str, ...]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def main(rounds: int) -> None:
    best = {
        name: min(times)
        for name, times in zip(
            COMMANDS,
            zip(
                *([seconds(each) for each in COMMANDS.values()] for _ in range(rounds)), strict=True
            ),
            strict=True,
        )
    }
    base = best["import click"]
    for name, time_s in best.items():
        print(f"{name:20} {time_s * 1000:6.0f} ms  {time_s / base:5.2f} of import click")
    print(f"goal: at most {GOAL}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
