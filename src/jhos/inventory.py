"""What belongs to a deployment, as its ConfigMap `NAME-inventory` names it, purely."""

import re
from collections.abc import Collection

from jhos.kinds import KINDS
from jhos.objects import MANAGED_BY, SERVER, Object, ObjectRef, component_of, labels, labels_of

# What may follow the name of a deployment in the names of what jhos, or the hub, makes for it.
_PARTS = (
    "cfg|db|hub|inventory|jhos|metrics|nb|proxy|restore|secrets|singleuser|webhook"
    r"|nb-.+|revision-\d+|prepull-\d+-\d+"
)


def inventory(name: str, refs: list[ObjectRef]) -> Object:
    """What belongs to the deployment, written down before it is created."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": f"{name}-inventory", "labels": labels(name, "inventory")},
        "data": {"objects": "".join(f"{ref.kind}/{ref.name}\n" for ref in sorted(refs))},
    }


def is_own(name: str, obj: Object, recorded: Collection[ObjectRef]) -> bool:
    """Return whether an object with the deployment's labels is the deployment's, and not a copy.

    A copy has the labels, but another name than jhos and the hub give. A configuration may choose
    the names of pods, so a server is known by its component.
    """
    is_server = obj["kind"] == "Pod" and component_of(obj) == SERVER
    is_spawned = is_server or labels_of(obj).get(MANAGED_BY) == "kubespawner"
    if is_spawned or ObjectRef.of(obj) in recorded:
        return True
    return bool(re.fullmatch(f"{re.escape(name)}(-({_PARTS}))?", obj["metadata"]["name"]))


def recorded(inventory: Object) -> set[ObjectRef]:
    """What the inventory names; nothing where there is none."""
    lines = inventory.get("data", {}).get("objects", "").split()
    pairs = (line.partition("/") for line in lines)
    return {ObjectRef(kind, object_name) for kind, _, object_name in pairs if kind in KINDS}
