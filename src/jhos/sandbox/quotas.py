"""The arithmetic of resource quotas: what an object takes, what all of a namespace take. Pure."""

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Any

from jhos.sandbox import quantity
from jhos.sandbox.kinds import BY_KEY

Object = dict[str, Any]
Usage = dict[str, Fraction]

COUNTED = {
    "pods": "pods",
    "configmaps": "configmaps",
    "persistentvolumeclaims": "persistentvolumeclaims",
    "replicationcontrollers": "replicationcontrollers",
    "secrets": "secrets",
    "services": "services",
    "imagestreams.image.openshift.io": "openshift.io/imagestreams",
}
ENDED = ("Succeeded", "Failed")


def used(key: str, obj: Object) -> Usage:
    """What one object takes of each resource that quotas know."""
    found: Usage = {f"count/{key}": Fraction(1)}
    if name := COUNTED.get(key):
        found[name] = Fraction(1)
    if measure := MEASURES.get(key):
        found.update(measure(obj))
    return found


def _pod(pod: Object) -> Usage:
    if pod.get("status", {}).get("phase") in ENDED:
        return {"pods": Fraction(0)}
    total: Usage = {}
    for container in pod["spec"].get("containers", ()):
        for kind in ("requests", "limits"):
            for name, value in container.get("resources", {}).get(kind, {}).items():
                key = f"{kind}.{name}"
                total[key] = total.get(key, Fraction(0)) + quantity.parse(value)
    for name in ("cpu", "memory"):
        if f"requests.{name}" in total:
            total[name] = total[f"requests.{name}"]
    return total


def _claim(claim: Object) -> Usage:
    requests = claim["spec"].get("resources", {}).get("requests", {})
    size = quantity.parse(requests.get("storage", "0"))
    name = claim["spec"].get("storageClassName", "")
    per_class = f"{name}.storageclass.storage.k8s.io"
    return {
        "requests.storage": size,
        f"{per_class}/requests.storage": size,
        f"{per_class}/persistentvolumeclaims": Fraction(1),
    }


MEASURES: dict[str, Callable[[Object], Usage]] = {"pods": _pod, "persistentvolumeclaims": _claim}


def measured(hard: Object) -> list[str]:
    """The keys of the kinds whose objects count for a quota of these limits."""
    return [
        key
        for key, kind in BY_KEY.items()
        if kind.stored and kind.namespaced and (key in COUNTED or f"count/{key}" in hard)
    ]


def usage(hard: Object, objects: Mapping[str, Iterable[Object]]) -> Usage:
    """What is used of each resource that is limited, by all objects of a namespace by kind."""
    totals = {name: Fraction(0) for name in hard}
    for key, held in objects.items():
        for obj in held:
            for name, value in used(key, obj).items():
                if name in totals:
                    totals[name] += value
    return totals


def shown(name: str, value: Fraction) -> str:
    return quantity.render(value, binary="memory" in name or "storage" in name)
