"""What a project offers before anything is deployed into it, asked side by side."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from kubernetes.utils import parse_quantity

from jhos.cluster.client import Cluster
from jhos.cluster.facts import SHARED, has_registry, tags_of
from jhos.cluster.parallel import parallel
from jhos.errors import Refused
from jhos.kinds import KINDS
from jhos.objects import Object, ObjectRef, annotations_of

Quantities = dict[str, Decimal]

_DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """`free`: of the quotas, by resource (`limits.memory`: bytes, `pods`); absent: unlimited.

    `bounds`: least and most that a container, or a pod of one, may ask for, by resource.
    `ratios`: how many times its request a limit may be at most, by resource.
    """

    free: Quantities
    bounds: tuple[Quantities, Quantities]
    ratios: Quantities = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Premises(Allowance):
    """`classes`: storage classes, the default first; None: not to be seen.

    `tags`: of the cluster's own image streams. `has_registry`: builds can push their images; None:
    not known, since the user may make no image streams or the cluster has none.
    """

    rules: list[Object]
    groups: set[str]
    classes: list[str] | None
    default_class: str | None
    tags: dict[str, set[str]]
    has_registry: bool | None


def quantity(text: Any) -> Decimal:
    """Of a Kubernetes quantity, in bytes, cores or pieces."""
    number: Decimal = parse_quantity(text)
    return number


def allowance(cluster: Cluster) -> Allowance:
    """Two requests, both of the project alone."""
    asked = (lambda: cluster.list("ResourceQuota")[0], lambda: cluster.list("LimitRange")[0])
    quotas, ranges = parallel(_attempt, asked)
    return Allowance(
        free=free(quotas or []), bounds=_bounds(ranges or []), ratios=_ratios(ranges or [])
    )


def premises(cluster: Cluster) -> Premises:
    """Eight requests at once; what the user may not see counts as not there."""
    answers: list[Any] = parallel(
        _attempt,
        (
            cluster.rules,
            cluster.groups,
            lambda: cluster.list("ResourceQuota")[0],
            lambda: cluster.list("LimitRange")[0],
            lambda: cluster.list("StorageClass")[0],
            lambda: cluster.get(ObjectRef("ImageStream", "python"), SHARED),
            lambda: cluster.get(ObjectRef("ImageStream", "postgresql"), SHARED),
            lambda: _registry(cluster),
        ),
    )
    rules, groups, quotas, ranges, classes, python, postgresql, registry = answers
    defaults = [
        each["metadata"]["name"]
        for each in classes or []
        if annotations_of(each).get(_DEFAULT_CLASS) == "true"
    ]
    return Premises(
        rules=rules or [],
        groups=groups or set(),
        free=free(quotas or []),
        bounds=_bounds(ranges or []),
        ratios=_ratios(ranges or []),
        classes=None if classes is None else [each["metadata"]["name"] for each in classes],
        default_class=defaults[0] if defaults else None,
        tags={"python": set(tags_of(python)), "postgresql": set(tags_of(postgresql))},
        has_registry=registry,
    )


def _registry(cluster: Cluster) -> bool | None:
    group = KINDS["ImageStream"].api_version.partition("/")[0]
    return has_registry(cluster, "jupyterhub") if group in cluster.groups() else None


def _attempt(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except Refused:
        return None


def free(quotas: list[Object]) -> Quantities:
    """The least that any of the quotas leaves; those of a scope are left out."""
    least: Quantities = {}
    for quota in quotas:
        if quota["spec"].get("scopes") or quota["spec"].get("scopeSelector"):
            continue
        used = quota.get("status", {}).get("used", {})
        for key, hard in quota["spec"].get("hard", {}).items():
            left = quantity(hard) - quantity(used.get(key, 0))
            name = key if "." in key or key not in ("memory", "cpu") else f"requests.{key}"
            least[name] = min(left, least.get(name, left))
    return least


def _bounds(ranges: list[Object]) -> tuple[Quantities, Quantities]:
    least: Quantities = {}
    most: Quantities = {}
    for limit in _limits(ranges):
        for key, value in (limit.get("min") or {}).items():
            least[key] = max(quantity(value), least.get(key, quantity(value)))
        for key, value in (limit.get("max") or {}).items():
            most[key] = min(quantity(value), most.get(key, quantity(value)))
    return least, most


def _ratios(ranges: list[Object]) -> Quantities:
    ratios: Quantities = {}
    for limit in _limits(ranges):
        for key, value in (limit.get("maxLimitRequestRatio") or {}).items():
            ratios[key] = min(quantity(value), ratios.get(key, quantity(value)))
    return ratios


def _limits(ranges: list[Object]) -> list[Object]:
    """Of containers and of pods, which have one container each."""
    found = (limit for obj in ranges for limit in obj["spec"].get("limits") or [])
    return [limit for limit in found if limit["type"] in ("Container", "Pod")]
