"""Rules of autoscalers, disruption budgets, cron jobs, leases and network policies."""

import ipaddress
import re
from collections.abc import Iterator
from typing import Any

from jhos.sandbox import failure, podrules
from jhos.sandbox.failure import Cause, bad_value, required

Object = dict[str, Any]

PORTS = "must be between 1 and 65535, inclusive"
PERCENT = (
    "a valid percent string must be a numeric string followed by an ending '%' "
    "(e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
)
CIDR = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
# The least and the greatest of each field of a schedule.
SCHEDULE = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
NAMES = {name: str(number) for names, first in (
    ("jan feb mar apr may jun jul aug sep oct nov dec", 1), ("sun mon tue wed thu fri sat", 0)
) for number, name in enumerate(names.split(), first)}  # fmt: skip
SHORTHANDS = ("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly")


def autoscaler(obj: Object, _: Object | None) -> Iterator[Cause]:
    spec = obj.get("spec", {})
    least, most = spec.get("minReplicas", 1), spec.get("maxReplicas", 0)
    for name in ("kind", "name"):
        if not spec.get("scaleTargetRef", {}).get(name):
            yield required(f"spec.scaleTargetRef.{name}")
    if least < 1:
        yield bad_value("spec.minReplicas", least, "must be greater than or equal to 1")
    if most < 1:
        yield bad_value("spec.maxReplicas", most, "must be greater than 0")
    if most < least:
        yield bad_value("spec.maxReplicas", most, "must be greater than or equal to `minReplicas`")


def budget(obj: Object, _: Object | None) -> Iterator[Cause]:
    spec = obj.get("spec", {})
    names = [name for name in ("minAvailable", "maxUnavailable") if name in spec]
    if len(names) == 2:
        yield bad_value("spec", spec, "minAvailable and maxUnavailable cannot be both set")
    for name in names:
        if why := _share_problem(spec[name]):
            yield bad_value(f"spec.{name}", spec[name], why)


def _share_problem(share: int | str) -> str:
    if isinstance(share, int):
        return "must be greater than or equal to 0" if share < 0 else ""
    if not re.fullmatch(r"[0-9]+%", share):
        return PERCENT
    return "must not be greater than 100%" if int(share[:-1]) > 100 else ""


def cron_job(obj: Object, _: Object | None) -> Iterator[Cause]:
    spec = obj.get("spec", {})
    schedule = spec.get("schedule", "")
    if not schedule:
        yield required("spec.schedule")
    elif why := _schedule_problem(schedule):
        yield bad_value("spec.schedule", schedule, why)
    policies = ("Allow", "Forbid", "Replace")
    if spec["concurrencyPolicy"] not in policies:
        yield failure.not_supported("spec.concurrencyPolicy", spec["concurrencyPolicy"], policies)
    if len(obj["metadata"].get("name", "")) > 52:
        name = obj["metadata"]["name"]
        yield bad_value("metadata.name", name, "must be no more than 52 characters")
    template, where = spec["jobTemplate"]["spec"]["template"], "spec.jobTemplate.spec.template"
    yield from podrules.template(template, where)
    if template["spec"].get("restartPolicy") == "Always":
        yield required(f"{where}.spec.restartPolicy", 'valid values: "OnFailure", "Never"')


def _schedule_problem(schedule: str) -> str:
    if schedule in SHORTHANDS or re.fullmatch(r"@every (\d+(\.\d+)?(h|m|s))+", schedule):
        return ""
    if schedule.startswith("@"):
        return f"unrecognized descriptor: {schedule}"
    fields = schedule.split()
    if len(fields) != len(SCHEDULE):
        return f"expected exactly 5 fields, found {len(fields)}: [{' '.join(fields)}]"
    entries = [
        (entry, bounds)
        for field, bounds in zip(fields, SCHEDULE, strict=True)
        for entry in field.split(",")
    ]
    return next(filter(None, (_entry_problem(*each) for each in entries)), "")


def _entry_problem(entry: str, bounds: tuple[int, int]) -> str:
    """Of `*`, `5`, `mon-fri`, `*/15`."""
    span, _, step = entry.partition("/")
    ends = [] if span in ("*", "?") else [NAMES.get(e.lower(), e) for e in span.split("-")]
    for number in [*ends, *([step] if "/" in entry else [])]:
        if not number.isdecimal():
            syntax = f'strconv.Atoi: parsing "{number}": invalid syntax'
            return f"failed to parse int from {number}: {syntax}"
    if "/" in entry and int(step) == 0:
        return f"step of range should be a positive number: {entry}"
    if not ends:
        return ""
    first, last = int(ends[0]), int(ends[-1])
    if first < bounds[0]:
        return f"beginning of range ({first}) below minimum ({bounds[0]}): {entry}"
    if last > bounds[1]:
        return f"end of range ({last}) above maximum ({bounds[1]}): {entry}"
    if first > last:
        return f"beginning of range ({first}) beyond end of range ({last}): {entry}"
    return f"too many hyphens: {entry}" if len(ends) > 2 else ""


def lease(obj: Object, _: Object | None) -> Iterator[Cause]:
    spec = obj.get("spec", {})
    if (seconds := spec.get("leaseDurationSeconds", 1)) <= 0:
        yield bad_value("spec.leaseDurationSeconds", seconds, "must be greater than 0")
    if (turns := spec.get("leaseTransitions", 0)) < 0:
        yield bad_value("spec.leaseTransitions", turns, "must be greater than or equal to 0")


def network_policy(obj: Object, _: Object | None) -> Iterator[Cause]:
    spec = obj["spec"]
    for direction, side in (("ingress", "from"), ("egress", "to")):
        for number, rule in enumerate(spec.get(direction, ())):
            where = f"spec.{direction}[{number}]"
            for place, port in enumerate(rule.get("ports", ())):
                yield from _port(port, f"{where}.ports[{place}]")
            for place, peer in enumerate(rule.get(side, ())):
                yield from _peer(peer, f"{where}.{side}[{place}]")
    for number, kind in enumerate(spec["policyTypes"]):
        if kind not in ("Egress", "Ingress"):
            where = f"spec.policyTypes[{number}]"
            yield failure.not_supported(where, kind, ("Egress", "Ingress"))


def _port(port: Object, where: str) -> Iterator[Cause]:
    protocols = ("SCTP", "TCP", "UDP")
    if port["protocol"] not in protocols:
        yield failure.not_supported(f"{where}.protocol", port["protocol"], protocols)
    number = port.get("port", 1)
    if isinstance(number, int) and not 1 <= number <= 65535:
        yield bad_value(f"{where}.port", number, PORTS)


def _peer(peer: Object, where: str) -> Iterator[Cause]:
    if not peer:
        yield required(where, "must specify a peer")
    if "ipBlock" not in peer:
        return
    if len(peer) > 1:
        yield failure.forbidden_field(where, "may not specify both ipBlock and another peer")
    block = peer["ipBlock"].get("cidr", "")
    try:
        ipaddress.ip_network(block, strict=False)
    except ValueError:
        yield bad_value(f"{where}.ipBlock.cidr", block, CIDR)
