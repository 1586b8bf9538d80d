"""The logs of a deployment: of its parts, of a user's server, of the newest build."""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Thread

from jhos.actions.list_deployments import names
from jhos.actions.reach import absent
from jhos.actions.servers import owner
from jhos.cluster.client import Cluster
from jhos.errors import JhosError
from jhos.objects import PARTS, SERVER, Object, ObjectRef, labels_of, of_component
from jhos.settings.load import check_name

BUILD = "build"

Tell = Callable[[str, str], None]  # (source, line)


@dataclass(frozen=True, kw_only=True)
class Excerpt:
    """What of a log: `since_s` seconds back, `tail` lines; of the container before it crashed."""

    follow: bool = False
    since_s: int | None = None
    tail: int | None = None
    previous: bool = False
    timestamps: bool = False

    @property
    def query(self) -> dict[str, str]:
        values = {
            "follow": self.follow,
            "sinceSeconds": self.since_s,
            "tailLines": self.tail,
            "previous": self.previous,
            "timestamps": self.timestamps,
        }
        return {
            key: str(value).lower()
            for key, value in values.items()
            if value is not None and value is not False
        }


def logs(cluster: Cluster, name: str, of: str, excerpt: Excerpt, tell: Tell) -> None:
    """`of`: a part, `build`, or a user; several pods are told side by side.

    Raises JhosError where there is no log of that.
    """
    check_name(name)
    refs = _sources(cluster, name, of)
    if not refs:
        raise _absent(cluster, name, of)
    threads = [
        Thread(target=_follow, args=(cluster, each, excerpt, tell), daemon=True)
        for each in refs[1:]
    ]
    for thread in threads:
        thread.start()
    _follow(cluster, refs[0], excerpt, tell)
    for thread in threads:
        thread.join()


def _sources(cluster: Cluster, name: str, of: str) -> list[ObjectRef]:
    if of == BUILD:
        return _newest_build(cluster, name)
    if of in PARTS:
        pods = cluster.metadata("Pod", of_component(name, of))
    else:
        pods = cluster.metadata("Pod", of_component(name, SERVER))
        user, _, server = of.partition("/")
        pods = [pod for pod in pods if owner(pod) == (user, server)]
    return sorted(map(ObjectRef.of, pods))


def _newest_build(cluster: Cluster, name: str) -> list[ObjectRef]:
    """Of the deployment's own image, else of those that jhos builds for all."""
    builds = cluster.metadata("Build")
    own = [each for each in builds if _config(each) == f"{name}-nb"]
    newest = sorted(own or builds, key=lambda each: str(each["metadata"]["creationTimestamp"]))
    return [ObjectRef.of(each) for each in newest[-1:]]


def _config(build: Object) -> str:
    return labels_of(build).get("buildconfig", "")


def _follow(cluster: Cluster, ref: ObjectRef, excerpt: Excerpt, tell: Tell) -> None:
    query = excerpt.query if ref.kind == "Build" else {**excerpt.query, **_container(cluster, ref)}
    for line in cluster.lines(ref, "log", **query):
        tell(ref.name, line)


def _container(cluster: Cluster, ref: ObjectRef) -> dict[str, str]:
    """The first: where there are several, a log needs to say of which."""
    pod = cluster.get(ref)
    containers = (pod or {}).get("spec", {}).get("containers", [])
    return {"container": containers[0]["name"]} if containers else {}


def _absent(cluster: Cluster, name: str, of: str) -> JhosError:
    if name not in names(cluster):
        return absent(cluster, name)
    if of == BUILD:
        return JhosError(f"Nothing was built in project {cluster.namespace}.")
    if of in PARTS:
        return JhosError(f"The {of} of {name} has no pod.", f"jhos status {name} tells why.")
    return JhosError(
        f"User {of} of {name} runs no server.",
        f"jhos servers list {name}; parts are {', '.join(PARTS)} and {BUILD}.",
    )
