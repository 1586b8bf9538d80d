"""Quotas of a project: what objects use of them, and which quota has no room."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal

from jhos.cluster.facts import Kept
from jhos.cluster.premises import OF_CLASS, Allowance, Quantities, quantity
from jhos.kinds import KINDS
from jhos.objects import Object
from jhos.plan import Action, Change, Plan

# Names by which quotas count a kind, besides `count/PLURAL.GROUP`.
_SHORT_NAMES = {
    "ConfigMap": "configmaps",
    "ImageStream": "openshift.io/imagestreams",
    "PersistentVolumeClaim": "persistentvolumeclaims",
    "Pod": "pods",
    "Secret": "secrets",
    "Service": "services",
}
# What the cluster's controllers create for each object of a kind. OpenShift gives every service
# account a Secret with the password of the registry.
_FOLLOWERS = {
    "Deployment": ("count/replicasets.apps",),
    "Service": ("count/endpoints", "count/endpointslices.discovery.k8s.io"),
    "ServiceAccount": ("secrets", "count/secrets"),
}
_NONE = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class Shortage:
    """A resource of which a quota leaves less than is needed."""

    quota: str
    resource: str
    needed: Decimal
    free: Decimal
    hard: Decimal

    def __str__(self) -> str:
        needed, free, hard = (
            shown(self.resource, number) for number in (self.needed, self.free, self.hard)
        )
        return f"quota {self.quota} leaves {free} of {hard} {self.resource}, {needed} needed"

    @property
    def hint(self) -> str:
        """Return what to do besides asking for a larger quota."""
        if self.resource.endswith(("cpu", "memory")):
            return "make the parts smaller (--hub-memory, --database-memory …)"
        if self.resource.endswith("storage"):
            return "make the volumes smaller (--database-storage, --storage)"
        if self.resource in ("pods", "count/pods"):
            return "stop pods that nobody uses"
        kind = self.resource.rpartition("/")[2].partition(".")[0]
        return f"delete {kind} that nobody needs (oc get {kind})"


def shortages(allowance: Allowance, needed: Quantities) -> list[Shortage]:
    """Return every resource of every quota that `needed` exceeds."""
    needed = _of_default_class(needed, allowance.default_class)
    return [
        Shortage(
            quota=quota.name,
            resource=resource,
            needed=needed[resource],
            free=max(quota.free(resource), _NONE),
            hard=quota.hard[resource],
        )
        for quota in allowance.quotas
        for resource in quota.hard
        if needed.get(resource, _NONE) > max(quota.free(resource), _NONE)
    ]


def how_often(allowance: Allowance, one: Quantities, after: Quantities) -> int | None:
    """Return how often `one` fits beside what `after` takes; None: no quota limits it."""
    one, after = (_of_default_class(each, allowance.default_class) for each in (one, after))
    fits = [
        max(0, int((quota.free(resource) - after.get(resource, _NONE)) // one[resource]))
        for quota in allowance.quotas
        for resource in quota.hard
        if one.get(resource)
    ]
    return min(fits, default=None)


def _of_default_class(needed: Quantities, name: str | None) -> Quantities:
    """The cluster gives a claim without a class the default one."""
    return total(
        {f"{name or ''}{resource}" if resource.startswith(OF_CLASS) else resource: value}
        for resource, value in needed.items()
    )


def advice(found: Iterable[Shortage]) -> str:
    """Return what to do about shortages, each action once."""
    actions = dict.fromkeys(shortage.hint for shortage in found)
    return f"Ask for a larger quota, or {', or '.join(actions)}."


def demand(plan: Plan, kept: Kept) -> Quantities:
    """Return what carrying out the plan takes of the quotas, with the records that jhos keeps."""
    if not plan.moves:
        return {}
    records = [{"kind": "Secret"}]  # the revision
    if not kept.inventory:
        records += [{"kind": "ConfigMap"}, {"kind": "Lease"}]
    grown = (_growth(change) for change in plan.writes)
    return total([*grown, *map(usage, records)])


def _growth(change: Change) -> Quantities:
    after = usage(change.after or {})
    before = usage(change.before) if change.before and "spec" in change.before else {}
    if change.action is Action.UPDATE and not before:
        return {}
    grown = {name: value - before.get(name, _NONE) for name, value in after.items()}
    return {name: value for name, value in grown.items() if value > 0}


def total(several: Iterable[Quantities]) -> Quantities:
    found: Quantities = {}
    for quantities in several:
        for name, value in quantities.items():
            found[name] = found.get(name, _NONE) + value
    return found


def usage(obj: Object) -> Quantities:
    """Return what an object takes of the quotas, with what its controller creates for it."""
    kind = KINDS[obj["kind"]]
    group = kind.api_version.rpartition("/")[0]
    counted = f"count/{kind.plural}.{group}" if group else f"count/{kind.plural}"
    names = [counted, *_FOLLOWERS.get(kind.name, ())]
    names += [_SHORT_NAMES[kind.name]] if kind.name in _SHORT_NAMES else []
    measure = _MEASURES.get(kind.name)
    sizes = measure(obj["spec"]) if measure and "spec" in obj else {}
    return {**dict.fromkeys(names, Decimal(1)), **sizes}


def _deployment(spec: Object) -> Quantities:
    pod = usage({"kind": "Pod", "spec": spec["template"]["spec"]})
    replicas = spec.get("replicas", 1)
    return {name: value * replicas for name, value in pod.items()}


def _pod(spec: Object) -> Quantities:
    """Init containers run before the others, so the larger of both counts."""
    running = total(map(_resources, spec["containers"]))
    for starting in map(_resources, spec.get("initContainers") or ()):
        for name, value in starting.items():
            running[name] = max(value, running.get(name, _NONE))
    plain = {
        name: running[f"requests.{name}"]
        for name in ("cpu", "memory")
        if f"requests.{name}" in running
    }
    return {**running, **plain}


def _resources(container: Object) -> Quantities:
    resources = container.get("resources") or {}
    return {
        f"{kind}.{name}": quantity(value)
        for kind in ("requests", "limits")
        for name, value in (resources.get(kind) or {}).items()
    }


def _claim(spec: Object) -> Quantities:
    """Without a name, of the default class."""
    size = quantity(spec["resources"]["requests"]["storage"])
    of_class = f"{spec.get('storageClassName') or ''}{OF_CLASS}"
    return {
        "requests.storage": size,
        f"{of_class}requests.storage": size,
        f"{of_class}persistentvolumeclaims": Decimal(1),
    }


_MEASURES: dict[str, Callable[[Object], Quantities]] = {
    "Deployment": _deployment,
    "PersistentVolumeClaim": _claim,
    "Pod": _pod,
}


def shown(resource: str, number: Decimal) -> str:
    """Return a quantity as people write it: `512Mi`, `500m`, `3`."""
    if resource.endswith(("memory", "storage")):
        return f"{number / 2**20:.0f}Mi"
    return f"{number * 1000:.0f}m" if resource.endswith("cpu") else f"{number:.0f}"
