"""A program from start to end: its time, its cpu time, the most memory it held, its requests."""

import asyncio
import os
import time
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


async def measured(far: Far, *command: str, log: Path) -> Measured:
    """Raises where the program fails; what it says is in `log`."""
    far.take()
    environment = {**os.environ, "KUBECONFIG": str(far.kubeconfig)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program is compiled once
    with log.open("wb") as file:
        began = time.perf_counter()
        pid = os.posix_spawnp(
            command[0], command, environment,
            file_actions=[(os.POSIX_SPAWN_DUP2, file.fileno(), 1),
                          (os.POSIX_SPAWN_DUP2, file.fileno(), 2)],
        )  # fmt: skip
        _, status, usage = await asyncio.to_thread(os.wait4, pid, 0)
        wall_s = time.perf_counter() - began
    if status:
        raise RuntimeError(f"{' '.join(command)} failed:\n{log.read_text()}")
    await asyncio.sleep(0.05)  # the last request is counted
    requests = far.take()
    cpu_s = usage.ru_utime + usage.ru_stime
    return Measured(len(requests), writes(requests), wall_s, cpu_s, usage.ru_maxrss / 1024)
