"""Replica sets: as many pods of their template as they say, and a status that counts them."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from jhos.sandbox.client import ApiError, Object
from jhos.sandbox.controllers.informers import Key
from jhos.sandbox.controllers.loop import Control, Loop
from jhos.sandbox.controllers.meta import (
    condition,
    is_deleting,
    is_true,
    labels,
    owner_reference,
    parse_time,
    with_condition,
    without_zeros,
)
from jhos.sandbox.controllers.pods import OwnedPods, active, is_finished

REPLICA_SETS = "apis/apps/v1/replicasets"
COMPONENT = "replicaset-controller"
AT_ONCE = 8
LONGEST_DELAY_S = 300


class ReplicaSets:
    """The controller."""

    def __init__(self, control: Control) -> None:
        self.client = control.client
        self.sets = control.informer(REPLICA_SETS)
        self.loop = Loop("replicasets", self.reconcile)
        self.sets.listen(self.loop.on_change)
        self.pods = OwnedPods(control, "ReplicaSet", COMPONENT, self.loop)

    async def run(self) -> None:
        await self.loop.run()

    async def reconcile(self, key: Key) -> float | None:
        replica_set = self.sets.get(*key)
        if replica_set is None or is_deleting(replica_set):
            return None
        pods = self.pods.of(replica_set)
        now = datetime.now(UTC)
        wait = start_delay(pods, now)
        failure = None
        missing = int(replica_set["spec"].get("replicas", 1)) - len(active(pods))
        if missing > 0 and not wait:
            failure = await self._create(replica_set, min(missing, AT_ONCE))
        for pod in excess(pods, -missing):
            await self._delete(replica_set, pod)
        await self._write_status(replica_set, failure, now)
        if failure:
            raise failure
        return min(filter(None, (wait, _until_available(replica_set, pods, now))), default=None)

    async def _create(self, replica_set: Object, number: int) -> ApiError | None:
        made = await asyncio.gather(
            *(self._create_one(replica_set) for _ in range(number)), return_exceptions=True
        )
        for answer in made:
            if isinstance(answer, ApiError):
                message = f"Error creating: {answer}"
                await self.pods.record(replica_set, "FailedCreate", message, "Warning")
                return answer
            if isinstance(answer, BaseException):
                raise answer
        return None

    async def _create_one(self, replica_set: Object) -> None:
        pod = await self.pods.create(new_pod(replica_set))
        message = f"Created pod: {pod['metadata']['name']}"
        await self.pods.record(replica_set, "SuccessfulCreate", message)

    async def _delete(self, replica_set: Object, pod: Object) -> None:
        await self.pods.delete(pod)
        message = f"Deleted pod: {pod['metadata']['name']}"
        await self.pods.record(replica_set, "SuccessfulDelete", message)

    async def _write_status(
        self, replica_set: Object, failure: ApiError | None, now: datetime
    ) -> None:
        wanted = status(replica_set, self.pods.of(replica_set), failure, now)
        if wanted != replica_set.get("status"):
            changed = replica_set | {"status": wanted}
            answer = await self.client.update(REPLICA_SETS, changed, "status")
            self.sets.written(answer)


def new_pod(replica_set: Object) -> Object:
    template, meta = replica_set["spec"]["template"], replica_set["metadata"]
    template_meta = template.get("metadata") or {}
    kept = {k: v for k, v in template_meta.items() if k in ("labels", "annotations", "finalizers")}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": kept
        | {
            "generateName": f"{meta['name']}-",
            "namespace": meta["namespace"],
            "ownerReferences": [owner_reference(replica_set)],
        },
        "spec": template["spec"],
    }


def start_delay(pods: Sequence[Object], now: datetime) -> float:
    """Seconds to wait with new pods where earlier ones have failed: longer with each."""
    failed = [pod for pod in pods if is_finished(pod) and not is_deleting(pod)]
    if not failed:
        return 0.0
    last = max(parse_time(pod["metadata"]["creationTimestamp"]) for pod in failed)
    due = min(LONGEST_DELAY_S, 2 ** len(failed))
    return max(0.0, float(due) - (now - last).total_seconds())


def excess(pods: Sequence[Object], number: int) -> list[Object]:
    """The pods that are missed least: without a node, then not ready, then the youngest."""
    if number <= 0:
        return []
    youngest_first = sorted(
        active(pods), key=lambda pod: str(pod["metadata"]["creationTimestamp"]), reverse=True
    )
    return sorted(
        youngest_first, key=lambda pod: ("nodeName" in pod["spec"], is_true(pod, "Ready"))
    )[:number]


def is_available(pod: Object, replica_set: Object, now: datetime) -> bool:
    """Ready for as long as the replica set asks."""
    held = condition(pod, "Ready")
    if held is None or held["status"] != "True":
        return False
    minimum = int(replica_set["spec"].get("minReadySeconds", 0))
    return not minimum or _ready_for(held, now) >= minimum


def status(
    replica_set: Object, pods: Sequence[Object], failure: ApiError | None, now: datetime
) -> Object:
    """Counts `replicas` even where it is nought, as the API server does."""
    running = active(pods)
    template_labels = labels(replica_set["spec"]["template"]) if running else {}
    counted = {
        "fullyLabeledReplicas": sum(template_labels.items() <= labels(p).items() for p in running),
        "readyReplicas": sum(is_true(pod, "Ready") for pod in running),
        "availableReplicas": sum(is_available(pod, replica_set, now) for pod in running),
        "observedGeneration": replica_set["metadata"].get("generation", 1),
    }
    held: list[Object] = replica_set.get("status", {}).get("conditions") or []
    conditions = [each for each in held if failure or each["type"] != "ReplicaFailure"]
    # The first message stays, as in Kubernetes: each names another pod, and a changed status
    # would call for the next try at once.
    if failure and not any(each["type"] == "ReplicaFailure" for each in conditions):
        conditions = with_condition(
            conditions, "ReplicaFailure", "True", "FailedCreate", str(failure), now
        )
    return {"replicas": len(running)} | without_zeros(counted | {"conditions": conditions})


def _until_available(replica_set: Object, pods: Sequence[Object], now: datetime) -> float | None:
    """Seconds until the next ready pod becomes available."""
    minimum = int(replica_set["spec"].get("minReadySeconds", 0))
    ready = [held for pod in active(pods) if (held := condition(pod, "Ready"))]
    left = [minimum - _ready_for(held, now) for held in ready if held["status"] == "True"]
    return min((seconds for seconds in left if seconds > 0), default=None)


def _ready_for(held: Object, now: datetime) -> float:
    return (now - parse_time(held["lastTransitionTime"])).total_seconds()
