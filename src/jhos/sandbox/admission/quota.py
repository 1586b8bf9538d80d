"""Resource quotas, of a namespace and of a cluster: what may come to a namespace."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from jhos.sandbox import failure, quantity
from jhos.sandbox.call import Call
from jhos.sandbox.quotas import GROWING, Usage, covers, measured, shown, takes_in, usage, used

Object = dict[str, Any]

REQUIRED = {
    "cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory",
}  # fmt: skip
CLUSTER_QUOTAS = "clusterresourcequotas.quota.openshift.io"


@dataclass(frozen=True)
class Limit:
    """A quota that holds for the namespace of a call, and all the namespaces that share it."""

    name: str
    spec: Object
    namespaces: tuple[str, ...]

    @property
    def hard(self) -> Object:
        hard: Object = self.spec.get("hard") or {}
        return hard


def check(call: Call, obj: Object, live: Object | None) -> None:
    """Raises Failure 403 in the words of the quota that would be exceeded."""
    key = call.kind.key
    if call.path.subresource or (live is not None and key not in GROWING):
        return
    limits = [limit for limit in _limits(call) if covers(limit.spec, key, obj)]
    for limit in limits if key == "pods" else ():
        _check_told(limit, obj)
    wanted = _growth(used(key, obj), used(key, live) if live else {})
    for limit in limits:
        if not wanted.keys() & limit.hard.keys():
            continue
        totals = _totals(call, limit)
        over = [name for name in sorted(limit.hard) if _exceeds(name, limit.hard, totals, wanted)]
        if over:
            why = f"exceeded quota: {limit.name}, {_told(over, limit.hard, totals, wanted)}"
            raise failure.forbidden(call.kind.group, call.kind.plural, obj["metadata"]["name"], why)


def _limits(call: Call) -> Iterator[Limit]:
    for quota in call.store.objects("resourcequotas", call.namespace):
        yield Limit(quota["metadata"]["name"], quota.get("spec") or {}, (call.namespace,))
    for quota in call.store.objects(CLUSTER_QUOTAS):
        spec = quota["spec"]
        namespaces = tuple(
            each["metadata"]["name"]
            for each in call.store.objects("namespaces")
            if takes_in(spec["selector"], each)
        )
        if call.namespace in namespaces:
            yield Limit(quota["metadata"]["name"], spec["quota"], namespaces)


def _growth(now: Usage, before: Usage) -> Usage:
    """Return what the change uses in addition."""
    grown = {name: value - before.get(name, 0) for name, value in now.items()}
    return {name: value for name, value in grown.items() if value > 0}


def _totals(call: Call, limit: Limit) -> Usage:
    keys = measured(limit.hard)
    totals = {name: quantity.parse("0") for name in limit.hard}
    for namespace in limit.namespaces:
        held = {key: call.store.objects(key, namespace) for key in keys}
        for name, value in usage(limit.spec, held).items():
            totals[name] += value
    return totals


def _check_told(limit: Limit, pod: Object) -> None:
    missing: dict[str, list[str]] = {}
    spec = pod["spec"]
    for name in sorted(limit.hard.keys() & REQUIRED):
        kind, _, resource = name.rpartition(".")
        for container in (*spec.get("containers", ()), *spec.get("initContainers", ())):
            if resource not in container.get("resources", {}).get(kind or "requests", {}):
                missing.setdefault(name, []).append(container["name"])
    if missing:
        told = "; ".join(f"{name} for: {','.join(sorted(who))}" for name, who in missing.items())
        why = f"failed quota: {limit.name}: must specify {told}"
        raise failure.forbidden("", "pods", pod["metadata"]["name"], why)


def _exceeds(name: str, hard: Object, totals: Usage, wanted: Usage) -> bool:
    return name in wanted and totals[name] + wanted[name] > quantity.parse(hard[name])


def _told(names: list[str], hard: Object, totals: Usage, wanted: Usage) -> str:
    def listed(values: Callable[[str], str]) -> str:
        return ",".join(f"{name}={values(name)}" for name in names)

    requested = listed(lambda name: shown(name, wanted[name]))
    taken = listed(lambda name: shown(name, totals[name]))
    limited = listed(lambda name: str(hard[name]))
    return f"requested: {requested}, used: {taken}, limited: {limited}"
