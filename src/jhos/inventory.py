"""What belongs to a deployment, as its ConfigMap `NAME-inventory` names it, purely."""

from jhos.kinds import KINDS
from jhos.objects import Object, ObjectRef, labels


def inventory(name: str, refs: list[ObjectRef]) -> Object:
    """What belongs to the deployment, written down before it is created."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": f"{name}-inventory", "labels": labels(name, "inventory")},
        "data": {"objects": "".join(f"{ref.kind}/{ref.name}\n" for ref in sorted(refs))},
    }


def recorded(inventory: Object) -> set[ObjectRef]:
    """What the inventory names; nothing where there is none."""
    lines = inventory.get("data", {}).get("objects", "").split()
    pairs = (line.partition("/") for line in lines)
    return {ObjectRef(kind, object_name) for kind, _, object_name in pairs if kind in KINDS}
