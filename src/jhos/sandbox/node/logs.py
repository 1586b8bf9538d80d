"""Container logs: `pods/UID/CONTAINER/N.log` for the Nth restart, each line after its time."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from jhos.sandbox.layout import Layout

MAX_LINE = 2**14
MAX_FILE = 10 * 2**20
KEPT_RUNS = 2
LOOK_AGAIN_S = 0.2
FALLBACK_LINES, FALLBACK_BYTES = 80, 2048


class LogWriter:
    """Writes what a container prints. At ten megabytes a file starts anew, the last one is kept."""

    def __init__(self, directory: Path, run: int) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        for old in directory.glob("*.log*"):
            if int(old.name.partition(".")[0]) <= run - KEPT_RUNS:
                old.unlink()
        self.path = directory / f"{run}.log"
        self.file = self.path.open("ab", buffering=0)
        self._rest = b""
        self.last = b""  # line

    def write(self, output: bytes) -> None:
        *lines, self._rest = (self._rest + output).split(b"\n")
        if len(self._rest) > MAX_LINE:
            lines.append(self._rest)
            self._rest = b""
        self._put(lines)

    def close(self) -> None:
        """Tells readers that follow that this is the end."""
        self._put([self._rest] if self._rest else [])
        self.file.close()
        self.path.with_suffix(".end").touch()

    def _put(self, lines: list[bytes]) -> None:
        if not lines:
            return
        self.last = lines[-1]
        stamp = _timestamp(time.time_ns())
        self.file.write(b"".join(stamp + b" " + line + b"\n" for line in lines))
        if self.file.tell() > MAX_FILE:
            self.file.close()
            self.path.replace(self.path.with_suffix(".log.old"))
            self.file = self.path.open("ab", buffering=0)


async def read_log(
    layout: Layout,
    uid: str,
    container: str,
    *,
    previous: bool = False,
    follow: bool = False,
    tail_lines: int | None = None,
    since_seconds: int | None = None,
    since_time: str | None = None,
    timestamps: bool = False,
) -> AsyncIterator[bytes]:
    """Lines of the last run of a container, or of the one before it; nothing when it never ran.

    Following ends when the container does.
    """
    log = _choose(layout.pods / uid / container, previous)
    if log is None:
        return
    since = _since(since_seconds, since_time)
    written, position = _read(log)
    chosen = (line for line in written if line[:20] >= since)
    shown = chosen if tail_lines is None else deque(chosen, maxlen=tail_lines)
    for line in shown:
        yield line if timestamps else _bare(line)
    if follow:
        async for line in _follow(log, position):
            yield line if timestamps else _bare(line)


def last_lines(path: Path) -> str:
    """What stands for the termination message of a failed container that wrote none."""
    lines = deque(_read(path)[0], maxlen=FALLBACK_LINES)
    return b"".join(map(_bare, lines))[-FALLBACK_BYTES:].decode(errors="replace")


def last_run(directory: Path) -> int | None:
    """The highest number of a log that exists."""
    return max((int(path.stem) for path in directory.glob("*.log")), default=None)


async def _follow(log: Path, position: int) -> AsyncIterator[bytes]:
    rest = b""
    while True:
        ended = log.with_suffix(".end").exists() or _is_over(log)
        if not log.exists():
            return
        if log.stat().st_size < position:
            position = 0  # the file began anew
        with log.open("rb") as file:
            file.seek(position)
            output = file.read()
        position += len(output)
        *lines, rest = (rest + output).split(b"\n")
        for line in lines:
            yield line + b"\n"
        if ended and not output:
            return
        await asyncio.sleep(0 if output else LOOK_AGAIN_S)


def _is_over(log: Path) -> bool:
    """A node that was killed left no mark, but its successor writes the next log."""
    return (last_run(log.parent) or 0) > int(log.stem)


def _choose(directory: Path, previous: bool) -> Path | None:
    last = last_run(directory)
    if last is None:
        return None
    path = directory / f"{last - 1 if previous else last}.log"
    return path if path.exists() else None


def _read(log: Path) -> tuple[list[bytes], int]:
    """The lines so far, and where in the file the next one begins."""
    old, new = (
        path.read_bytes() if path.exists() else b"" for path in (log.with_suffix(".log.old"), log)
    )
    position = new.rfind(b"\n") + 1
    return (old + new[:position]).splitlines(keepends=True), position


def _bare(line: bytes) -> bytes:
    return line.partition(b" ")[2]


def _since(seconds: int | None, moment: str | None) -> bytes:
    """The first twenty letters of the earliest time that is wanted."""
    if seconds is not None:
        start = datetime.now(UTC) - timedelta(seconds=seconds)
    elif moment is not None:
        start = datetime.fromisoformat(moment.replace("Z", "+00:00")).astimezone(UTC)
    else:
        return b""
    return start.strftime("%Y-%m-%dT%H:%M:%S.").encode()


def _timestamp(nanoseconds: int) -> bytes:
    seconds, rest = divmod(nanoseconds, 10**9)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z".encode()
