"""What a container's probes say of it: whether it has started, is ready, must be restarted."""

import asyncio
from collections.abc import Awaitable, Callable

from jhos.sandbox.client import Object
from jhos.sandbox.node.probes import Target, results
from jhos.sandbox.node.status import ContainerState

Record = Callable[[str, str, str], Awaitable[None]]  # reason, message, type


class Health:
    """Keeps `started` and `ready` of one running container."""

    def __init__(
        self,
        container: Object,
        state: ContainerState,
        target: Target,
        record: Record,
        changed: Callable[[], None],
    ) -> None:
        self.container, self.state, self.target = container, state, target
        self.record, self.changed = record, changed

    async def watch(self) -> str:
        """Returns only when the container must be restarted: why."""
        if message := await self._startup():
            return message
        self.state.started = True
        self.state.ready = "readinessProbe" not in self.container
        self.changed()
        async with asyncio.TaskGroup() as group:
            readiness = group.create_task(self._readiness())
            message = await self._liveness()
            readiness.cancel()
        return message

    async def _startup(self) -> str:
        probe = self.container.get("startupProbe")
        if probe is None:
            return ""
        async for outcome, is_certain in results(probe, self.target):
            if outcome.ok:
                return ""
            await self._unhealthy("Startup", outcome.message)
            if is_certain:
                return f"Container {self.state.name} failed startup probe, will be restarted"
        return ""

    async def _readiness(self) -> None:
        if probe := self.container.get("readinessProbe"):
            async for outcome, is_certain in results(probe, self.target):
                if not outcome.ok:
                    await self._unhealthy("Readiness", outcome.message)
                if is_certain and self.state.ready is not outcome.ok:
                    self.state.ready = outcome.ok
                    self.changed()

    async def _liveness(self) -> str:
        probe = self.container.get("livenessProbe")
        if probe is None:
            await asyncio.Event().wait()
            return ""
        async for outcome, is_certain in results(probe, self.target):
            if not outcome.ok:
                await self._unhealthy("Liveness", outcome.message)
                if is_certain:
                    break
        return f"Container {self.state.name} failed liveness probe, will be restarted"

    async def _unhealthy(self, kind: str, message: str) -> None:
        await self.record("Unhealthy", f"{kind} probe failed: {message}", "Warning")
