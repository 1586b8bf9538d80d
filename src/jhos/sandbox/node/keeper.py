"""Keeps one container of a pod as its restart policy says, and its state true to what happens.

A keeper is never cancelled: `stop` asks it to end, and `keep` returns when it has.
"""

import asyncio
import signal
import uuid
from contextlib import suppress
from datetime import UTC, datetime
from typing import Protocol

from jhos.sandbox.client import ApiError, Object
from jhos.sandbox.controllers.meta import timestamp
from jhos.sandbox.node.backoff import BackOff
from jhos.sandbox.node.container import Process, StartError, execute, termination_message
from jhos.sandbox.node.containerfiles import ContainerFiles
from jhos.sandbox.node.downward import ConfigError
from jhos.sandbox.node.health import Health
from jhos.sandbox.node.logs import LogWriter, last_lines
from jhos.sandbox.node.probes import Target, check
from jhos.sandbox.node.pull import PullError
from jhos.sandbox.node.rootfs import Box
from jhos.sandbox.node.status import ContainerState, is_due

CONFIG_RETRY_S = 2.0
START_ERROR_EXIT = 128
SETUP_FAILED, SETUP_WORDS = 1, b"bwrap: "
LEAST_GRACE_S = 2.0


class Pod(Protocol):
    """What a keeper needs of its pod. `box` raises PullError, ConfigError or ApiError."""

    address: str
    network: list[str]
    title: str

    @property
    def grace_s(self) -> float: ...
    async def box(self, keeper: "Keeper") -> Box: ...
    def open_log(self, container: str, run: int) -> LogWriter: ...
    async def record(self, reason: str, message: str, kind: str = "Normal") -> None: ...
    def changed(self) -> None: ...


class Keeper:
    """One container: `keep` is its life."""

    def __init__(
        self, pod: Pod, container: Object, state: ContainerState, files: ContainerFiles
    ) -> None:
        self.pod, self.container, self.state, self.files = pod, container, state, files
        self.name: str = container["name"]
        self.process: Process | None = None
        self.box: Box | None = None
        self.grace_s = 0.0
        self.stopping = asyncio.Event()

    async def keep(self, restart_policy: str) -> None:
        """Returns when the container has ended for good."""
        back_off = BackOff()
        while not self.stopping.is_set() and is_due(self.state.exit_code, restart_policy):
            began = asyncio.get_running_loop().time()
            await self._run_once()
            lived_s = asyncio.get_running_loop().time() - began
            if is_due(self.state.exit_code, restart_policy):
                delay_s = back_off.next(lived_s)
                if delay_s and not self.stopping.is_set():
                    await self._crash_loop(delay_s)

    def stop(self, grace_s: float) -> None:
        """Ask it to end: SIGTERM, and SIGKILL after the grace period; a second call may hasten."""
        if self.stopping.is_set() and grace_s == 0 and self.process:
            self.process.kill(signal.SIGKILL)
        self.grace_s = grace_s
        self.stopping.set()

    async def _run_once(self) -> None:
        try:
            if box := await self._await_box():
                await self._run(box)
        finally:
            await asyncio.to_thread(self.files.clear)

    async def _await_box(self) -> Box | None:
        """As soon as all is there that the container needs; None when it is to stop before."""
        back_off = BackOff()
        back_off.next()
        while not self.stopping.is_set():
            try:
                return await self.pod.box(self)
            except PullError as error:
                await self._wait(back_off.next(), "ErrImagePull", str(error), "ImagePullBackOff")
            except ConfigError as error:
                await self._wait(CONFIG_RETRY_S, "CreateContainerConfigError", str(error))
            except (ApiError, OSError) as error:
                await self._wait(CONFIG_RETRY_S, "CreateContainerError", str(error))
        return None

    async def _wait(self, delay_s: float, reason: str, message: str, then: str = "") -> None:
        if self._waits_for("reason") not in (reason, then) or then:
            await self.pod.record("Failed", message, "Warning")
        self._set_state("waiting", reason=reason, message=message)
        if then:
            image = self.container["image"]
            text = f'Back-off pulling image "{image}"'
            await self.pod.record("BackOff", text, "Warning")
            self._set_state("waiting", reason=then, message=f"{text}: {reason}: {message}")
        await self._pause(delay_s)

    async def _crash_loop(self, delay_s: float) -> None:
        message = (
            f"back-off {delay_s:.0f}s restarting failed container={self.name} pod={self.pod.title}"
        )
        self.state.last = self.state.state
        self._set_state("waiting", reason="CrashLoopBackOff", message=message)
        text = f"Back-off restarting failed container {self.name} in pod {self.pod.title}"
        await self.pod.record("BackOff", text, "Warning")
        await self._pause(delay_s)

    async def _pause(self, delay_s: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self.stopping.wait(), delay_s)

    async def _run(self, box: Box) -> None:
        await self.pod.record("Created", f"Created container: {self.name}")
        log = self.pod.open_log(self.name, self._next_run())
        self.state.container_id = f"jhos://{uuid.uuid4().hex}"
        since = datetime.now(UTC)
        try:
            self.process = await Process.start(box, self.pod.network, log)
            self.box = box
            self._set_state("running", startedAt=timestamp(since))
            await self.pod.record("Started", f"Started container {self.name}")
            code = await self._until_exit(self.process, box)
            self._ended(since, code, "Error" if code else "Completed", self._message(code, log))
        except StartError as error:
            await self.pod.record("Failed", f"Error: {error}", "Warning")
            self._ended(since, START_ERROR_EXIT, "StartError", str(error))
        finally:
            if self.process:
                await self.process.stop(0)
            self.process = None

    def _next_run(self) -> int:
        if self.state.container_id:
            self.state.restarts += 1
            if "terminated" in self.state.state:
                self.state.last = self.state.state
        return self.state.restarts

    async def _until_exit(self, process: Process, box: Box) -> int:
        ended = asyncio.create_task(process.wait())
        health = asyncio.create_task(self._health(process, box))
        stopping = asyncio.create_task(self.stopping.wait())
        try:
            await asyncio.wait({ended, health, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not ended.done():
                await self._end(process, box, health)
            return _checked(await ended, process)
        finally:
            health.cancel()
            stopping.cancel()

    async def _end(self, process: Process, box: Box, health: asyncio.Task[str]) -> None:
        if self.stopping.is_set():
            message, grace_s = f"Stopping container {self.name}", self.grace_s
        else:
            message, grace_s = health.result(), self.pod.grace_s
        health.cancel()
        await self.pod.record("Killing", message)
        began = asyncio.get_running_loop().time()
        hook = (self.container.get("lifecycle") or {}).get("preStop")
        if hook and grace_s > 0:
            await self._hook("preStop", hook, self._target(process, box), grace_s)
            spent_s = asyncio.get_running_loop().time() - began
            grace_s = max(grace_s - spent_s, LEAST_GRACE_S)
        await process.stop(grace_s)

    async def _health(self, process: Process, box: Box) -> str:
        """Returns why the container must be restarted, if ever."""
        target = self._target(process, box)
        hook = (self.container.get("lifecycle") or {}).get("postStart")
        if hook and not await self._hook("postStart", hook, target, self.pod.grace_s):
            return "FailedPostStartHook"
        health = Health(self.container, self.state, target, self.pod.record, self.pod.changed)
        return await health.watch()

    async def _hook(self, name: str, hook: Object, target: Target, limit_s: float) -> bool:
        if pause := hook.get("sleep"):
            await asyncio.sleep(min(pause["seconds"], limit_s))
            return True
        outcome = await check({**hook, "timeoutSeconds": limit_s}, target)
        if not outcome.ok:
            reason = f"Failed{name[0].upper()}{name[1:]}Hook"
            await self.pod.record(reason, f"{name} hook failed: {outcome.message}", "Warning")
        return outcome.ok

    def _target(self, process: Process, box: Box) -> Target:
        async def in_container(command: list[str], timeout_s: float) -> tuple[int, str]:
            return await execute(process.pid, box.workdir, dict(box.env), command, timeout_s)

        ports = {
            port["name"]: port["containerPort"]
            for port in self.container.get("ports") or []
            if "name" in port
        }
        return Target(address=self.pod.address, ports=ports, execute=in_container)

    def _message(self, code: int, log: LogWriter) -> str:
        written = termination_message(self.files.termination_log)
        policy = self.container.get("terminationMessagePolicy")
        if code and not written and policy == "FallbackToLogsOnError":
            return last_lines(log.path)
        return written

    def _ended(self, since: datetime, code: int, reason: str, message: str) -> None:
        details: Object = {
            "exitCode": code,
            "reason": reason,
            "startedAt": timestamp(since),
            "finishedAt": timestamp(),
            "containerID": self.state.container_id,
        }
        self.state.started = self.state.ready = False
        self._set_state("terminated", **details, **({"message": message} if message else {}))

    def _waits_for(self, part: str) -> str:
        return str((self.state.state.get("waiting") or {}).get(part, ""))

    def _set_state(self, name: str, **details: object) -> None:
        self.state.state = {name: details}
        self.pod.changed()


def _checked(code: int, process: Process) -> int:
    """The exit code; raises StartError when it is not the container's but of its set-up."""
    if code == SETUP_FAILED and process.log.last.startswith(SETUP_WORDS):
        raise StartError(process.log.last.decode(errors="replace").removeprefix("bwrap: "))
    return code
