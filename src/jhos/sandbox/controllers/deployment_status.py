"""What a deployment's status says, from its replica sets. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from jhos.sandbox.client import Object
from jhos.sandbox.controllers.meta import (
    condition,
    parse_time,
    timestamp,
    with_condition,
    without_zeros,
)
from jhos.sandbox.controllers.rollout import unavailable

COUNTERS = ("replicas", "readyReplicas", "availableReplicas")


@dataclass(frozen=True, kw_only=True)
class Progress:
    """The Progressing condition that is due."""

    status: str
    reason: str
    message: str


def status(
    deployment: Object, new: Object | None, olds: Sequence[Object], created: bool, now: datetime
) -> Object:
    """The whole new status; `created`: the replica set `new` has just been made."""
    counted = counts(deployment, new, olds)
    conditions = list(deployment.get("status", {}).get("conditions") or [])
    conditions = _with_availability(deployment, counted, conditions, now)
    if progress := _progress(deployment, counted, new, created, now):
        conditions = _with_progress(conditions, progress, counted, deployment, now)
    conditions = _with_failure(conditions, new, now)
    return without_zeros(counted) | {"conditions": conditions}


def counts(deployment: Object, new: Object | None, olds: Sequence[Object]) -> dict[str, int]:
    every = [*olds, *([new] if new else [])]
    total = {c: sum(s.get("status", {}).get(c, 0) for s in every) for c in COUNTERS}
    size = sum(int(s["spec"].get("replicas", 1)) for s in every)
    return total | {
        "updatedReplicas": (new or {}).get("status", {}).get("replicas", 0),
        "unavailableReplicas": max(0, size - total["availableReplicas"]),
        "observedGeneration": deployment["metadata"].get("generation", 1),
    }


def is_complete(deployment: Object, counted: dict[str, int]) -> bool:
    desired = int(deployment["spec"].get("replicas", 1))
    ours = (counted["updatedReplicas"], counted["replicas"], counted["availableReplicas"])
    return ours == (desired, desired, desired)


def deadline(deployment: Object, now: datetime) -> float | None:
    """Seconds until the rollout is out of time, where it still may be."""
    limit = deployment["spec"].get("progressDeadlineSeconds")
    held = condition(deployment, "Progressing")
    if limit is None or held is None or held["status"] != "True":
        return None
    if held["reason"] in ("NewReplicaSetAvailable", "DeploymentPaused"):
        return None
    past = (now - parse_time(held["lastUpdateTime"])).total_seconds()
    return max(0.0, float(limit) - past)


def _with_availability(
    deployment: Object, counted: dict[str, int], conditions: list[Object], now: datetime
) -> list[Object]:
    minimum = int(deployment["spec"].get("replicas", 1)) - unavailable(deployment)
    if counted["availableReplicas"] >= minimum:
        reason, message = "MinimumReplicasAvailable", "Deployment has minimum availability."
        return _stamped(conditions, "Available", "True", reason, message, now)
    message = "Deployment does not have minimum availability."
    return _stamped(conditions, "Available", "False", "MinimumReplicasUnavailable", message, now)


def _progress(
    deployment: Object, counted: dict[str, int], new: Object | None, created: bool, now: datetime
) -> Progress | None:
    if deployment["spec"].get("paused"):
        return Progress(status="Unknown", reason="DeploymentPaused", message="Deployment is paused")
    held = condition(deployment, "Progressing")
    if new is None or "progressDeadlineSeconds" not in deployment["spec"]:
        return None
    name = f'ReplicaSet "{new["metadata"]["name"]}"'
    if created:
        message = f'Created new replica set "{new["metadata"]["name"]}"'
        return Progress(status="True", reason="NewReplicaSetCreated", message=message)
    if _was_complete(held, counted, name):
        return None
    if is_complete(deployment, counted):
        message = f"{name} has successfully progressed."
        return Progress(status="True", reason="NewReplicaSetAvailable", message=message)
    if held is None or _has_moved(deployment, counted):
        message = f"{name} is progressing."
        return Progress(status="True", reason="ReplicaSetUpdated", message=message)
    if deadline(deployment, now) == 0:
        message = f"{name} has timed out progressing."
        return Progress(status="False", reason="ProgressDeadlineExceeded", message=message)
    return None


def _was_complete(held: Object | None, counted: dict[str, int], name: str) -> bool:
    """A finished rollout stays finished, whatever becomes of its pods later."""
    if held is None or held["reason"] != "NewReplicaSetAvailable":
        return False
    return name in held.get("message", "") and counted["replicas"] == counted["updatedReplicas"]


def _has_moved(deployment: Object, counted: dict[str, int]) -> bool:
    held = deployment.get("status", {})
    before = {name: int(held.get(name, 0)) for name in counted}
    grown = ("updatedReplicas", "readyReplicas", "availableReplicas")
    if any(counted[name] > before[name] for name in grown):
        return True
    old_before = before["replicas"] - before["updatedReplicas"]
    return counted["replicas"] - counted["updatedReplicas"] < old_before


def _with_progress(
    conditions: list[Object],
    progress: Progress,
    counted: dict[str, int],
    deployment: Object,
    now: datetime,
) -> list[Object]:
    moved = _has_moved(deployment, counted)
    held = next((c for c in conditions if c["type"] == "Progressing"), None)
    due = (progress.reason, progress.message)
    if held and (held["reason"], held.get("message")) == due and not moved:
        return conditions
    return _stamped(
        conditions, "Progressing", progress.status, progress.reason, progress.message, now
    )


def _with_failure(conditions: list[Object], new: Object | None, now: datetime) -> list[Object]:
    failure = condition(new or {}, "ReplicaFailure")
    if failure is None:
        return [c for c in conditions if c["type"] != "ReplicaFailure"]
    reason, message = failure["reason"], failure.get("message", "")
    return _stamped(conditions, "ReplicaFailure", failure["status"], reason, message, now)


def _stamped(
    conditions: list[Object], kind: str, state: str, reason: str, message: str, now: datetime
) -> list[Object]:
    """With `lastUpdateTime`, which deployments alone have, of the last change of any part."""
    before = next((c for c in conditions if c["type"] == kind), None)
    renewed = with_condition(conditions, kind, state, reason, message, now)
    same = before is not None and (before["status"], before["reason"]) == (state, reason)
    for number, held in enumerate(renewed):
        if held["type"] == kind:
            since = before["lastUpdateTime"] if same and kind != "Progressing" and before else None
            renewed[number] = held | {"lastUpdateTime": since or timestamp(now)}
    return renewed
