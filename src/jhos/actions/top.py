"""What the servers of a deployment use of memory and cpu, where the cluster measures it."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from jhos.actions.list_deployments import absent
from jhos.actions.servers import owner
from jhos.cluster.client import Cluster
from jhos.cluster.parallel import together
from jhos.cluster.premises import quantity
from jhos.errors import JhosError
from jhos.kinds import KINDS
from jhos.objects import SERVER, Object, component_of


@dataclass(frozen=True, kw_only=True)
class Used:
    """Bytes and cores; the limits are None where there are none."""

    pod: str
    component: str
    user: str
    memory: Decimal
    memory_limit: Decimal | None
    cpu: Decimal
    cpu_limit: Decimal | None


def top(cluster: Cluster, name: str) -> list[Used]:
    """The most memory first; parts of the hub too. Three requests.

    Raises JhosError where the cluster measures nothing.
    """
    if KINDS["PodMetrics"].api_version.partition("/")[0] not in cluster.groups():
        raise JhosError(
            "This cluster does not measure pods: it has no metrics.k8s.io API.",
            "Its administrators can install metrics-server; "
            f"jhos servers list {name} shows the limits.",
        )
    metrics, pods = together(
        lambda: cluster.list("PodMetrics", f"app={name}")[0],
        lambda: cluster.list("Pod", f"app={name}")[0],
    )
    if not pods:
        raise absent(cluster, name)
    by_name = {pod["metadata"]["name"]: pod for pod in pods}
    found = [_used(each, by_name.get(each["metadata"]["name"])) for each in metrics]
    return sorted(filter(None, found), key=lambda each: each.memory, reverse=True)


def _used(metrics: Object, pod: Object | None) -> Used | None:
    """None for a pod that is gone meanwhile."""
    if not pod:
        return None
    used = [each.get("usage", {}) for each in metrics.get("containers", [])]
    limits = [each.get("resources", {}).get("limits", {}) for each in pod["spec"]["containers"]]
    component = component_of(pod)
    return Used(
        pod=pod["metadata"]["name"],
        component="server" if component == SERVER else component,
        user=owner(pod)[0],
        memory=_sum(used, "memory"),
        memory_limit=_limit(limits, "memory"),
        cpu=_sum(used, "cpu"),
        cpu_limit=_limit(limits, "cpu"),
    )


def _sum(parts: list[Mapping[str, str]], key: str) -> Decimal:
    return sum((quantity(each[key]) for each in parts if key in each), Decimal(0))


def _limit(parts: list[Mapping[str, str]], key: str) -> Decimal | None:
    """Of all containers; None where one has none."""
    return _sum(parts, key) if all(key in each for each in parts) else None
