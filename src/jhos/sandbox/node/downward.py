"""What a pod may learn about itself: fieldRef and resourceFieldRef."""

import json
import math
import os
import re
from fractions import Fraction
from functools import cache

from jhos.sandbox.client import Object
from jhos.sandbox.quantity import parse

KEYED = re.compile(r"metadata\.(labels|annotations)\['(.+)'\]")


class ConfigError(Exception):
    """A container's configuration refers to something that is not there (yet)."""


def field(pod: Object, path: str) -> str:
    """The value of one field as text; `pod` has its addresses in the status."""
    meta, spec, status = pod["metadata"], pod["spec"], pod.get("status", {})
    if keyed := KEYED.fullmatch(path):
        return str((meta.get(keyed[1]) or {}).get(keyed[2], ""))
    if path in ("metadata.labels", "metadata.annotations"):
        return _lines(meta.get(path.rpartition(".")[2]) or {})
    values = {
        "metadata.name": meta["name"],
        "metadata.namespace": meta["namespace"],
        "metadata.uid": meta["uid"],
        "spec.nodeName": spec.get("nodeName"),
        "spec.serviceAccountName": spec.get("serviceAccountName"),
        "status.hostIP": status.get("hostIP"),
        "status.hostIPs": status.get("hostIP"),
        "status.podIP": status.get("podIP"),
        "status.podIPs": status.get("podIP"),
    }
    if path not in values:
        raise ConfigError(f"unsupported fieldPath: {path}")
    return str(values[path] or "")


def resource(container: Object, reference: Object) -> str:
    """`limits.memory` in units of the divisor, rounded up; without a limit what the node has."""
    section, _, name = reference["resource"].partition(".")
    divisor = reference.get("divisor") or "1"
    held = (container.get("resources") or {}).get(section) or {}
    value = parse(str(held[name])) if name in held else capacity()[name]
    unit = parse(str(divisor)) or Fraction(1)
    return str(math.ceil(value / unit))


@cache
def capacity() -> dict[str, Fraction]:
    """Of this machine, in cores and bytes."""
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    disk = os.statvfs("/")
    return {
        "cpu": Fraction(os.cpu_count() or 1),
        "memory": Fraction(pages * size),
        "ephemeral-storage": Fraction(disk.f_blocks * disk.f_frsize),
    }


def _lines(entries: dict[str, str]) -> str:
    """`name="value"` each, quoted as Go does."""
    return "".join(
        f"{name}={json.dumps(value, ensure_ascii=False)}\n"
        for name, value in sorted(entries.items())
    )
