"""A running sandbox with its node, and what tests ask of it, all by the API."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jhos.sandbox.client import ApiClient, ApiError, Object
from jhos.sandbox.layout import Layout
from jhos.sandbox.node.logs import read_log

NAMESPACES, PODS, EVENTS = "api/v1/namespaces", "api/v1/pods", "api/v1/events"
PYTHON = "image-registry.openshift-image-registry.svc:5000/openshift/python:latest"
DEADLINE_S = 120


@dataclass(frozen=True)
class Project:
    """One namespace of the sandbox."""

    client: ApiClient
    layout: Layout
    name: str

    async def create(self, resource: str, kind: str, name: str, **parts: Any) -> Object:
        version = resource.removeprefix("apis/").removeprefix("api/").rpartition("/")[0]
        meta = {"name": name, "namespace": self.name, "labels": {"app": name}}
        obj = {"apiVersion": version, "kind": kind, "metadata": meta, **parts}
        return await self.client.create(resource, obj)

    async def run(self, name: str, script: str, **parts: Any) -> Object:
        """A pod of one container `main` that runs a bash script; `pod=` adds to its spec."""
        spec = {"terminationGracePeriodSeconds": 2, **parts.pop("pod", {})}
        container = {"name": "main", "image": PYTHON, "command": ["bash", "-c", script], **parts}
        return await self.create(PODS, "Pod", name, spec={"containers": [container], **spec})

    async def until(
        self, name: str, holds: Callable[[Object], Any], resource: str = PODS
    ) -> Object:
        """The object as soon as `holds`; a failure tells how it was last seen, and its events."""
        query = {"fieldSelector": f"metadata.name={name}"}
        last: Object | None = None
        try:
            async with asyncio.timeout(DEADLINE_S):
                async for event, obj in self.client.watch(resource, self.name, **query):
                    if event in ("ADDED", "MODIFIED"):
                        last = obj
                        if holds(obj):
                            return obj
        except TimeoutError:
            said = await self.client.list(EVENTS, self.name)
            told = [event["message"] for event in said if event["involvedObject"]["name"] == name]
            raise AssertionError(f"after {DEADLINE_S} s {name} is {last}; events: {told}") from None
        raise AssertionError(f"the watch of {name} ended; it was last {last}")

    async def gone(self, name: str) -> None:
        query = {"fieldSelector": f"metadata.name={name}"}
        async with asyncio.timeout(DEADLINE_S):
            async for event, _ in self.client.watch(PODS, self.name, **query):
                if event == "DELETED":
                    return
                if event == "SYNCED":
                    try:
                        await self.client.get(PODS, self.name, name)
                    except ApiError:
                        return

    async def output(self, pod: Object, container: str = "main", **options: Any) -> str:
        lines = read_log(self.layout, pod["metadata"]["uid"], container, **options)
        return b"".join([line async for line in lines]).decode()

    async def until_printed(self, pod: Object, text: str) -> None:
        await self.until(pod["metadata"]["name"], is_running)
        async with asyncio.timeout(DEADLINE_S):
            async for line in read_log(self.layout, pod["metadata"]["uid"], "main", follow=True):
                if text in line.decode():
                    return
        raise AssertionError(f"the pod ended and never printed {text}")

    async def finished(self, name: str, script: str, **parts: Any) -> str:
        """What a script prints that a pod runs once."""
        pod = await self.run(name, script, **{**parts, "pod": run_once(parts.get("pod"))})
        await self.until(name, is_over)
        return await self.output(pod)

    async def events(self, name: str, reason: str) -> list[str]:
        return [
            event["message"]
            for event in await self.client.list(EVENTS, self.name)
            if event["involvedObject"]["name"] == name and event["reason"] == reason
        ]


def run_once(spec: Object | None) -> Object:
    return {"restartPolicy": "Never", **(spec or {})}


def state(pod: Object, number: int = 0) -> Object:
    """`{waiting | running | terminated: …}` of a container, empty before the node saw the pod."""
    statuses = pod["status"].get("containerStatuses") or [{"state": {}}]
    found: Object = statuses[number]["state"]
    return found


def restarts(pod: Object) -> int:
    statuses = pod["status"].get("containerStatuses") or [{"restartCount": 0}]
    return int(statuses[0]["restartCount"])


def is_over(pod: Object) -> bool:
    return pod["status"].get("phase") in ("Succeeded", "Failed")


def is_running(pod: Object) -> bool:
    return "running" in state(pod)


def is_ready(pod: Object) -> bool:
    conditions = pod["status"].get("conditions") or []
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def waits_because(reason: str) -> Callable[[Object], bool]:
    return lambda pod: (state(pod).get("waiting") or {}).get("reason") == reason
