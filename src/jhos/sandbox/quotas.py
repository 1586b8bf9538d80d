"""The arithmetic of resource quotas: what an object takes, what all of a namespace take. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

from jhos.sandbox import quantity, selectors
from jhos.sandbox.kinds import BY_KEY

Object = dict[str, Any]
Usage = dict[str, Fraction]

COUNTED = {
    "pods": "pods",
    "configmaps": "configmaps",
    "persistentvolumeclaims": "persistentvolumeclaims",
    "replicationcontrollers": "replicationcontrollers",
    "resourcequotas": "resourcequotas",
    "secrets": "secrets",
    "services": "services",
    "imagestreams.image.openshift.io": "openshift.io/imagestreams",
}
# Kinds of which an update may take more than before.
GROWING = ("persistentvolumeclaims", "services")
ENDED = ("Succeeded", "Failed")
NODE_PORTS = ("NodePort", "LoadBalancer")


def used(key: str, obj: Object) -> Usage:
    """What one object takes of each resource that quotas know."""
    found: Usage = {f"count/{key}": Fraction(1)}
    if name := COUNTED.get(key):
        found[name] = Fraction(1)
    if measure := MEASURES.get(key):
        found.update(measure(obj))
    return found


def _pod(pod: Object) -> Usage:
    if _has_ended(pod):
        return {"pods": Fraction(0)}
    spec = pod["spec"]
    total = _sum(map(_resources, spec.get("containers", ())))
    started: Usage = {}  # sidecars, which run on beside what starts after them
    for container in spec.get("initContainers", ()):
        own = _resources(container)
        if container.get("restartPolicy") == "Always":
            started = _sum([started, own])
            total = _sum([total, own])
        else:
            total = _largest(total, _sum([started, own]))
    overhead = {name: quantity.parse(value) for name, value in spec.get("overhead", {}).items()}
    for kind in ("requests", "limits"):
        total = _sum([total, {f"{kind}.{name}": value for name, value in overhead.items()}])
    for name in ("cpu", "memory", "ephemeral-storage"):
        if f"requests.{name}" in total:
            total[name] = total[f"requests.{name}"]
    return total


def _has_ended(pod: Object) -> bool:
    """Also of a pod whose time to end is over, though its node does not say so."""
    meta = pod.get("metadata", {})
    if "deletionTimestamp" in meta:
        grace = timedelta(seconds=meta.get("deletionGracePeriodSeconds", 0))
        if datetime.fromisoformat(meta["deletionTimestamp"]) + grace < datetime.now(UTC):
            return True
    return pod.get("status", {}).get("phase") in ENDED


def _resources(container: Object) -> Usage:
    return {
        f"{kind}.{name}": quantity.parse(value)
        for kind in ("requests", "limits")
        for name, value in container.get("resources", {}).get(kind, {}).items()
    }


def _sum(several: Iterable[Usage]) -> Usage:
    total: Usage = {}
    for usage in several:
        for name, value in usage.items():
            total[name] = total.get(name, Fraction(0)) + value
    return total


def _largest(one: Usage, other: Usage) -> Usage:
    names = {**one, **other}
    return {name: max(one.get(name, Fraction(0)), other.get(name, Fraction(0))) for name in names}


def _claim(claim: Object) -> Usage:
    requests = claim["spec"].get("resources", {}).get("requests", {})
    size = quantity.parse(requests.get("storage", "0"))
    found = {"requests.storage": size}
    if name := claim["spec"].get("storageClassName"):
        per_class = f"{name}.storageclass.storage.k8s.io"
        found[f"{per_class}/requests.storage"] = size
        found[f"{per_class}/persistentvolumeclaims"] = Fraction(1)
    return found


def _service(service: Object) -> Usage:
    spec = service["spec"]
    ports = spec.get("ports") or []
    if spec.get("allocateLoadBalancerNodePorts") is False:
        ports = [port for port in ports if port.get("nodePort")]
    return {
        "services.nodeports": Fraction(len(ports) if spec.get("type") in NODE_PORTS else 0),
        "services.loadbalancers": Fraction(spec.get("type") == "LoadBalancer"),
    }


MEASURES: dict[str, Callable[[Object], Usage]] = {
    "pods": _pod,
    "persistentvolumeclaims": _claim,
    "services": _service,
}


def covers(spec: Object, key: str, obj: Object) -> bool:
    """Return whether the object is in every scope of a quota; only pods lie in any."""
    scopes = list(_scopes(spec))
    return not scopes or (key == "pods" and all(_in_scope(scope, obj) for scope in scopes))


def _scopes(spec: Object) -> Iterator[Object]:
    for name in spec.get("scopes") or ():
        yield {"scopeName": name, "operator": "Exists"}
    yield from (spec.get("scopeSelector") or {}).get("matchExpressions") or ()


def _in_scope(scope: Object, pod: Object) -> bool:
    spec = pod["spec"]
    match scope["scopeName"]:
        case "Terminating":
            return spec.get("activeDeadlineSeconds") is not None
        case "NotTerminating":
            return spec.get("activeDeadlineSeconds") is None
        case "BestEffort":
            return _is_best_effort(spec)
        case "NotBestEffort":
            return not _is_best_effort(spec)
        case "PriorityClass":
            return _selects(scope, spec.get("priorityClassName", ""))
        case "CrossNamespacePodAffinity":
            return bool(set(_affinity_terms(spec)) & {"namespaces", "namespaceSelector"})
    return False


def _is_best_effort(spec: Object) -> bool:
    return not any(map(_resources, (*spec.get("containers", ()), *spec.get("initContainers", ()))))


def _selects(scope: Object, value: str) -> bool:
    match scope["operator"]:
        case "Exists":
            return bool(value)
        case "DoesNotExist":
            return not value
        case "In":
            return value in scope.get("values", ())
    return value not in scope.get("values", ())


def _affinity_terms(value: Any) -> Iterator[str]:
    """The names of the fields of all affinities of a pod."""
    affinity = value.get("affinity") or {}
    for kind in ("podAffinity", "podAntiAffinity"):
        for terms in (affinity.get(kind) or {}).values():
            for term in terms:
                yield from term.get("podAffinityTerm", term)


def measured(hard: Object) -> list[str]:
    """The keys of the kinds whose objects count for a quota of these limits."""
    return [
        key
        for key, kind in BY_KEY.items()
        if kind.stored and kind.namespaced and (key in COUNTED or f"count/{key}" in hard)
    ]


def usage(spec: Object, objects: Mapping[str, Iterable[Object]]) -> Usage:
    """What is used of each resource that is limited, by all objects of a namespace by kind."""
    totals = {name: Fraction(0) for name in spec.get("hard") or {}}
    for key, held in objects.items():
        for obj in held:
            if not covers(spec, key, obj):
                continue
            for name, value in used(key, obj).items():
                if name in totals:
                    totals[name] += value
    return totals


def takes_in(selector: Object, namespace: Object) -> bool:
    """Return whether the quota of a cluster with this selector holds for the namespace."""
    meta = namespace["metadata"]
    notes = meta.get("annotations") or {}
    wanted = selector.get("annotations") or {}
    if not all(notes.get(name) == value for name, value in wanted.items()):
        return False
    labels = selector.get("labels")
    if labels is None:
        return bool(wanted)
    return selectors.label_selector(labels)(meta.get("labels") or {})


def shown(name: str, value: Fraction) -> str:
    return quantity.render(value, binary="memory" in name or "storage" in name)
