"""What containers use of cpu and memory, measured from their processes, for `metrics.k8s.io`.

A container's processes are those of its pid namespace; its memory is their share of what lies in
memory (Pss), so that libraries which several use are counted once.
"""

import asyncio
import json
import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from jhos.sandbox.controllers.meta import timestamp
from jhos.sandbox.node.container import Process

INTERVAL_S = 10.0
NEW_S = 1.0  # a container is measured so soon after its start
TICKS = os.sysconf("SC_CLK_TCK")
NODE = ""  # the place of the whole node's processes

Place = str  # the pid namespace of a container


class Keeper(Protocol):
    """A container; `process.pid` is its process 1 while it runs."""

    name: str
    process: Process | None


Running = Callable[[], Iterable[tuple[str, Iterable[Keeper]]]]  # each pod's uid, its containers


@dataclass
class Used:
    """Cpu seconds since the beginning, and bytes of memory now."""

    cpu_s: float = 0.0
    memory: int = 0


class Meter:
    """Writes `{time, window, node: USAGE, pods: {UID: {CONTAINER: USAGE}}}` again and again.

    `USAGE` has `cpu` in nanocores and `memory` in bytes. What began since the last look has no cpu
    yet and is left out; the next look then comes soon.
    """

    def __init__(self, path: Path, running: Running) -> None:
        self.path, self.running = path, running
        self.before: dict[Place, Used] = {}
        self.measured: set[Place] = set()
        self.at_s = time.monotonic()

    async def run(self) -> None:
        while True:
            used = await asyncio.to_thread(look)
            now_s = time.monotonic()
            window_s, self.at_s = now_s - self.at_s, now_s
            self._write(used, window_s)
            self.measured = used.keys() & self.before.keys()
            self.before = used
            await self._until_due()

    async def _until_due(self) -> None:
        ends = time.monotonic() + INTERVAL_S
        await asyncio.sleep(NEW_S)
        while self._places() <= self.measured and time.monotonic() < ends:
            await asyncio.sleep(NEW_S)

    def _places(self) -> set[Place]:
        """The node's and those of all running containers."""
        processes = [keeper.process for _, keepers in self.running() for keeper in keepers]
        namespaces = {_namespace(process.pid) for process in processes if process}
        return {NODE, *(place for place in namespaces if place is not None)}

    def _write(self, used: dict[Place, Used], window_s: float) -> None:
        def usage(place: Place | None) -> dict[str, int] | None:
            if place is None or place not in used or place not in self.before:
                return None
            spent_s = max(used[place].cpu_s - self.before[place].cpu_s, 0.0)
            return {"cpu": round(spent_s / window_s * 1e9), "memory": used[place].memory}

        pods = {
            uid: {
                keeper.name: found
                for keeper in keepers
                if keeper.process and (found := usage(_namespace(keeper.process.pid)))
            }
            for uid, keepers in self.running()
        }
        told = {"time": timestamp(), "window": f"{window_s:.0f}s", "node": usage(NODE)}
        fresh = self.path.with_suffix(".new")
        fresh.write_text(json.dumps({**told, "pods": pods}))
        fresh.replace(self.path)


def look() -> dict[Place, Used]:
    """All processes of the node, by namespace and together."""
    found: dict[Place, Used] = defaultdict(Used)
    for entry in os.scandir("/proc"):
        if not entry.name.isdecimal():
            continue
        with suppress(OSError):  # it has ended meanwhile
            pid = int(entry.name)
            cpu_s, memory = _cpu_s(pid), _memory(pid)
            for place in (_namespace(pid), NODE):
                if place is not None:
                    found[place].cpu_s += cpu_s
                    found[place].memory += memory
    return dict(found)


def _namespace(pid: int) -> Place | None:
    try:
        return os.readlink(f"/proc/{pid}/ns/pid")
    except OSError:
        return None


def _cpu_s(pid: int) -> float:
    """Its own and that of the children that it has waited for."""
    text = Path(f"/proc/{pid}/stat").read_text()
    return sum(map(int, text.rpartition(")")[2].split()[11:15])) / TICKS


def _memory(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0
