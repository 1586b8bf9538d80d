"""How a deployment is: its parts, its hub, what the project has room for."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from jhos.actions.list_deployments import TORN_DOWN, absent
from jhos.actions.reach import hub_api
from jhos.cluster.client import Cluster
from jhos.cluster.parallel import parallel, together
from jhos.cluster.route import unless_away, url_of
from jhos.errors import JhosError, Refused
from jhos.inventory import is_own
from jhos.kinds import Status as Ready
from jhos.kinds import readiness
from jhos.objects import INSTANCE, PARTS, Object, ObjectRef, component_of, of_component
from jhos.ownership import Addition, additions
from jhos.stalls import of_pod

if TYPE_CHECKING:
    from jhos.actions.status_more import More


# Kinds, beside Deployment and Route, whose fields people change by hand.
_ADDED_TO = ("ConfigMap", "NetworkPolicy", "Role", "Service", "ServiceAccount")


@dataclass(frozen=True)
class Part:
    """`state`: ready, or why not."""

    name: str
    ready: bool
    state: str
    image: str


@dataclass(frozen=True)
class Hub:
    """What the hub says; `problem`: why it says nothing."""

    version: str = ""
    users: int = 0
    ready: int = 0
    pending: int = 0
    problem: str = ""


@dataclass(frozen=True)
class Quota:
    name: str
    resource: str
    used: str
    hard: str


@dataclass(frozen=True, kw_only=True)
class Status:
    """`url`: empty where there is no address, None where none is to be seen."""

    name: str
    namespace: str
    url: str | None
    parts: tuple[Part, ...]
    hub: Hub
    quotas: tuple[Quota, ...]
    additions: tuple[Addition, ...] = ()
    more: "More | None" = None

    @property
    def ready(self) -> bool:
        return bool(self.parts) and all(part.ready for part in self.parts) and not self.hub.problem


def status(cluster: Cluster, name: str, *, full: bool) -> Status:
    """Look at the parts, the hub, the quotas, and at what others added to the objects.

    Raises SettingsError where there is no such deployment.
    """
    deployments, (route, no_address), secret, others = together(
        lambda: cluster.list("Deployment", f"{INSTANCE}={name}")[0],
        lambda: unless_away(cluster, lambda spared: spared.get(ObjectRef("Route", name)), None),
        lambda: cluster.get(ObjectRef("Secret", f"{name}-secrets")),
        lambda: parallel(lambda kind: _metadata(cluster, kind, name), _ADDED_TO),
    )
    if not deployments and not secret:
        raise absent(cluster, name)
    url = url_of(cluster, route) if route else ""
    well = all(readiness(each).status is Ready.READY for each in deployments)
    hub, quotas, pods, more = together(
        lambda: Hub(problem=no_address) if no_address else _hub(cluster, name, route, secret),
        # One of both: what is in the way matters more than what is left.
        lambda: [] if not well and not full else visible(cluster, "ResourceQuota"),
        lambda: [] if well else cluster.list("Pod", of_component(name, *PARTS))[0],
        lambda: _more(cluster, name, route, url) if full else None,
    )
    return Status(
        name=name,
        namespace=cluster.namespace,
        url=None if no_address else url,
        parts=_parts(deployments, pods),
        hub=hub,
        quotas=tuple(_quotas(quotas)),
        additions=_additions(name, _objects(route, deployments, *others)),
        more=more(quotas) if more else None,
    )


def _metadata(cluster: Cluster, kind: str, name: str) -> list[Object]:
    """Return nothing where the user may not look."""
    try:
        return cluster.metadata(kind, f"{INSTANCE}={name}")
    except Refused:
        return []


def _objects(route: Object | None, *lists: list[Object]) -> Iterator[Object]:
    yield from chain(*lists, [route] if route else [])


def _additions(name: str, objects: Iterable[Object]) -> tuple[Addition, ...]:
    own = (each for each in objects if is_own(name, each, ()))
    return tuple(sorted(found for each in own for found in additions(each)))


def _hub(cluster: Cluster, name: str, route: Object | None, secret: Object | None) -> Hub:
    if not route or not secret:
        return Hub(problem=TORN_DOWN if secret and not route else "it has no address")
    admitted = readiness(route)
    if admitted.status is Ready.FAILED:  # what answers there may be another hub
        return Hub(problem=f"{ObjectRef.of(route)}: {admitted.message}")
    try:
        api = hub_api(cluster, name, route, secret)
        info, users, servers = together(api.info, api.count, api.servers)
    except JhosError as error:
        return Hub(problem=error.message)
    ready = sum(each.ready for each in servers)
    return Hub(info["version"], users, ready, len(servers) - ready)


def _parts(deployments: Sequence[Object], pods: Sequence[Object]) -> tuple[Part, ...]:
    found = [_part(each, pods) for each in deployments]
    known = [each for each in found if each.name in PARTS]
    return tuple(sorted(known, key=lambda part: PARTS.index(part.name)))


def _part(deployment: Object, pods: Sequence[Object]) -> Part:
    component = component_of(deployment)
    state = readiness(deployment)
    own = [pod for pod in pods if component_of(pod) == component]
    held_up = next((stall.words for stall in map(of_pod, own) if stall), "")
    image = deployment["spec"]["template"]["spec"]["containers"][0]["image"]
    said = held_up or state.message or str(state.status)
    ready = state.status is Ready.READY
    return Part(component, ready, str(Ready.READY) if ready else said, image)


def _quotas(quotas: Sequence[Object]) -> list[Quota]:
    return [
        Quota(obj["metadata"]["name"], key, str(used.get(key, "0")), str(hard))
        for obj in quotas
        for used in [obj.get("status", {}).get("used", {})]
        for key, hard in sorted(obj["spec"].get("hard", {}).items())
    ]


def _more(
    cluster: Cluster, name: str, route: Object | None, url: str
) -> "Callable[[list[Object]], More]":
    from jhos.actions.status_more import more

    return more(cluster, name, route, url)


def visible(cluster: Cluster, kind: str, fields: str = "") -> list[Object]:
    """[] where the user may not look."""
    try:
        return cluster.list(kind, fields=fields)[0]
    except Refused:
        return []
