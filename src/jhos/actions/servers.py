"""The notebook servers of a deployment: what runs, and stopping it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from jhos.actions.reach import reach
from jhos.cluster.client import Cluster
from jhos.cluster.parallel import parallel, together
from jhos.cluster.premises import quantity
from jhos.errors import OutOfTime
from jhos.events import Event, Report, State
from jhos.hubapi import HubApi, Server
from jhos.objects import SERVER, Object, annotations_of, of_component
from jhos.volumes import owner_of

_SERVER = "hub.jupyter.org/servername"
_POLL_S = 1.0


@dataclass(frozen=True, kw_only=True)
class Running:
    """A server and, where the cluster has its pod, what that is made of."""

    server: Server
    pod: str
    image: str
    memory: Decimal | None  # bytes, the limit
    idle_s: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Pod:
    """What is remembered of one, where there may be thousands."""

    owner: tuple[str, str]
    name: str
    image: str
    memory: Decimal | None


@dataclass(frozen=True, kw_only=True)
class Which:
    """Servers by user (`ada`, or `ada/second`), all, or those idle for so many seconds."""

    names: tuple[str, ...] = ()
    all: bool = False
    idle_s: int | None = None

    def of(self, servers: Sequence[Running]) -> list[Running]:
        """Return those that run."""
        if self.idle_s is not None:
            least = self.idle_s
            servers = [each for each in servers if each.idle_s is not None and each.idle_s >= least]
        if not self.names:
            return list(servers)
        return [each for each in servers if names_of(each) & set(self.names)]


def names_of(each: Running) -> set[str]:
    """Return the names by which a command may choose it."""
    return {each.server.user, each.server.title}


def list_servers(cluster: Cluster, name: str) -> list[Running]:
    """By user. Three requests to the cluster, and one to the hub for 200 users."""
    return _running(cluster, name, reach(cluster, name))


def stop_servers(
    cluster: Cluster,
    name: str,
    which: Which,
    *,
    approve: Callable[[list[Running]], bool],
    timeout_s: float,
    report: Report,
) -> list[Running] | None:
    """Those that were stopped; None when `approve` said no. Returns when they are gone."""
    deadline = time.monotonic() + timeout_s
    api = reach(cluster, name)
    going = which.of(_running(cluster, name, api))
    if not going:
        return []
    if not approve(going):
        return None
    stop(api, [each.server for each in going], deadline, report)
    return going


def stop(api: HubApi, servers: Sequence[Server], deadline: float, report: Report) -> None:
    """Raises OutOfTime where one is still there at `deadline`."""
    parallel(lambda each: api.stop(each.user, each.name), servers)
    left = {each.title for each in servers}
    while left:
        report(Event("Servers", State.RUNNING, f"waiting for {len(left)} to stop"))
        left &= {each.title for each in api.servers()}
        if left and time.monotonic() > deadline:
            raise OutOfTime(
                f"Still stopping: {', '.join(sorted(left))}.",
                "The hub goes on with it: jhos servers list shows how it stands.",
            )
        if left:
            time.sleep(_POLL_S)
    report(Event("Servers", State.DONE, f"{len(servers)} stopped"))


def idle_s(server: Server, now: datetime) -> int | None:
    """Seconds since the last that its user or a kernel did."""
    seen = server.last_activity or server.started
    return max(0, round((now - seen).total_seconds())) if seen else None


def _running(cluster: Cluster, name: str, api: HubApi) -> list[Running]:
    def pods() -> list[_Pod]:
        return cluster.census("Pod", of_component(name, SERVER), _pod, whole=True)[0]

    listed, servers = together(pods, api.servers)
    by_owner = {pod.owner: pod for pod in listed}
    now = datetime.now(UTC)
    found = [_joined(each, by_owner.get((each.user, each.name)), now) for each in servers]
    return sorted(found, key=lambda each: each.server.title)


def _pod(obj: Object) -> _Pod:
    container = obj["spec"]["containers"][0]
    limits = container.get("resources", {}).get("limits", {})
    return _Pod(
        owner=owner(obj),
        name=obj["metadata"]["name"],
        image=container["image"],
        memory=quantity(limits["memory"]) if "memory" in limits else None,
    )


def _joined(server: Server, pod: _Pod | None, now: datetime) -> Running:
    return Running(
        server=server,
        pod=pod.name if pod else "",
        image=pod.image if pod else "",
        memory=pod.memory if pod else None,
        idle_s=idle_s(server, now),
    )


def owner(obj: Object) -> tuple[str, str]:
    """The user and the server whose pod or volume it is."""
    return owner_of(obj), annotations_of(obj).get(_SERVER, "")
