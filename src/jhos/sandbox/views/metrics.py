"""`metrics.k8s.io`: what the node has measured last, as long as that is not old."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from jhos.sandbox import failure, reading
from jhos.sandbox.answers import Answer
from jhos.sandbox.call import Call
from jhos.sandbox.kinds import BY_KEY
from jhos.sandbox.managed import now

Object = dict[str, Any]
OLDEST_S = 60


def read(call: Call) -> Answer:
    for obj in _measured(call):
        if obj["metadata"]["name"] == call.name:
            return Answer(obj)
    name = "/".join(filter(None, (call.namespace, call.name)))
    raise failure.not_found(call.kind.group, call.kind.kind.lower(), name)


def listing(call: Call) -> Answer:
    """The pods or nodes that the selectors of the call take and that have been measured."""
    return Answer({}, objects=list(_measured(call)))


def _measured(call: Call) -> Iterator[Object]:
    told = _last(call)
    for obj in reading.selected(replace(call, kind=BY_KEY[call.kind.plural])):
        meta = obj["metadata"]
        head: Object = {
            "kind": call.kind.kind,
            "apiVersion": call.kind.api_version,
            "metadata": {k: meta[k] for k in ("name", "namespace", "labels") if k in meta},
            "timestamp": told.get("time"),
            "window": told.get("window"),
        }
        head["metadata"]["creationTimestamp"] = now()
        if call.kind.kind == "NodeMetrics":
            if usage := told.get("node"):
                yield {**head, "usage": _quantities(usage)}
        elif containers := told.get("pods", {}).get(meta["uid"]):
            listed = [{"name": n, "usage": _quantities(u)} for n, u in containers.items()]
            yield {**head, "containers": listed}


def _last(call: Call) -> Object:
    try:
        told: Object = json.loads(call.cluster.usage.read_text()) if call.cluster.usage else {}
    except FileNotFoundError:
        return {}
    age = datetime.now(UTC) - datetime.fromisoformat(told["time"])
    return told if age.total_seconds() < OLDEST_S else {}


def _quantities(usage: Object) -> Object:
    return {"cpu": f"{usage['cpu']}n", "memory": f"{usage['memory'] // 1024}Ki"}
