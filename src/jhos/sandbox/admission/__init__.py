"""Admission: what is changed or refused for the sake of the cluster, not of the object."""

from typing import Any

from jhos.sandbox.admission import (
    accounts,
    constraints,
    hosts,
    imagepolicy,
    limits,
    quota,
    scheduling,
)
from jhos.sandbox.call import Call
from jhos.sandbox.poddefaults import quality

Object = dict[str, Any]


def admit(call: Call, obj: Object, live: Object | None) -> None:
    """Change a decoded object in place; `live` is None at a create. Raises Failure."""
    if call.path.subresource:
        return
    hosts.check(call, obj, live)
    imagepolicy.resolve(call, obj)
    if live is None and call.kind.key == "pods":
        scheduling.admit(obj)
        accounts.admit(call, obj)
        limits.default(call, obj)
        constraints.admit(call, obj)
        obj["status"]["qosClass"] = quality(obj["spec"])


def check(call: Call, obj: Object, live: Object | None) -> None:
    """Refuse what is against limits and quotas; raises Failure."""
    if not call.namespace:
        return
    if live is None:
        limits.check(call, obj)
    quota.check(call, obj, live)
