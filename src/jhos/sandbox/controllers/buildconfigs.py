"""Build configs: the first build of one that asks for it, and builds from uploaded sources."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

from jhos.sandbox.client import ApiClient, Object
from jhos.sandbox.controllers.builds import BUILD_CONFIGS
from jhos.sandbox.controllers.informers import Key
from jhos.sandbox.controllers.loop import Control, Loop
from jhos.sandbox.controllers.meta import is_deleting
from jhos.sandbox.layout import Layout


class BuildConfigs:
    """The controller."""

    def __init__(self, control: Control) -> None:
        self.client = control.client
        self.configs = control.informer(BUILD_CONFIGS)
        self.loop = Loop("buildconfigs", self.reconcile)
        self.configs.listen(self.loop.on_change)

    async def run(self) -> None:
        await self.loop.run()

    async def reconcile(self, key: Key) -> float | None:
        config = self.configs.get(*key)
        if config is None or is_deleting(config) or not starts_itself(config):
            return None
        triggered_by = [{"message": "Build configuration change"}]
        await instantiate(self.client, *key, {"triggeredBy": triggered_by, "lastVersion": 0})
        return None


def starts_itself(config: Object) -> bool:
    """Whether its creation asks for a build that it has not had."""
    triggers = [trigger.get("type") for trigger in config["spec"].get("triggers") or []]
    return "ConfigChange" in triggers and not config.get("status", {}).get("lastVersion")


async def instantiate(client: ApiClient, namespace: str, name: str, request: Object) -> Object:
    """The next build of the config; `request`: what a BuildRequest says beyond the name."""
    body: Object = {"apiVersion": "build.openshift.io/v1", "kind": "BuildRequest"}
    body |= {"metadata": {"name": name, "namespace": namespace}, **request}
    return await client.post(BUILD_CONFIGS, namespace, f"{name}/instantiate", body)


async def instantiate_binary(
    client: ApiClient,
    layout: Layout,
    namespace: str,
    name: str,
    request: Object,
    stream: AsyncIterator[bytes],
) -> Object:
    """A build from the archive in `stream`. It is all here before the build is made."""
    upload = layout.builds / namespace / f".upload-{uuid4().hex}"
    upload.parent.mkdir(parents=True, exist_ok=True)
    try:
        await _save(stream, upload)
        build = await instantiate(client, namespace, name, request)
        directory = layout.builds / namespace / build["metadata"]["name"]
        directory.mkdir(parents=True, exist_ok=True)
        upload.rename(directory / "source")
    finally:
        upload.unlink(missing_ok=True)
    return build


async def _save(stream: AsyncIterator[bytes], path: Path) -> None:
    with path.open("wb") as file:
        async for chunk in stream:
            await asyncio.to_thread(file.write, chunk)
