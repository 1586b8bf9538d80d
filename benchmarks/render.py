"""What it takes to render objects: its steps, and `jhos render` beside `helm template` of the same.

    .venv/bin/python -m benchmarks.render [--helm FILE] [--rounds N]

Processor time, for what else runs on the machine counts less there; the smallest of each counts.
The programs take turns. The very first rendering compiles the templates; later ones find them
compiled. `import click` is what a command of Python cannot do without. helm is left out where
there is none.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from benchmarks.deploy import IMAGE, JHOS, NAME, PARTS, chart

STEPS = ("imports", "settings", "render", "render again")
PROGRAM = """
import gc, time
gc.set_threshold(100_000)  # as in the program
began = time.process_time()
from jhos.render import Facts, render
from jhos.settings.load import load
imported = time.process_time()
image = "registry.example.com/demo/image@sha256:aaaa"
facts = Facts(namespace="demo", hub_image=image, notebook_image=image, database_image=image)
settings = load({"name": "alpha"})
loaded = time.process_time()
objects = render(settings, facts)
first = time.process_time()
render(settings, facts)
again = time.process_time()
print(len(objects), imported - began, loaded - imported, first - loaded, again - first)
"""


def round_s() -> tuple[float, ...]:
    """The number of objects, then of each step its seconds."""
    done = subprocess.run((sys.executable, "-c", PROGRAM), check=True, capture_output=True)
    return tuple(map(float, done.stdout.split()))


def programs(folder: Path, helm: str | None) -> dict[str, tuple[str, ...]]:
    images = [word for part in PARTS for word in (f"--{part}-image", IMAGE)]
    mine = (str(JHOS), "render", "--offline", "-q", "-n", NAME, *images)
    found = {
        "import click": (sys.executable, "-c", "import click"),
        "jhos render --offline": mine,
    }
    if helm:
        objects = subprocess.run(mine, check=True, capture_output=True, text=True).stdout
        path = chart(folder, list(yaml.safe_load_all(objects)))
        found["helm template"] = (helm, "template", NAME, str(path))
    return found


def cpu_s(command: tuple[str, ...]) -> float:
    """Of the whole program."""
    environment = {**os.environ}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program is compiled once
    silent = [(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_WRONLY, 0) for stream in (1, 2)]
    pid = os.posix_spawn(command[0], command, environment, file_actions=silent)
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise RuntimeError(f"{' '.join(command)} failed.")
    return usage.ru_utime + usage.ru_stime


def steps(rounds: int) -> None:
    measures = [round_s() for _ in range(rounds)]
    count, *times_s = map(min, zip(*measures, strict=True))
    print(f"{count:.0f} objects")
    for name, time_s in zip(STEPS, times_s, strict=True):
        print(f"{name:22} {time_s * 1000:6.1f} ms  {time_s * 1000 / count:5.2f} ms an object")


def side_by_side(rounds: int, helm: str | None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        commands = programs(Path(folder), helm)
        measures = [[cpu_s(each) for each in commands.values()] for _ in range(rounds)]
    for name, time_s in zip(commands, map(min, zip(*measures, strict=True)), strict=True):
        print(f"{name:22} {time_s * 1000:6.1f} ms")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--helm", default=shutil.which("helm"))
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    steps(arguments.rounds)
    side_by_side(arguments.rounds, arguments.helm)
