"""How many servers the quota of the project can hold at once, beside the parts of the hub."""

from collections.abc import Iterable, Mapping
from typing import Any

from jhos_hub.cluster import ask, namespace
from jhos_hub.quantity import number

Object = Mapping[str, Any]
Quantities = dict[str, float]

_COUNTS = ("pods", "count/pods")
# A quota for other pods than those of a server, which runs until it is stopped.
_OTHER_PODS = ("Terminating", "BestEffort", "CrossNamespacePodAffinity", "PriorityClass")


def active_servers(settings: Mapping[str, Any]) -> int | None:
    """By the quotas as they are now; None where none of them limits servers."""
    found = ask(f"/api/v1/namespaces/{namespace()}/resourcequotas")
    return room(found.get("items", []), settings)


def room(quotas: Iterable[Object], settings: Mapping[str, Any]) -> int | None:
    """Of the smallest servers that users may choose; what else is in the project is not known."""
    base, least = _sum(_parts(settings)), _least(settings)
    fits = [
        int((number(most) - base.get(name, 0)) // least[name])
        for quota in quotas
        if not set(_scopes(quota)) & set(_OTHER_PODS)
        for name, most in ((quota.get("spec") or {}).get("hard") or {}).items()
        if least.get(name)
    ]
    return max(min(fits), 0) if fits else None


def _scopes(quota: Object) -> list[str]:
    spec = quota.get("spec") or {}
    selected = (spec.get("scopeSelector") or {}).get("matchExpressions") or []
    return [*(spec.get("scopes") or []), *(each["scopeName"] for each in selected)]


def _parts(settings: Mapping[str, Any]) -> list[Quantities]:
    names = ["hub", "proxy"]
    if settings["database"]["type"] == "postgresql":
        names.append("database")
    return [_taken(settings[name]) for name in names]


def _least(settings: Mapping[str, Any]) -> Quantities:
    notebook = settings["notebook"]
    chosen = [
        _taken({**notebook, **{key: value for key, value in profile.items() if value is not None}})
        for profile in settings["profiles"]
    ] or [_taken(notebook)]
    return {name: min(each[name] for each in chosen) for name in chosen[0]}


def _taken(part: Mapping[str, Any]) -> Quantities:
    """What a pod of these sizes takes of a quota, by the quota's names."""
    taken = {name: 1.0 for name in _COUNTS}
    for what in ("memory", "cpu"):
        limit = number(part[what])
        request = min(number(part[f"{what}_request"]), limit)
        taken |= {f"limits.{what}": limit, f"requests.{what}": request, what: request}
    return taken


def _sum(parts: list[Quantities]) -> Quantities:
    return {name: sum(part[name] for part in parts) for name in parts[0]}
