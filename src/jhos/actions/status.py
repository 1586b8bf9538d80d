"""How a deployment is: its parts, its hub, what the project has room for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from jhos.actions.list_deployments import TORN_DOWN, absent
from jhos.actions.reach import hub_api
from jhos.actions.storage import claims_of
from jhos.actions.stored import read_stored
from jhos.checks import room
from jhos.cluster.client import Cluster
from jhos.cluster.parallel import together
from jhos.cluster.premises import free, quantity
from jhos.cluster.route import certificate_expiry, url_of
from jhos.errors import JhosError, Refused
from jhos.kinds import Status as Ready
from jhos.kinds import readiness
from jhos.objects import INSTANCE, PARTS, Object, ObjectRef, component_of, of_component
from jhos.settings.load import load
from jhos.stalls import of_pod

_RECENT = timedelta(hours=1)


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


@dataclass(frozen=True)
class Warned:
    last: datetime
    about: str
    message: str
    times: int


@dataclass(frozen=True, kw_only=True)
class More:
    """`room`: how many servers fit beside those that run; None: no quota limits them.

    `certificate`: when that of the address ends; None: there is none, or it is not to be seen.
    `storage`: the number of users' volumes and their size in bytes.
    """

    room: int | None
    storage: tuple[int, int]
    certificate: datetime | None
    warnings: tuple[Warned, ...]


@dataclass(frozen=True, kw_only=True)
class Status:
    name: str
    namespace: str
    url: str
    parts: tuple[Part, ...]
    hub: Hub
    quotas: tuple[Quota, ...]
    more: More | None = None

    @property
    def ready(self) -> bool:
        return bool(self.parts) and all(part.ready for part in self.parts) and not self.hub.problem


def status(cluster: Cluster, name: str, *, full: bool) -> Status:
    """Four requests to the cluster, three to the hub; `full`: five more.

    Raises SettingsError where there is no such deployment.
    """
    deployments, route, secret = together(
        lambda: cluster.list("Deployment", f"{INSTANCE}={name}")[0],
        lambda: cluster.get(ObjectRef("Route", name)),
        lambda: cluster.get(ObjectRef("Secret", f"{name}-secrets")),
    )
    if not deployments and not secret:
        raise absent(cluster, name)
    url = url_of(cluster, route) if route else ""
    well = all(readiness(each).status is Ready.READY for each in deployments)
    hub, quotas, pods, more = together(
        lambda: _hub(cluster, name, route, secret),
        # One of both: what is in the way matters more than what is left.
        lambda: [] if not well and not full else _attempt(cluster, "ResourceQuota"),
        lambda: [] if well else cluster.list("Pod", of_component(name, *PARTS))[0],
        lambda: _more(cluster, name, route, url) if full else None,
    )
    return Status(
        name=name,
        namespace=cluster.namespace,
        url=url,
        parts=_parts(deployments, pods),
        hub=hub,
        quotas=tuple(_quotas(quotas)),
        more=more(quotas) if more else None,
    )


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
) -> Callable[[list[Object]], More]:
    """What the quotas, read meanwhile, make whole."""
    stored, claims, events, expiry = together(
        lambda: read_stored(cluster, name),
        lambda: claims_of(cluster, name),
        lambda: _attempt(cluster, "Event", fields="type=Warning"),
        lambda: certificate_expiry(route, url) if route else None,
    )
    notebook = load(stored.settings).notebook
    return lambda quotas: More(
        room=room(free(quotas), notebook),
        storage=(len(claims), sum(int(quantity(each.volume.size)) for each in claims)),
        certificate=expiry,
        warnings=tuple(_warned(name, events, datetime.now(UTC))),
    )


def _attempt(cluster: Cluster, kind: str, fields: str = "") -> list[Object]:
    """[] where the user may not look."""
    try:
        return cluster.list(kind, fields=fields)[0]
    except Refused:
        return []


def _warned(name: str, events: Sequence[Object], now: datetime) -> list[Warned]:
    """Of the deployment's objects in the last hour, the newest first."""
    found = []
    for event in events:
        about, last = event["involvedObject"], _last(event)
        own = about["name"] == name or about["name"].startswith(f"{name}-")
        if own and last and now - last < _RECENT and not _is_of_a_start(event):
            title = f"{about['kind']} {about['name']}"
            found.append(Warned(last, title, event.get("message", ""), event.get("count") or 1))
    return sorted(found, key=lambda each: each.last, reverse=True)


def _is_of_a_start(event: Object) -> bool:
    message: str = event.get("message") or ""
    return message.startswith("Startup probe failed")


def _last(event: Object) -> datetime | None:
    text = event.get("lastTimestamp") or event.get("eventTime") or event.get("firstTimestamp")
    return datetime.fromisoformat(text) if text else None
