"""Copies of the API's objects, kept by one watch a resource and shared by all controllers."""

import asyncio
from collections.abc import Callable, Iterable

from jhos.sandbox.client import ApiClient, Object
from jhos.sandbox.controllers.resources import with_kind

Key = tuple[str, str]
Listener = Callable[[str, Object], None]


def key_of(obj: Object) -> Key:
    """`(namespace, name)`; the namespace of a cluster-wide object is empty."""
    return obj["metadata"].get("namespace", ""), obj["metadata"]["name"]


class Informer:
    """The objects of one resource as last seen. Never change what you read here: copy first."""

    def __init__(self, resource: str) -> None:
        self.resource = resource
        self.objects: dict[Key, Object] = {}
        self.synced = asyncio.Event()
        self._seen_version = 0
        self._listeners: list[Listener] = []

    def get(self, namespace: str, name: str) -> Object | None:
        return self.objects.get((namespace, name))

    def all(self, namespace: str | None = None) -> list[Object]:
        return [o for k, o in self.objects.items() if namespace is None or k[0] == namespace]

    def listen(self, listener: Listener) -> None:
        """Call for each later change, and at once for what is here already."""
        self._listeners.append(listener)
        for obj in list(self.objects.values()):
            listener("ADDED", obj)

    def written(self, obj: Object) -> Object:
        """Take in the answer to an own write, so that no decision rests on the state before it.

        An answer that the watch has overtaken is not taken in: the object may be gone again.
        """
        if _version(obj) > self._seen_version:
            self.objects[key_of(obj)] = obj
        return obj

    def observe(self, event: str, obj: Object) -> None:
        """Take in an event of the watch."""
        if event == "SYNCED":
            self.synced.set()
            return
        obj = with_kind(self.resource, obj)
        self._seen_version = max(self._seen_version, _version(obj))
        if event == "DELETED":
            self.objects.pop(key_of(obj), None)
        elif not self._has_newer(obj):
            self.objects[key_of(obj)] = obj
        for listener in self._listeners:
            listener(event, obj)

    def _has_newer(self, obj: Object) -> bool:
        held = self.objects.get(key_of(obj))
        return held is not None and _version(held) > _version(obj)


class Informers:
    """One informer for each resource that was asked for."""

    def __init__(self, client: ApiClient) -> None:
        self.client = client
        self._informers: dict[str, Informer] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def of(self, resource: str) -> Informer:
        """The informer of `resource`; the first call starts its watch."""
        if resource not in self._informers:
            informer = self._informers[resource] = Informer(resource)
            task = asyncio.create_task(self._follow(informer), name=f"watch {resource}")
            self._tasks.add(task)
        return self._informers[resource]

    def known(self) -> Iterable[Informer]:
        return self._informers.values()

    async def synced(self) -> None:
        """Return when every informer has all that exists."""
        await asyncio.gather(*(informer.synced.wait() for informer in self.known()))

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _follow(self, informer: Informer) -> None:
        async for event, obj in self.client.watch(informer.resource):
            informer.observe(event, obj)


def _version(obj: Object) -> int:
    return int(obj["metadata"].get("resourceVersion", 0))
