"""One run of a container: the process in its box, what it prints, how it ends."""

import asyncio
import json
import os
import shutil
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from jhos.sandbox.node.box import argument_file
from jhos.sandbox.node.logs import LogWriter
from jhos.sandbox.node.rootfs import Box, arguments

CHUNK = 2**16
SIGNAL_EXIT = 128
STOP_AGAIN_S = 2
LOOK_AGAIN_S = 0.002


class StartError(Exception):
    """The container's command could not be run at all."""


@dataclass(frozen=True, kw_only=True)
class Process:
    """A started container; `pid` is its process 1 as the node sees it."""

    pid: int
    bwrap: asyncio.subprocess.Process
    output: asyncio.Task[None]
    log: LogWriter

    @classmethod
    async def start(cls, box: Box, network: Sequence[str], log: LogWriter) -> Self:
        """`network`: the words that enter the pod's network. Raises StartError."""
        told, tell = os.pipe()
        options = argument_file([*arguments(box), "--info-fd", str(tell)])
        try:
            bwrap = await asyncio.create_subprocess_exec(
                *(*network, "bwrap", "--args", str(options), "--", *box.command),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                pass_fds=(options, tell),
            )
        finally:
            os.close(tell)
            os.close(options)
        output = asyncio.create_task(_copy(bwrap, log))
        information = await asyncio.to_thread(_read_to_end, told)
        if not information:
            await output
            await bwrap.wait()
            raise StartError(log.last.decode(errors="replace") or "bwrap did not start")
        child: int = json.loads(information)["child-pid"]
        await _command_runs(bwrap, child)
        return cls(pid=child, bwrap=bwrap, output=output, log=log)

    async def wait(self) -> int:
        """The exit code, 128 and the number for a signal; all output is written by then."""
        code = await self.bwrap.wait()
        await self.output
        return SIGNAL_EXIT - code if code < 0 else code

    def kill(self, number: signal.Signals) -> None:
        """Gone already is well."""
        if self.bwrap.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    async def stop(self, grace_s: float) -> None:
        """SIGTERM, and SIGKILL to all of it after the grace period."""
        if grace_s > 0:
            self.kill(signal.SIGTERM)
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(self.wait()), grace_s)
                return
        self.kill(signal.SIGKILL)
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self.wait()), STOP_AGAIN_S)
            return
        with suppress(ProcessLookupError):
            self.bwrap.kill()
        await self.wait()


def enter(pid: int, workdir: str, command: Sequence[str]) -> list[str]:
    """The words that run a command in a container that runs already."""
    namespaces = ("--user", "--mount", "--pid", "--ipc", "--uts", "--net")
    shell = ("sh", "-c", 'cd "$0" && exec "$@"', workdir)
    # by its path: the environment of the command has a PATH of its own
    program = shutil.which("nsenter") or "nsenter"
    target = (program, "--target", str(pid), *namespaces, "--preserve-credentials", "--")
    return [*target, *shell, *command]


async def execute(
    pid: int, workdir: str, env: dict[str, str], command: Sequence[str], timeout_s: float
) -> tuple[int, str]:
    """Exit code and output of a command in the container. Raises TimeoutError."""
    process = await asyncio.create_subprocess_exec(
        *enter(pid, workdir, command),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=env,
        start_new_session=True,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), timeout_s)
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    return process.returncode or 0, output.decode(errors="replace")


def termination_message(file: Path) -> str:
    return file.read_text(errors="replace")[:4096] if file.exists() else ""


async def _copy(process: asyncio.subprocess.Process, log: LogWriter) -> None:
    assert process.stdout
    try:
        while output := await process.stdout.read(CHUNK):
            log.write(output)
    finally:
        log.close()


async def _command_runs(bwrap: asyncio.subprocess.Process, pid: int) -> None:
    """bwrap names the process while it still builds the box: nobody may enter before its end."""
    program = shutil.which("bwrap")
    with suppress(OSError):
        while bwrap.returncode is None and os.readlink(f"/proc/{pid}/exe") == program:
            await asyncio.sleep(LOOK_AGAIN_S)


def _read_to_end(descriptor: int) -> bytes:
    """bwrap writes its information in pieces; closing before the last would kill it."""
    with os.fdopen(descriptor, "rb") as file:
        return file.read()
