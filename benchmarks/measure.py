"""A program from start to end: its time, its cpu time, the most memory it held, its requests."""

import asyncio
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.far import Far, writes

HEAD = f"{'':34}{'requests':>9}{'writes':>8}{'wall s':>9}{'cpu s':>8}{'MB':>6}"


@dataclass(frozen=True)
class Measured:
    requests: int
    writes: int
    wall_s: float
    cpu_s: float
    peak_mb: float

    def row(self, name: str) -> str:
        numbers = f"{self.requests:>9}{self.writes:>8}{self.wall_s:>9.2f}{self.cpu_s:>8.2f}"
        return f"{name:34}{numbers}{self.peak_mb:>6.0f}"


# In a small process: a program's peak is never told lower than that of whoever starts it.
_RUN = """
import os, sys, time
report, *command = sys.argv[1:]
began = time.perf_counter()
_, status, usage = os.wait4(os.posix_spawnp(command[0], command, os.environ), 0)
told = (status, time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss)
open(report, "w").write(" ".join(map(str, told)))
"""


async def measured(far: Far, *command: str, log: Path, code: int = 0) -> Measured:
    """Raises where the program ends with another `code`; what it says is in `log`."""
    far.take()
    environment = {**os.environ, "KUBECONFIG": str(far.kubeconfig)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program is compiled once
    report = log.with_suffix(".usage")
    with log.open("wb") as file:
        runner = await asyncio.create_subprocess_exec(
            sys.executable, "-ISc", _RUN, str(report), *command,
            env=environment, stdout=file, stderr=file,
        )  # fmt: skip
        await runner.wait()
    status, wall_s, cpu_s, peak_kb = map(float, report.read_text().split())
    if os.waitstatus_to_exitcode(int(status)) != code:
        raise RuntimeError(f"{' '.join(command)} failed:\n{log.read_text()}")
    await asyncio.sleep(0.05)  # the last request is counted
    requests = far.take()
    return Measured(len(requests), writes(requests), wall_s, cpu_s, peak_kb / 1024)
