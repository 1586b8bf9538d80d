"""What all controllers read from objects: times, conditions, owners, selectors."""

from datetime import UTC, datetime
from typing import Any

from jhos.sandbox.client import Object


def timestamp(at: datetime | None = None) -> str:
    """`2026-01-31T09:00:00Z`, of now by default."""
    return (at or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_time(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def condition(obj: Object, kind: str) -> Object | None:
    """The condition of that type in `obj`'s status."""
    found = obj.get("status", {}).get("conditions") or []
    return next((c for c in found if c["type"] == kind), None)


def is_true(obj: Object, kind: str) -> bool:
    held = condition(obj, kind)
    return held is not None and held["status"] == "True"


def with_condition(
    conditions: list[Object], kind: str, status: str, reason: str, message: str, now: datetime
) -> list[Object]:
    """`conditions` with that one in it; its transition time changes only with its status."""
    wanted = {"type": kind, "status": status, "reason": reason, "message": message}
    wanted = {name: text for name, text in wanted.items() if text}
    held = next((c for c in conditions if c["type"] == kind), None)
    since = held["lastTransitionTime"] if held and held["status"] == status else timestamp(now)
    renewed = wanted | {"lastTransitionTime": since}
    if held is None:
        return [*conditions, renewed]
    return [renewed if c is held else c for c in conditions]


def controller_of(obj: Object) -> Object | None:
    """The owner reference of the object's controller."""
    owners = obj["metadata"].get("ownerReferences") or []
    return next((owner for owner in owners if owner.get("controller")), None)


def controlled_by(obj: Object, owner: Object) -> bool:
    reference = controller_of(obj)
    return reference is not None and reference["uid"] == owner["metadata"]["uid"]


def owner_reference(owner: Object) -> Object:
    """Of a controller, which waits for its dependents in a foreground deletion."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def is_deleting(obj: Object) -> bool:
    return "deletionTimestamp" in obj["metadata"]


def labels(obj: Object) -> dict[str, str]:
    return obj["metadata"].get("labels") or {}


def annotations(obj: Object) -> dict[str, str]:
    return obj["metadata"].get("annotations") or {}


def matches(selector: dict[str, str], obj: Object) -> bool:
    """Whether `obj` has every label of `selector`."""
    held = labels(obj)
    return all(held.get(name) == value for name, value in selector.items())


def without_zeros(status: dict[str, Any]) -> dict[str, Any]:
    """As the API leaves out counters that are nought."""
    return {name: value for name, value in status.items() if value not in (0, None, [], {})}
