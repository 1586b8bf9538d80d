"""Deletion: preconditions, grace, finalizers, and what is answered when it is done or begun."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from jhos.sandbox import failure, reading
from jhos.sandbox.call import Call
from jhos.sandbox.kinds import Kind

Object = dict[str, Any]

PROPAGATION = ("Foreground", "Background", "Orphan")
PROPAGATION_FINALIZERS = {"Foreground": "foregroundDeletion", "Orphan": "orphan"}


def delete(call: Call, options: Object) -> tuple[Object, bool]:
    """Begin or finish the deletion of an object: its last state, and whether it is gone."""
    obj = reading.get(call)
    _check_preconditions(call.kind, obj, options)
    finalizers = _finalizers(obj, _propagation(options))
    grace = _grace_seconds(call.kind, obj, options)
    deleting = _marked(call.kind, obj, finalizers, grace)
    if call.dry_run:
        return deleting, is_released(deleting)
    if is_released(deleting):
        if "deletionTimestamp" not in obj["metadata"] and call.kind.key != "pods":
            deleting = obj  # only pods are marked when they go at once
        return remove(call, deleting), True
    return (deleting if deleting == obj else call.store.put(call.kind.key, deleting)), False


def _check_preconditions(kind: Kind, obj: Object, options: Object) -> None:
    meta, wanted = obj["metadata"], options.get("preconditions") or {}
    why = ""
    if wanted.get("uid", meta["uid"]) != meta["uid"]:
        why = (
            f"the UID in the precondition ({wanted['uid']}) does not match the UID in record "
            f"({meta['uid']}). The object might have been deleted and then recreated"
        )
    elif (version := wanted.get("resourceVersion") or meta["resourceVersion"]) != meta[
        "resourceVersion"
    ]:
        why = (
            f"the ResourceVersion in the precondition ({version}) does not match the "
            f"ResourceVersion in record ({meta['resourceVersion']}). "
            "The object might have been modified"
        )
    if why:
        raise failure.conflict(kind.group, kind.kind, meta["name"], why)


def _propagation(options: Object) -> str:
    policy = options.get("propagationPolicy") or ""
    if policy and policy not in PROPAGATION:
        supported = (*PROPAGATION, "nil")
        cause = failure.not_supported("propagationPolicy", policy, supported)
        raise failure.invalid("meta.k8s.io", "DeleteOptions", "", [cause])
    if not policy and options.get("orphanDependents"):
        return "Orphan"
    return str(policy)


def _finalizers(obj: Object, policy: str) -> list[str]:
    found = list(obj["metadata"].get("finalizers", ()))
    if policy:
        found = [f for f in found if f not in PROPAGATION_FINALIZERS.values()]
    if extra := PROPAGATION_FINALIZERS.get(policy):
        found.append(extra)
    return found


def _grace_seconds(kind: Kind, obj: Object, options: Object) -> int:
    """Only pods that a node runs are given time."""
    if kind.key != "pods" or not obj["spec"].get("nodeName"):
        return 0
    if obj.get("status", {}).get("phase") in ("Succeeded", "Failed"):
        return 0
    asked = options.get("gracePeriodSeconds")
    granted = int(obj["spec"].get("terminationGracePeriodSeconds", 30) if asked is None else asked)
    earlier = obj["metadata"].get("deletionGracePeriodSeconds")
    return granted if earlier is None else min(granted, earlier)


def _marked(kind: Kind, obj: Object, finalizers: list[str], grace: int) -> Object:
    meta = dict(obj["metadata"])
    if "deletionTimestamp" not in meta or grace < meta.get("deletionGracePeriodSeconds", 0):
        end = datetime.now(UTC) + timedelta(seconds=grace)
        meta["deletionTimestamp"] = end.strftime("%Y-%m-%dT%H:%M:%SZ")
        meta["deletionGracePeriodSeconds"] = grace
        if "deletionTimestamp" not in obj["metadata"] and "generation" in meta:
            meta["generation"] += 1
    if finalizers or "finalizers" in meta:
        meta["finalizers"] = finalizers
    if not meta.get("finalizers"):
        meta.pop("finalizers", None)
    marked = {**obj, "metadata": meta}
    if kind.key == "namespaces":
        meta.pop("deletionGracePeriodSeconds", None)
        marked["status"] = {**obj.get("status", {}), "phase": "Terminating"}
    return marked


def delete_collection(call: Call, options: Object) -> tuple[list[Object], Object]:
    objects, meta = reading.listing(call)
    for obj in objects:
        own = obj["metadata"]
        path = replace(call.path, namespace=own.get("namespace", ""), name=own["name"])
        delete(replace(call, path=path), options)
    return objects, meta


def is_released(obj: Object) -> bool:
    """Nothing holds an object any more that is being deleted."""
    meta = obj["metadata"]
    held = meta.get("finalizers") or obj.get("spec", {}).get("finalizers")
    return not held and not meta.get("deletionGracePeriodSeconds")


def remove(call: Call, obj: Object) -> Object:
    meta = obj["metadata"]
    call.store.remove(call.kind.key, meta.get("namespace", ""), meta["name"])
    return obj
