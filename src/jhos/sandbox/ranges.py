"""What a namespace gets for its pods: user ids, groups and an SELinux level of its own."""

import math
from typing import Any

from jhos.sandbox.store import Store

Object = dict[str, Any]

UID_RANGE = "openshift.io/sa.scc.uid-range"
GROUPS = "openshift.io/sa.scc.supplemental-groups"
LEVEL = "openshift.io/sa.scc.mcs"
FIRST_UID, BLOCK = 1000660000, 10000


def annotate(store: Store, namespace: Object) -> None:
    """Give a new namespace the first block of user ids that no other has."""
    notes = namespace["metadata"].setdefault("annotations", {})
    taken = {first_uid(other) for other in store.objects("namespaces")}
    start = next(uid for uid in range(FIRST_UID, 2**31, BLOCK) if uid not in taken)
    notes.setdefault(UID_RANGE, f"{start}/{BLOCK}")
    notes.setdefault(GROUPS, f"{start}/{BLOCK}")
    notes.setdefault(LEVEL, _level((start - 1000000000) // BLOCK))


def first_uid(namespace: Object) -> int:
    """0 where the namespace has no range."""
    text = namespace["metadata"].get("annotations", {}).get(UID_RANGE, "0")
    return int(text.partition("/")[0])


def _level(number: int) -> str:
    """The `number`th pair of categories, as `s0:c26,c20`."""
    high = (1 + math.isqrt(1 + 8 * number)) // 2
    return f"s0:c{high},c{number - high * (high - 1) // 2}"
