"""The node agent as a child of the daemon: in namespaces of its own, started again when it dies."""

import asyncio
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from jhos.sandbox.layout import Layout

ROOTLESS, ROOT = "-Urnmpf", "-nmpf"
FIRST_PAUSE_S, LONGEST_PAUSE_S, STABLE_S = 0.5, 30.0, 60.0
log = logging.getLogger(__name__)


class NodeProcess:
    """Keeps one agent alive. `on_exit` is told each time it is gone."""

    def __init__(self, layout: Layout, on_exit: Callable[[int], Awaitable[None]]) -> None:
        self.layout, self.on_exit = layout, on_exit
        self.pid: int | None = None

    async def run(self) -> None:
        """Until cancelled, which kills the agent and all pods."""
        pause = FIRST_PAUSE_S
        while True:
            began = time.monotonic()
            code = await self._run_once()
            log.warning("the node agent ended with code %s", code)
            await self.on_exit(code)
            pause = FIRST_PAUSE_S if time.monotonic() - began > STABLE_S else pause
            await asyncio.sleep(pause)
            pause = min(LONGEST_PAUSE_S, pause * 2)

    async def _run_once(self) -> int:
        process = await asyncio.create_subprocess_exec(
            *command(self.layout), stdin=asyncio.subprocess.DEVNULL, start_new_session=True
        )
        self.pid = process.pid
        try:
            return await process.wait()
        finally:
            self.pid = None
            with suppress(ProcessLookupError):
                # unshare waits for its child and takes no other signal meanwhile
                process.kill()
            await process.wait()


def command(layout: Layout) -> list[str]:
    """The agent dies with `unshare`, and `unshare` with the daemon, however that ends."""
    agent = [sys.executable, "-m", "jhos.sandbox.node", "--state", str(layout.root)]
    namespaces = ["unshare", isolation(), "--mount-proc", "--kill-child=SIGKILL"]
    return ["setpriv", "--pdeathsig", "KILL", *namespaces, *agent]


def isolation() -> str:
    """A user namespace, unless only real root may make the others here."""
    if os.geteuid() != 0:
        return ROOTLESS
    probe = ["unshare", ROOTLESS, "--mount-proc", "true"]
    answer = subprocess.run(probe, capture_output=True, check=False)
    return ROOTLESS if answer.returncode == 0 else ROOT


def reset_signals() -> None:
    """What a shell starts in the background ignores these, and all its children would too."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)
