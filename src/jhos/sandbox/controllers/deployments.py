"""Deployments: replica sets for their template, rolled out step by step."""

from datetime import UTC, datetime

from jhos.sandbox.client import Object
from jhos.sandbox.controllers import rollout
from jhos.sandbox.controllers.deployment_status import deadline, status
from jhos.sandbox.controllers.informers import Key
from jhos.sandbox.controllers.loop import Control, Loop
from jhos.sandbox.controllers.meta import (
    annotations,
    controlled_by,
    controller_of,
    is_deleting,
)
from jhos.sandbox.controllers.pods import PODS, is_finished
from jhos.sandbox.controllers.replicasets import REPLICA_SETS

DEPLOYMENTS = "apis/apps/v1/deployments"
COMPONENT = "deployment-controller"


class Deployments:
    """The controller."""

    def __init__(self, control: Control) -> None:
        self.control, self.client = control, control.client
        self.deployments = control.informer(DEPLOYMENTS)
        self.sets, self.pods = control.informer(REPLICA_SETS), control.informer(PODS)
        self.loop = Loop("deployments", self.reconcile)
        self.deployments.listen(self.loop.on_change)
        self.sets.listen(self._on_replica_set)
        self.pods.listen(self._on_pod)

    async def run(self) -> None:
        await self.loop.run()

    def _on_replica_set(self, _event: str, replica_set: Object) -> None:
        owner = controller_of(replica_set)
        if owner and owner["kind"] == "Deployment":
            self.loop.add((replica_set["metadata"]["namespace"], owner["name"]))

    def _on_pod(self, event: str, pod: Object) -> None:
        """Recreate goes on when the last old pod is gone."""
        owner = controller_of(pod)
        if event == "DELETED" and owner and owner["kind"] == "ReplicaSet":
            replica_set = self.sets.get(pod["metadata"]["namespace"], owner["name"])
            if replica_set:
                self._on_replica_set(event, replica_set)

    async def reconcile(self, key: Key) -> float | None:
        deployment = self.deployments.get(*key)
        if deployment is None or is_deleting(deployment):
            return None
        sets = [s for s in self.sets.all(key[0]) if controlled_by(s, deployment)]
        new, created = await self._new_replica_set(deployment, sets)
        olds = [s for s in sets if new is None or s["metadata"]["uid"] != new["metadata"]["uid"]]
        for step in rollout.scales(deployment, new, olds, self._pods_of(olds)):
            scaled = await self._scale(deployment, step)
            new = scaled if new and scaled["metadata"]["uid"] == new["metadata"]["uid"] else new
            olds = [scaled if _same(s, scaled) else s for s in olds]
        for old in rollout.surplus(deployment, olds):
            await self.client.delete(REPLICA_SETS, key[0], old["metadata"]["name"])
        return await self._write_status(deployment, new, olds, created)

    async def _new_replica_set(
        self, deployment: Object, sets: list[Object]
    ) -> tuple[Object | None, bool]:
        """The replica set of the current template, made or renumbered where that is due."""
        found = rollout.current(deployment, sets)
        if found is None and deployment["spec"].get("paused"):
            return None, False
        others = [s for s in sets if s is not found]
        number = max(rollout.next_revision(others), rollout.revision(found) if found else 0)
        if found is None:
            made = rollout.new_replica_set(deployment, number)
            replica_set = self.sets.written(await self.client.create(REPLICA_SETS, made))
        else:
            replica_set = await self._renumber(deployment, found, number)
        return replica_set, found is None

    async def _renumber(self, deployment: Object, replica_set: Object, number: int) -> Object:
        wanted = rollout.set_annotations(deployment, number)
        wanted |= rollout.renumbered(replica_set, number)
        if wanted.items() <= annotations(replica_set).items():
            return replica_set
        return await self._patch_set(replica_set, {"metadata": {"annotations": wanted}})

    async def _scale(self, deployment: Object, step: rollout.Scale) -> Object:
        meta = step.replica_set["metadata"]
        before = step.replica_set["spec"].get("replicas", 1)
        scaled = await self._patch_set(step.replica_set, {"spec": {"replicas": step.replicas}})
        way = "up" if step.replicas > before else "down"
        message = f"Scaled {way} replica set {meta['name']} from {before} to {step.replicas}"
        await self.control.record(deployment, "ScalingReplicaSet", message, component=COMPONENT)
        return scaled

    async def _patch_set(self, replica_set: Object, change: Object) -> Object:
        meta = replica_set["metadata"]
        return self.sets.written(
            await self.client.patch(REPLICA_SETS, meta["namespace"], meta["name"], change)
        )

    def _pods_of(self, sets: list[Object]) -> int:
        """Pods of these that still exist, also those that are on their way out."""
        namespace = sets[0]["metadata"]["namespace"] if sets else ""
        pods = [pod for pod in self.pods.all(namespace) if not is_finished(pod)]
        return sum(controlled_by(pod, s) for pod in pods for s in sets)

    async def _write_status(
        self, deployment: Object, new: Object | None, olds: list[Object], created: bool
    ) -> float | None:
        now = datetime.now(UTC)
        key = deployment["metadata"]["namespace"], deployment["metadata"]["name"]
        latest = self.deployments.get(*key)
        if latest is None or latest["metadata"]["uid"] != deployment["metadata"]["uid"]:
            return None
        if latest["metadata"].get("generation") != deployment["metadata"].get("generation"):
            self.loop.add(key)
            return None
        changed = with_revision(latest, new) | {"status": status(latest, new, olds, created, now)}
        if changed != latest:
            self.deployments.written(await self.client.update(DEPLOYMENTS, changed, "status"))
        return deadline(changed, now)


def with_revision(deployment: Object, new: Object | None) -> Object:
    """With the revision of its replica set. Written with the status, it makes no generation."""
    number = annotations(new).get(rollout.REVISION) if new else None
    if number is None:
        return deployment
    meta = deployment["metadata"]
    revised = annotations(deployment) | {rollout.REVISION: number}
    return deployment | {"metadata": meta | {"annotations": revised}}


def _same(one: Object, other: Object) -> bool:
    return bool(one["metadata"]["uid"] == other["metadata"]["uid"])
