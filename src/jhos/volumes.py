"""What a volume claim of a deployment is: whose, and how large. Purely, from the claim."""

from typing import NamedTuple

from jhos.objects import Object, annotations_of

# KubeSpawner's, on all that it makes for a user.
USERNAME = "hub.jupyter.org/username"


class Volume(NamedTuple):
    """`owner`: the user; empty for the database's. `size` as the cluster gave or was asked for."""

    name: str
    owner: str
    size: str
    storage_class: str


def volume_of(claim: Object) -> Volume:
    spec = claim["spec"]
    asked = spec.get("resources", {}).get("requests", {}).get("storage", "")
    return Volume(
        name=claim["metadata"]["name"],
        owner=owner_of(claim),
        size=(claim.get("status", {}).get("capacity") or {}).get("storage", asked),
        storage_class=spec.get("storageClassName") or "",
    )


def owner_of(obj: Object) -> str:
    """The user that a pod or a claim was made for; empty where it was for none."""
    return annotations_of(obj).get(USERNAME, "")
