"""Garbage collection: what has lost its owners goes, and owners wait for it where asked to."""

import asyncio
from collections.abc import Sequence

from jhos.sandbox.client import ApiError, Object, suppress_not_found
from jhos.sandbox.controllers.informers import Informer, Key, key_of
from jhos.sandbox.controllers.loop import Control, Loop
from jhos.sandbox.controllers.meta import is_deleting
from jhos.sandbox.controllers.resources import resource_of_owner

FOREGROUND, ORPHAN = "foregroundDeletion", "orphan"


class Garbage:
    """The controller. A key of its queue is the pair (resource, uid)."""

    def __init__(self, control: Control, resources: Sequence[str]) -> None:
        self.client = control.client
        self.informers = {resource: control.informer(resource) for resource in resources}
        self.held: dict[str, tuple[str, Key]] = {}
        self.dependents: dict[str, dict[str, str]] = {}  # owner's uid → dependent's uid → resource
        self.owners: dict[str, list[str]] = {}
        self.loop = Loop("garbage", self.reconcile, workers=8)
        for resource, informer in self.informers.items():
            self._follow(resource, informer)

    async def run(self) -> None:
        await self.loop.run()

    def _follow(self, resource: str, informer: Informer) -> None:
        def on_change(event: str, obj: Object) -> None:
            if event == "DELETED":
                self._forget(obj)
            else:
                self._learn(resource, obj)

        informer.listen(on_change)

    def _learn(self, resource: str, obj: Object) -> None:
        uid = obj["metadata"]["uid"]
        self.held[uid] = resource, key_of(obj)
        owners = [o["uid"] for o in obj["metadata"].get("ownerReferences") or []]
        for gone in set(self.owners.get(uid, ())) - set(owners):
            self._unlink(gone, uid)
        for owner in owners:
            self.dependents.setdefault(owner, {})[uid] = resource
        self.owners[uid] = owners
        if owners or FOREGROUND in _finalizers(obj) or ORPHAN in _finalizers(obj):
            self.loop.add((resource, uid))

    def _forget(self, obj: Object) -> None:
        uid = obj["metadata"]["uid"]
        self.held.pop(uid, None)
        for owner in self.owners.pop(uid, []):
            self._unlink(owner, uid)
            if owner in self.held:
                self.loop.add((self.held[owner][0], owner))
        for dependent, resource in self.dependents.get(uid, {}).items():
            self.loop.add((resource, dependent))

    def _unlink(self, owner: str, dependent: str) -> None:
        siblings = self.dependents.get(owner, {})
        siblings.pop(dependent, None)
        if not siblings:
            self.dependents.pop(owner, None)

    async def reconcile(self, key: Key) -> float | None:
        obj = self._object(key[1])
        if obj is None:
            return None
        if is_deleting(obj):
            await self._finish(key[0], obj)
        elif obj["metadata"].get("ownerReferences"):
            await self._collect(key[0], obj)
        return None

    def _object(self, uid: str) -> Object | None:
        resource, key = self.held.get(uid, ("", ("", "")))
        found = self.informers[resource].get(*key) if resource else None
        return found if found and found["metadata"]["uid"] == uid else None

    def _dependents_of(self, obj: Object) -> list[tuple[str, Object]]:
        uids = self.dependents.get(obj["metadata"]["uid"], {})
        found = ((resource, self._object(uid)) for uid, resource in uids.items())
        return [(resource, dependent) for resource, dependent in found if dependent]

    async def _finish(self, resource: str, obj: Object) -> None:
        """Do what the object's own deletion waits for."""
        dependents = self._dependents_of(obj)
        if ORPHAN in _finalizers(obj):
            await asyncio.gather(*(self._disown(r, d, obj) for r, d in dependents))
            await self._take_off(resource, obj, ORPHAN)
        elif FOREGROUND in _finalizers(obj):
            for dependent_resource, dependent in dependents:
                if not is_deleting(dependent):
                    await self._collect(dependent_resource, dependent)
            if not any(_blocks(dependent, obj) for _, dependent in dependents):
                await self._take_off(resource, obj, FOREGROUND)

    async def _collect(self, resource: str, obj: Object) -> None:
        """Delete what has no owner left that stays; drop the references that lead nowhere."""
        references = obj["metadata"]["ownerReferences"]
        states = [await self._state(obj, reference) for reference in references]
        if "stays" in states:
            kept = [r for r, state in zip(references, states, strict=True) if state == "stays"]
            if kept != references:
                await self._patch_owners(resource, obj, kept)
            return
        foreground = "waits" in states and self._dependents_of(obj)
        namespace, name = key_of(obj)
        await self.client.delete(
            resource,
            namespace or None,
            name,
            propagationPolicy="Foreground" if foreground else "Background",
            preconditions={"uid": obj["metadata"]["uid"]},
        )

    async def _state(self, obj: Object, reference: Object) -> str:
        """Of an owner: `stays`, `waits` for its dependents to go, or `gone`.

        What is not among the copies is asked for, since they may lag behind.
        """
        owner = self._object(reference["uid"])
        if owner is None:
            owner = await self._live_owner(obj, reference)
        if owner is None:
            return "gone"
        return "waits" if is_deleting(owner) and FOREGROUND in _finalizers(owner) else "stays"

    async def _live_owner(self, obj: Object, reference: Object) -> Object | None:
        found = resource_of_owner(reference)
        if found is None:
            return {"metadata": {}}  # of a kind that this API does not serve: not ours to judge
        resource, is_namespaced = found
        namespace = key_of(obj)[0] if is_namespaced else None
        try:
            owner = await self.client.get(resource, namespace, reference["name"])
        except ApiError as error:
            if error.code != 404:
                raise
            return None
        return owner if owner["metadata"]["uid"] == reference["uid"] else None

    async def _disown(self, resource: str, obj: Object, owner: Object) -> None:
        references = obj["metadata"].get("ownerReferences") or []
        kept = [r for r in references if r["uid"] != owner["metadata"]["uid"]]
        await self._patch_owners(resource, obj, kept)

    async def _patch_owners(self, resource: str, obj: Object, kept: list[Object]) -> None:
        namespace, name = key_of(obj)
        meta = {"ownerReferences": kept or None, "uid": obj["metadata"]["uid"]}
        with suppress_not_found():
            answer = await self.client.patch(resource, namespace or None, name, {"metadata": meta})
            self.informers[resource].written(answer)

    async def _take_off(self, resource: str, obj: Object, finalizer: str) -> None:
        namespace, name = key_of(obj)
        kept = [f for f in _finalizers(obj) if f != finalizer]
        meta = {"finalizers": kept or None, "uid": obj["metadata"]["uid"]}
        with suppress_not_found():
            await self.client.patch(resource, namespace or None, name, {"metadata": meta})


def _finalizers(obj: Object) -> list[str]:
    return obj["metadata"].get("finalizers") or []


def _blocks(dependent: Object, owner: Object) -> bool:
    return any(
        reference["uid"] == owner["metadata"]["uid"] and reference.get("blockOwnerDeletion")
        for reference in dependent["metadata"].get("ownerReferences") or []
    )
