"""Which replica sets a deployment needs and how large each should be now. Pure."""

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jhos.sandbox.client import Object
from jhos.sandbox.controllers.meta import annotations, labels, owner_reference

HASH_LABEL = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"
REVISION_HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED = "deployment.kubernetes.io/desired-replicas"
MAXIMUM = "deployment.kubernetes.io/max-replicas"
NOT_COPIED = {"kubectl.kubernetes.io/last-applied-configuration", REVISION, DESIRED, MAXIMUM}
HASH_LETTERS = "bcdfghjklmnpqrstvwxz2456789"


@dataclass(frozen=True, kw_only=True)
class Scale:
    """A replica set that should have another size."""

    replica_set: Object
    replicas: int


def template_hash(template: Object) -> str:
    """A name for the pod template, of letters that make no words."""
    digest = hashlib.sha256(json.dumps(template, sort_keys=True).encode()).digest()
    return "".join(HASH_LETTERS[byte % len(HASH_LETTERS)] for byte in digest[:10])


def current(deployment: Object, sets: Sequence[Object]) -> Object | None:
    """The replica set of the deployment's template as it is now."""
    wanted = template_hash(deployment["spec"]["template"])
    return next((s for s in sets if labels(s).get(HASH_LABEL) == wanted), None)


def revision(replica_set: Object) -> int:
    return int(annotations(replica_set).get(REVISION, 0))


def next_revision(sets: Sequence[Object]) -> int:
    return max((revision(s) for s in sets), default=0) + 1


def new_replica_set(deployment: Object, number: int) -> Object:
    """For the deployment's template, of size nought."""
    spec, meta = deployment["spec"], deployment["metadata"]
    digest = template_hash(spec["template"])
    hashed = {HASH_LABEL: digest}
    template = json.loads(json.dumps(spec["template"]))
    template_meta = template.setdefault("metadata", {})
    template_meta["labels"] = (template_meta.get("labels") or {}) | hashed
    selector = spec["selector"]
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{meta['name']}-{digest}",
            "namespace": meta["namespace"],
            "labels": template_meta["labels"],
            "annotations": set_annotations(deployment, number),
            "ownerReferences": [owner_reference(deployment)],
        },
        "spec": {
            "replicas": 0,
            **({"minReadySeconds": spec["minReadySeconds"]} if "minReadySeconds" in spec else {}),
            "selector": {
                **selector,
                "matchLabels": (selector.get("matchLabels") or {}) | hashed,
            },
            "template": template,
        },
    }


def set_annotations(deployment: Object, number: int) -> dict[str, str]:
    """Those of a replica set with that revision."""
    copied = {k: v for k, v in annotations(deployment).items() if k not in NOT_COPIED}
    desired = _desired(deployment)
    return copied | {
        REVISION: str(number),
        DESIRED: str(desired),
        MAXIMUM: str(desired + surge(deployment)),
    }


def renumbered(replica_set: Object, number: int) -> dict[str, str]:
    """Annotations of a replica set whose template is wanted again, after others."""
    held = revision(replica_set)
    if held == number:
        return {}
    history = annotations(replica_set).get(REVISION_HISTORY, "")
    past = ",".join(part for part in (history, str(held) if held else "") if part)
    return {REVISION: str(number)} | ({REVISION_HISTORY: past} if past else {})


def surge(deployment: Object) -> int:
    return _rolling_limits(deployment)[0]


def unavailable(deployment: Object) -> int:
    return _rolling_limits(deployment)[1]


def is_recreate(deployment: Object) -> bool:
    strategy = deployment["spec"].get("strategy") or {}
    return bool(strategy.get("type") == "Recreate")


def scales(
    deployment: Object, new: Object | None, olds: Sequence[Object], old_pods: int
) -> list[Scale]:
    """The next step of the rollout; `old_pods` counts pods of `olds` that still exist."""
    if deployment["spec"].get("paused"):
        return _paused(deployment, new, olds)
    if is_recreate(deployment):
        return _recreate(deployment, new, olds, old_pods)
    if new is None:
        return []
    return _scale_up(deployment, new, olds) or _scale_down(deployment, new, olds)


def surplus(deployment: Object, olds: Sequence[Object]) -> list[Object]:
    """Empty replica sets beyond the history that the deployment keeps, oldest first."""
    empty = [s for s in olds if not _size(s) and not s.get("status", {}).get("replicas")]
    excess = len(olds) - int(deployment["spec"].get("revisionHistoryLimit", 10))
    return sorted(empty, key=revision)[: max(0, excess)]


def _paused(deployment: Object, new: Object | None, olds: Sequence[Object]) -> list[Scale]:
    every = [*olds, *([new] if new else [])]
    active = [s for s in every if _size(s)] or ([new] if new else [])
    if len(active) == 1:
        sizes = [_desired(deployment)]
    else:
        desired = _desired(deployment)
        sizes = _shares([_size(s) for s in active], desired + surge(deployment) if desired else 0)
    return [
        Scale(replica_set=s, replicas=size)
        for s, size in zip(active, sizes, strict=True)
        if size != _size(s)
    ]


def _shares(sizes: list[int], total: int) -> list[int]:
    """`total` shared out in the proportion of `sizes`; what is left over goes to the largest."""
    before = sum(sizes)
    if total >= before:
        return sizes
    shares = [size * total // before for size in sizes]
    shares[sizes.index(max(sizes))] += total - sum(shares)
    return shares


def _recreate(
    deployment: Object, new: Object | None, olds: Sequence[Object], old_pods: int
) -> list[Scale]:
    if shrinking := [Scale(replica_set=s, replicas=0) for s in olds if _size(s)]:
        return shrinking
    if old_pods or new is None or _size(new) == _desired(deployment):
        return []
    return [Scale(replica_set=new, replicas=_desired(deployment))]


def _scale_up(deployment: Object, new: Object, olds: Sequence[Object]) -> list[Scale]:
    desired, size = _desired(deployment), _size(new)
    total = sum(map(_size, olds)) + size
    room = max(0, desired + surge(deployment) - total)
    wanted = desired if size > desired else min(desired, size + room)
    return [Scale(replica_set=new, replicas=wanted)] if wanted != size else []


def _scale_down(deployment: Object, new: Object, olds: Sequence[Object]) -> list[Scale]:
    """Old replicas that are not available go first: they hold up nobody."""
    minimum = _desired(deployment) - unavailable(deployment)
    spare = sum(map(_size, olds)) + _size(new) - minimum - (_size(new) - _available(new))
    left = {s["metadata"]["name"]: _size(s) for s in olds}
    for old in sorted(olds, key=revision):
        cut = max(0, min(spare, _size(old) - _available(old)))
        left[old["metadata"]["name"]] -= cut
        spare -= cut
    spare = min(spare, sum(map(_available, [*olds, new])) - minimum)
    for old in sorted(olds, key=revision):
        cut = max(0, min(spare, left[old["metadata"]["name"]]))
        left[old["metadata"]["name"]] -= cut
        spare -= cut
    return [
        Scale(replica_set=s, replicas=left[s["metadata"]["name"]])
        for s in olds
        if left[s["metadata"]["name"]] != _size(s)
    ]


def _rolling_limits(deployment: Object) -> tuple[int, int]:
    if is_recreate(deployment):
        return 0, 0
    rolling = deployment["spec"].get("strategy", {}).get("rollingUpdate") or {}
    desired = _desired(deployment)
    more = math.ceil(_share(rolling.get("maxSurge", "25%"), desired))
    fewer = math.floor(_share(rolling.get("maxUnavailable", "25%"), desired))
    return (more, fewer) if more or fewer else (0, 1)


def _share(limit: Any, whole: int) -> float:
    if isinstance(limit, str) and limit.endswith("%"):
        return int(limit[:-1]) * whole / 100
    return int(limit)


def _desired(deployment: Object) -> int:
    return int(deployment["spec"].get("replicas", 1))


def _size(replica_set: Object) -> int:
    return int(replica_set["spec"].get("replicas", 1))


def _available(replica_set: Object) -> int:
    counted = int(replica_set.get("status", {}).get("availableReplicas", 0))
    return min(counted, _size(replica_set))
