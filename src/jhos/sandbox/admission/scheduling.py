"""Priority and tolerations that every pod has."""

from typing import Any

from jhos.sandbox.poddefaults import fill

Object = dict[str, Any]
TOLERATED_S = 300


def admit(pod: Object) -> None:
    spec = pod["spec"]
    fill(spec, priority=0, preemptionPolicy="PreemptLowerPriority")
    tolerations = spec.setdefault("tolerations", [])
    for trouble in ("not-ready", "unreachable"):
        key = f"node.kubernetes.io/{trouble}"
        if not any(entry.get("key") in (key, None) for entry in tolerations):
            new = {"key": key, "operator": "Exists", "effect": "NoExecute"}
            tolerations.append({**new, "tolerationSeconds": TOLERATED_S})
