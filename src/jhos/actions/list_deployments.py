"""The deployments of the project, also those that were torn down and left their data."""

from typing import NamedTuple

from jhos.cluster.client import Cluster
from jhos.cluster.errors import being_deleted
from jhos.cluster.parallel import together
from jhos.cluster.route import unless_away, url_of
from jhos.errors import JhosError, SettingsError
from jhos.events import Event, State
from jhos.inventory import is_own
from jhos.kinds import Status, readiness
from jhos.objects import INSTANCE, OURS, SERVER, Object, labels_of

TORN_DOWN = "torn down, data kept"


class Listed(NamedTuple):
    """`state`: ready, torn down, or the part that is not ready and why; `servers` that run."""

    name: str
    state: str
    url: str
    servers: int
    created: str  # as on the wire; "" where nothing runs

    @property
    def is_ready(self) -> bool:
        return self.state == Status.READY


def list_deployments(cluster: Cluster) -> list[Listed]:
    """Return them by name. While the API of routes is away, warn and leave the addresses out."""
    deployments, (routes, problem), configurations, servers = together(
        lambda: cluster.list("Deployment", OURS)[0],
        lambda: unless_away(cluster, lambda spared: spared.list("Route", OURS)[0], []),
        lambda: cluster.metadata("ConfigMap", OURS),
        lambda: cluster.metadata("Pod", f"component={SERVER}"),
    )
    if problem:
        cluster.wire.report(Event("Address", State.WARNING, f"No address is shown. {problem}"))
    names = {_instance(obj) for obj in (*deployments, *configurations) if _is_own(obj)}
    return [
        Listed(
            name=name,
            state=_state(
                parts := [each for each in deployments if _instance(each) == name],
                own := [each for each in routes if _instance(each) == name],
            ),
            url=url_of(cluster, own[0]) if own else "",
            servers=sum(labels_of(pod).get("app") == name for pod in servers),
            created=min((part["metadata"]["creationTimestamp"] for part in parts), default=""),
        )
        for name in sorted(names)
    ]


def names(cluster: Cluster) -> list[str]:
    """Of what `list_deployments` tells, in one request."""
    return sorted({_instance(obj) for obj in cluster.metadata("ConfigMap", OURS) if _is_own(obj)})


def absent(cluster: Cluster, name: str) -> JhosError:
    """Of a deployment that does not run: how it comes back, or which there are."""
    if cluster.phase == "Terminating":
        return being_deleted(cluster.namespace)
    there = names(cluster)
    if name in there:
        hint = f"jhos deploy --name {name} brings it back, with the data that was kept."
    elif there:
        hint = f"There are: {', '.join(there)}."
    else:
        hint = "jhos deploy makes one; -n PROJECT looks elsewhere."
    return SettingsError(f"No deployment {name} runs in project {cluster.namespace}.", hint)


def _is_own(obj: Object) -> bool:
    """Return whether the deployment that the label names owns it; a copy has only the label."""
    return is_own(_instance(obj), obj, ())


def _instance(obj: Object) -> str:
    return labels_of(obj).get(INSTANCE, "")


def _state(parts: list[Object], routes: list[Object]) -> str:
    if not parts:
        return TORN_DOWN
    for obj in (*parts, *routes):
        found = readiness(obj)
        if found.status is not Status.READY:
            return f"{obj['metadata']['name']}: {found.message or found.status}"
    return Status.READY
