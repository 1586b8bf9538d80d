"""Resource quotas: what may come to a namespace."""

from collections.abc import Callable
from typing import Any

from jhos.sandbox import failure, quantity
from jhos.sandbox.call import Call
from jhos.sandbox.quotas import Usage, measured, shown, usage, used

Object = dict[str, Any]

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
        totals = usage(
            hard, {key: call.store.objects(key, call.namespace) for key in measured(hard)}
        )
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
