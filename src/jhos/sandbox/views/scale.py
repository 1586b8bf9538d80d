"""The scale subresource: replicas of deployments and their like, as a `Scale`."""

from typing import Any

from jhos.sandbox import failure, patching, reading, registry
from jhos.sandbox.answers import Answer
from jhos.sandbox.call import Call

Object = dict[str, Any]


def read(call: Call) -> Answer:
    return Answer(_scale(reading.get(call)))


def patch(call: Call) -> Answer:
    live = reading.get(call)
    return _scaled(call, live, patching.changed(call, _scale(live)))


def update(call: Call) -> Answer:
    return _scaled(call, reading.get(call), call.object())


def _scaled(call: Call, live: Object, scale: Object) -> Answer:
    replicas = scale.get("spec", {}).get("replicas", 0)
    version = scale["metadata"].get("resourceVersion")
    registry.check_version(call.kind, live, {"resourceVersion": version})
    if replicas < 0:
        why = "must be greater than or equal to 0"
        cause = failure.bad_value("spec.replicas", replicas, why)
        raise failure.invalid("autoscaling", "Scale", call.name, [cause])
    changed = {**live, "spec": {**live["spec"], "replicas": replicas}}
    return Answer(_scale(registry.update(call, changed, live)))


def _scale(obj: Object) -> Object:
    meta, spec, status = obj["metadata"], obj["spec"], obj.get("status", {})
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    labels = spec.get("selector", {}).get("matchLabels", {})
    seen = {"replicas": status.get("replicas", 0)}
    if labels:
        seen["selector"] = ",".join(f"{k}={v}" for k, v in sorted(labels.items()))
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {name: meta[name] for name in kept if name in meta},
        "spec": {"replicas": spec["replicas"]} if spec.get("replicas") else {},
        "status": seen,
    }
