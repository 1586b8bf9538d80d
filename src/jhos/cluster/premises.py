"""What a project offers before anything is deployed into it, asked side by side."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from itertools import chain
from typing import Any

from kubernetes.utils import parse_quantity

from jhos.cluster.client import Cluster
from jhos.cluster.facts import SHARED, has_registry, tags_of
from jhos.cluster.parallel import parallel
from jhos.errors import Refused
from jhos.kinds import KINDS
from jhos.objects import Object, ObjectRef, annotations_of

Quantities = dict[str, Decimal]

QUOTAS = ("ResourceQuota", "AppliedClusterResourceQuota")  # of the project, of the cluster for it
OF_CLASS = ".storageclass.storage.k8s.io/"
_DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"


@dataclass(frozen=True, kw_only=True)
class ProjectQuota:
    """A quota that counts what jhos creates, by resource (`limits.memory`: bytes, `pods`)."""

    name: str
    hard: Quantities
    used: Quantities

    def free(self, resource: str) -> Decimal:
        """Return what is left of a limited resource; below 0 where more is used already."""
        return self.hard[resource] - self.used.get(resource, Decimal(0))


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """`quotas`: of the project, and of the cluster for it.

    `bounds`: least and most that a container, or a pod of one, may ask for, by resource.
    `ratios`: how many times its request a limit may be at most, by resource. `default_class`: of
    storage, where a quota or the caller needs it; None: there is none, or it is not known.
    """

    quotas: list[ProjectQuota]
    bounds: tuple[Quantities, Quantities]
    default_class: str | None
    ratios: Quantities = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Premises(Allowance):
    """`phase`: of the project, as `Cluster.phase`.

    `classes`: storage classes, the default first; None: not to be seen.

    `tags`: of the cluster's own image streams. `has_registry`: builds can push their images; None:
    not known, since the user may make no image streams or the cluster has none.
    """

    phase: str
    rules: list[Object]
    groups: set[str]
    classes: list[str] | None
    tags: dict[str, set[str]]
    has_registry: bool | None


def quantity(text: Any) -> Decimal:
    """Of a Kubernetes quantity, in bytes, cores or pieces."""
    number: Decimal = parse_quantity(text)
    return number


def allowance(cluster: Cluster) -> Allowance:
    """Three requests at once; a fourth where a quota is of a class of storage."""
    *quotas, ranges = parallel(partial(visible, cluster), (*QUOTAS, "LimitRange"))
    return _allowance(cluster, quotas, ranges)


def read_quotas(cluster: Cluster) -> Allowance:
    """Read the quotas alone, by two requests at once."""
    return _allowance(cluster, parallel(partial(visible, cluster), QUOTAS), [])


def visible(cluster: Cluster, kind: str, fields: str = "") -> list[Object]:
    """[] where the user may not look."""
    with suppress(Refused):
        return cluster.list(kind, fields=fields)[0] if fields else cluster.list(kind)[0]
    return []


def _allowance(cluster: Cluster, quotas: list[list[Object]], ranges: list[Object]) -> Allowance:
    """The classes are of the whole cluster, so they are read only where a quota names one."""
    limiting = parse_quotas(chain.from_iterable(quotas))
    per_class = any(OF_CLASS in resource for quota in limiting for resource in quota.hard)
    classes = visible(cluster, "StorageClass") if per_class else []
    return Allowance(
        quotas=limiting,
        bounds=_bounds(ranges),
        ratios=_ratios(ranges),
        default_class=_default_class(classes),
    )


def premises(cluster: Cluster) -> Premises:
    """Ten requests at once; what the user may not see counts as not there."""
    asked: list[Callable[[], Any]] = [
        lambda: cluster.phase,
        cluster.rules,
        cluster.groups,
        *(partial(visible, cluster, kind) for kind in (*QUOTAS, "LimitRange")),
        lambda: cluster.list("StorageClass")[0],
        lambda: cluster.get(ObjectRef("ImageStream", "python"), SHARED),
        lambda: cluster.get(ObjectRef("ImageStream", "postgresql"), SHARED),
        lambda: _registry(cluster),
    ]
    answers = parallel(_attempt, asked)
    phase, rules, groups, quotas, cluster_quotas, ranges, *rest = answers
    classes, python, postgresql, registry = rest
    return Premises(
        phase=phase,
        rules=rules or [],
        groups=groups or set(),
        quotas=parse_quotas([*quotas, *cluster_quotas]),
        bounds=_bounds(ranges),
        ratios=_ratios(ranges),
        classes=None if classes is None else [each["metadata"]["name"] for each in classes],
        default_class=_default_class(classes or []),
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


def _default_class(classes: list[Object]) -> str | None:
    defaults = (
        each["metadata"]["name"]
        for each in classes
        if annotations_of(each).get(_DEFAULT_CLASS) == "true"
    )
    return next(defaults, None)


def parse_quotas(quotas: Iterable[Object]) -> list[ProjectQuota]:
    """Return those of the quotas that count what jhos creates."""
    return [
        ProjectQuota(
            name=obj["metadata"]["name"],
            hard=_quantities(spec.get("hard")),
            used=_quantities(status.get("used")),
        )
        for obj in quotas
        for spec, status in [spec_and_status(obj)]
        if not _is_of_other_pods(spec)
    ]


def spec_and_status(quota: Object) -> tuple[Object, Object]:
    """Return both in the shape of a ResourceQuota, also of a quota of the cluster."""
    spec, status = quota["spec"], quota.get("status") or {}
    if quota["kind"] == "ResourceQuota":
        return spec, status
    return spec.get("quota") or {}, status.get("total") or {}


def _is_of_other_pods(spec: Object) -> bool:
    """Our pods have requests and run until they are stopped."""
    selected = (spec.get("scopeSelector") or {}).get("matchExpressions") or []
    scopes = {*(spec.get("scopes") or []), *(each["scopeName"] for each in selected)}
    return not scopes <= {"NotTerminating", "NotBestEffort"}


def _quantities(values: Object | None) -> Quantities:
    return {resource: quantity(value) for resource, value in (values or {}).items()}


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
    """Return the limits of containers and of pods; each pod has one container."""
    found = (limit for obj in ranges for limit in obj["spec"].get("limits") or [])
    return [limit for limit in found if limit["type"] in ("Container", "Pod")]
