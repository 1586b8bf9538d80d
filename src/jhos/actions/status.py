"""How a deployment is: its parts, its hub, what the project has room for."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from jhos.actions.list_deployments import TORN_DOWN, absent
from jhos.actions.lost_parts import LostPart, missing_parts
from jhos.actions.reach import hub_api
from jhos.cluster.client import Cluster
from jhos.cluster.facts import Kept, kept_refs
from jhos.cluster.parallel import parallel, together
from jhos.cluster.premises import QUOTAS, spec_and_status
from jhos.cluster.route import unless_away, url_of
from jhos.errors import JhosError
from jhos.inventory import is_own
from jhos.kinds import Status as Ready
from jhos.kinds import readiness
from jhos.objects import INSTANCE, PARTS, Object, ObjectRef, component_of, of_component
from jhos.ownership import Addition, additions
from jhos.rights import look
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
    """`url`: empty where there is no address, None where none is to be seen. `hidden`: kinds that
    the user may not read, so that what they tell is missing.
    """

    name: str
    namespace: str
    url: str | None
    parts: tuple[Part, ...]
    hub: Hub
    quotas: tuple[Quota, ...]
    hidden: tuple[str, ...] = ()
    additions: tuple[Addition, ...] = ()
    missing: tuple[LostPart, ...] = ()
    more: "More | None" = None

    @property
    def ready(self) -> bool:
        well = bool(self.parts) and all(part.ready for part in self.parts)
        return well and not self.hub.problem and not self.missing


def status(cluster: Cluster, name: str, *, full: bool) -> Status:
    """Look at the parts, the hub, the quotas, and at what others added to the objects or deleted.

    Raises SettingsError where there is no such deployment.
    """
    hidden: set[str] = set()
    deployments, (route, no_address), kept, others = together(
        lambda: cluster.list("Deployment", f"{INSTANCE}={name}")[0],
        lambda: unless_away(
            cluster,
            lambda spared: look(hidden, "Route", lambda: spared.get(ObjectRef("Route", name))),
            None,
        ),
        lambda: _kept(cluster, hidden, name),
        lambda: parallel(lambda kind: _metadata(cluster, kind, name), _ADDED_TO),
    )
    secret, there = kept.secret or None, {ObjectRef.of(each): each for each in deployments}
    if not deployments and not secret:
        raise absent(cluster, name)
    url = url_of(cluster, route) if route else ""
    well = all(readiness(each).status is Ready.READY for each in deployments)
    present = {*there, *([ObjectRef("Route", name)] if route or no_address else [])}
    is_asked = not (no_address or hidden & {"Route", "Secret"})
    hub, quotas, pods, missing, more = together(
        lambda: (
            _hub(cluster, name, route, secret, torn_down=not deployments)
            if is_asked
            else Hub(problem=no_address)
        ),
        # One of both: what is in the way matters more than what is left.
        lambda: [] if not well and not full else _read_quotas(cluster, hidden),
        lambda: [] if well else listed(cluster, hidden, "Pod", of_component(name, *PARTS)),
        lambda: missing_parts(
            cluster, kept, there.get(ObjectRef("Deployment", name)), present, full=full
        ),
        lambda: _more(cluster, hidden, name, route, url) if full else None,
    )
    return Status(
        name=name,
        namespace=cluster.namespace,
        url=None if no_address else url,
        parts=_parts(deployments, pods),
        hub=hub,
        quotas=tuple(_quotas(quotas)),
        hidden=tuple(sorted(hidden)),
        additions=_additions(name, _objects(route, deployments, *others)),
        missing=tuple(part for part in missing if part.ref.kind not in hidden),
        more=more(quotas) if more else None,
    )


def _kept(cluster: Cluster, hidden: set[str], name: str) -> Kept:
    """Return what is stored of it, without what the user may not read."""
    found = parallel(
        lambda ref: look(hidden, ref.kind, lambda: cluster.get(ref)) or {}, kept_refs(name)
    )
    return Kept(name, *found)


def listed(
    cluster: Cluster, hidden: set[str], kind: str, selector: str = "", fields: str = ""
) -> list[Object]:
    return look(hidden, kind, lambda: cluster.list(kind, selector, fields)[0]) or []


def _metadata(cluster: Cluster, kind: str, name: str) -> list[Object]:
    """Return nothing where the user may not look: additions are told of what is to be seen."""
    return look(set(), kind, lambda: cluster.metadata(kind, f"{INSTANCE}={name}")) or []


def _objects(route: Object | None, *lists: list[Object]) -> Iterator[Object]:
    yield from chain(*lists, [route] if route else [])


def _additions(name: str, objects: Iterable[Object]) -> tuple[Addition, ...]:
    own = (each for each in objects if is_own(name, each, ()))
    return tuple(sorted(found for each in own for found in additions(each)))


def _hub(
    cluster: Cluster, name: str, route: Object | None, secret: Object | None, *, torn_down: bool
) -> Hub:
    if not secret:
        return Hub(problem=f"Secret {name}-secrets is missing, and with it the token for the hub")
    if not route:
        return Hub(problem=TORN_DOWN if torn_down else "it has no address")
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


def _read_quotas(cluster: Cluster, hidden: set[str]) -> list[Object]:
    """Return also those of the cluster, unless their API is away."""

    def read(kind: str) -> list[Object]:
        nothing: list[Object] = []
        return unless_away(cluster, lambda spared: listed(spared, hidden, kind), nothing)[0]

    return list(chain.from_iterable(parallel(read, QUOTAS)))


def _quotas(quotas: Sequence[Object]) -> list[Quota]:
    return [
        Quota(obj["metadata"]["name"], key, str(used.get(key, "0")), str(hard))
        for obj in quotas
        for spec, status in [spec_and_status(obj)]
        for used in [status.get("used") or {}]
        for key, hard in sorted((spec.get("hard") or {}).items())
    ]


def _more(
    cluster: Cluster, hidden: set[str], name: str, route: Object | None, url: str
) -> "Callable[[list[Object]], More]":
    from jhos.actions.status_more import more

    return more(cluster, hidden, name, route, url)
