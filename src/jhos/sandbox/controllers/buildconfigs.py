"""Build configs: the first build of one that asks for it, and builds from uploaded sources."""

import asyncio
from collections.abc import AsyncIterator
from math import inf
from pathlib import Path
from uuid import uuid4

from jhos.sandbox.client import ApiClient, ApiError, Object
from jhos.sandbox.controllers import build_phases as phases
from jhos.sandbox.controllers.builds import BUILD_CONFIGS, BUILDS
from jhos.sandbox.controllers.informers import Key, key_of
from jhos.sandbox.controllers.loop import Control, Loop
from jhos.sandbox.controllers.meta import is_deleting
from jhos.sandbox.layout import Layout

START_S, REJECTED_S = 300.0, 5.0  # for a build to start, and for one whose pod is rejected
NO_LOGS = "No logs are available."


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


async def until_started(client: ApiClient, build: Object, *, api_only: bool = False) -> Object:
    """Return the build of an upload once it runs; `api_only`: once it has a pod.

    Raises ApiError as OpenShift answers, which gives up after five minutes and cancels the build.
    A build whose pod is rejected is given up after seconds here.
    """
    namespace, name = key_of(build)
    loop = asyncio.get_running_loop()
    query = {"fieldSelector": f"metadata.name={name}"}
    try:
        async with asyncio.timeout(START_S) as limit:
            async for event, seen in client.watch(BUILDS, namespace, **query):
                if event == "DELETED":
                    raise _rejected(f"build {name} was deleted before it started: {NO_LOGS}")
                if event == "SYNCED":
                    continue
                if phases.has_run(seen) or (api_only and phases.phase(seen) == "Pending"):
                    return seen
                _check_not_ended(seen)
                if seen["status"].get("reason") == phases.POD_REJECTED:
                    limit.reschedule(min(limit.when() or inf, loop.time() + REJECTED_S))
    except TimeoutError:
        await client.patch(BUILDS, namespace, name, {"status": {"cancelled": True}})
        message = f"Timeout: timed out waiting for build {name} to start after 5m0s"
        raise ApiError(504, "Timeout", message) from None
    raise _rejected(f"unable to wait for build {name} to run: the watch ended")


def _check_not_ended(build: Object) -> None:
    """Raise ApiError for a build that ended without having run."""
    name, status = build["metadata"]["name"], build["status"]
    match phases.phase(build):
        case "Failed":
            raise _rejected(f"build {name} failed: {status['reason']}: {status['message']}")
        case "Error":
            raise _rejected(f"build {name} encountered an error: {NO_LOGS}")
        case "Cancelled":
            raise _rejected(f"build {name} was cancelled: {NO_LOGS}")


def _rejected(message: str) -> ApiError:
    return ApiError(400, "BadRequest", message)


async def _save(stream: AsyncIterator[bytes], path: Path) -> None:
    with path.open("wb") as file:
        async for chunk in stream:
            await asyncio.to_thread(file.write, chunk)
