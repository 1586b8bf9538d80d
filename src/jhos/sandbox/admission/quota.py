"""Resource quotas: what is used in a namespace, and what may come to it."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

from jhos.sandbox import failure, quantity
from jhos.sandbox.call import Call
from jhos.sandbox.kinds import BY_KEY
from jhos.sandbox.store import Store

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
REQUIRED = ("limits.", "requests.cpu", "requests.memory", "cpu", "memory")


def check(call: Call, obj: Object) -> None:
    """Raises Failure 403 in the words of the quota that would be exceeded."""
    quotas = call.store.objects("resourcequotas", call.namespace)
    if not quotas:
        return
    wanted = used(call.kind.key, obj)
    for limit in quotas:
        hard = limit.get("spec", {}).get("hard") or {}
        if call.kind.key == "pods":
            _check_told(limit, hard, obj)
        totals = usage(call.store, call.namespace, hard)
        over = [n for n in sorted(hard) if wanted.get(n) and _exceeds(n, hard, totals, wanted)]
        if over:
            why = (
                f"exceeded quota: {limit['metadata']['name']}, {_told(over, hard, totals, wanted)}"
            )
            raise failure.forbidden(call.kind.group, call.kind.plural, obj["metadata"]["name"], why)


def _check_told(limit: Object, hard: Object, pod: Object) -> None:
    missing: dict[str, list[str]] = {}
    for name in sorted(hard):
        if not name.startswith(REQUIRED):
            continue
        kind, _, resource = name.rpartition(".")
        for container in pod["spec"].get("containers", ()):
            if resource not in container.get("resources", {}).get(kind or "requests", {}):
                missing.setdefault(name, []).append(container["name"])
    if missing:
        told = "; ".join(f"{name} for: {','.join(who)}" for name, who in missing.items())
        why = f"failed quota: {limit['metadata']['name']}: must specify {told}"
        raise failure.forbidden("", "pods", pod["metadata"]["name"], why)


def _exceeds(name: str, hard: Object, totals: Usage, wanted: Usage) -> bool:
    return totals[name] + wanted[name] > quantity.parse(hard[name])


def _told(names: list[str], hard: Object, totals: Usage, wanted: Usage) -> str:
    def listed(values: Callable[[str], str]) -> str:
        return ",".join(f"{name}={values(name)}" for name in names)

    requested = listed(lambda name: shown(name, wanted[name]))
    taken = listed(lambda name: shown(name, totals[name]))
    limited = listed(lambda name: str(hard[name]))
    return f"requested: {requested}, used: {taken}, limited: {limited}"


def shown(name: str, value: Fraction) -> str:
    return quantity.render(value, binary="memory" in name or "storage" in name)


def usage(store: Store, namespace: str, hard: Object) -> Usage:
    """What is used of each resource that a quota limits."""
    totals = {name: Fraction(0) for name in hard}
    for key in _measured(hard):
        for obj in store.objects(key, namespace):
            for name, value in used(key, obj).items():
                if name in totals:
                    totals[name] += value
    return totals


def _measured(hard: Object) -> Iterator[str]:
    for key, kind in BY_KEY.items():
        if kind.stored and kind.namespaced and (key in COUNTED or f"count/{key}" in hard):
            yield key
