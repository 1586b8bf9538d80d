"""An API server with all controllers, in this process and without a node, for tests."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jhos.sandbox import api, controllers
from jhos.sandbox.client import ApiClient, ApiError, Object
from jhos.sandbox.controllers.informers import Informers
from jhos.sandbox.controllers.loop import Control
from jhos.sandbox.controllers.recorder import Recorder
from jhos.sandbox.controllers.volumes import CLASSES, storage_class
from jhos.sandbox.layout import Layout, layout
from jhos.sandbox.store import Store

NODES, PODS = "api/v1/nodes", "api/v1/pods"
NAMESPACES = "api/v1/namespaces"
DEADLINE_S = 60.0  # far more than it takes, as other tests may have all processors


@dataclass(frozen=True)
class Plane:
    """Requests go through `client`; `layout` is where directories appear."""

    client: ApiClient
    informers: Informers
    layout: Layout

    async def until(self, found: Callable[[], Awaitable[Any]]) -> Any:
        """What `found` gives once it is truthy; a 404 counts as not yet."""
        ends = asyncio.get_running_loop().time() + DEADLINE_S
        while True:
            try:
                if answer := await found():
                    return answer
            except ApiError as error:
                if error.code != 404:
                    raise
            assert asyncio.get_running_loop().time() < ends, "this did not come"
            await asyncio.sleep(0.02)

    async def gone(self, resource: str, namespace: str | None, name: str) -> None:
        async def is_gone() -> bool:
            try:
                await self.client.get(resource, namespace, name)
            except ApiError as error:
                return error.code == 404
            return False

        await self.until(is_gone)

    async def add_node(self, **labels: str) -> None:
        await self.client.create(
            NODES,
            {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "sandbox", "labels": labels}},
        )
        status = {
            "allocatable": {"cpu": "4", "memory": "8Gi"},
            "conditions": [
                {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}
            ],
        }
        await self.client.patch(NODES, None, "sandbox", {"status": status}, "status")

    async def make_ready(self, pod: Object, ip: str = "10.128.0.9") -> None:
        """Say of the pod what its node would."""
        meta = pod["metadata"]
        since = "2026-01-01T00:00:00Z"
        ready = {"type": "Ready", "status": "True", "lastTransitionTime": since}
        status = {"phase": "Running", "podIP": ip, "conditions": [ready]}
        await self.client.patch(PODS, meta["namespace"], meta["name"], {"status": status}, "status")


@asynccontextmanager
async def control_plane(directory: Path, **cluster: Any) -> AsyncIterator[Plane]:
    """With the namespace `demo`; `cluster`: fields of `api.Cluster`."""
    where = layout(directory / "state")
    where.sockets.mkdir(parents=True)
    store = Store(None)
    app = api.create_app(store, api.Cluster(ca_pem="PEM", **cluster))
    runner = await api.serve(app, where.api_socket)
    async with ApiClient(where.api_socket) as client:
        informers = Informers(client)
        control = Control(client=client, informers=informers, record=Recorder(client), layout=where)
        await client.create(CLASSES, storage_class())
        await client.create(
            NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "demo"}}
        )
        task = asyncio.create_task(controllers.run(control, "PEM", "apps.localhost"))
        try:
            plane = Plane(client, informers, where)
            accounts = "api/v1/serviceaccounts"
            await plane.until(lambda: client.get(accounts, "demo", "default"))
            yield plane
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await informers.close()
            await runner.cleanup()
            store.close()
