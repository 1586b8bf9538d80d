"""The logs of a deployment: of its parts, of a user's server, of the newest build."""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Thread

from jhos.actions.list_deployments import absent, names
from jhos.actions.servers import owner
from jhos.cluster.client import Cluster
from jhos.cluster.wire import OUTAGE_S
from jhos.errors import BrokenOff, JhosError
from jhos.objects import PARTS, SERVER, Object, ObjectRef, labels_of, of_component

BUILD = "build"
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT")
_PAUSE_S = 0.5

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
    if ref.kind == "Build":
        lines = cluster.lines(ref, "log", **excerpt.query)
    else:
        query = {**excerpt.query, **_container(cluster, ref, excerpt.previous)}
        lines = (
            _without_end(cluster, ref, query)
            if excerpt.follow
            else cluster.lines(ref, "log", **query)
        )
    for line in lines:
        tell(ref.name, line)


def _without_end(cluster: Cluster, ref: ObjectRef, query: dict[str, str]) -> Iterator[str]:
    """Where the connection breaks, from the line after the last one on."""
    stamped, told, last = "timestamps" in query, "", ""
    query = {**query, "timestamps": "true"}
    while True:
        cluster.wire.keep_trying(OUTAGE_S)
        try:
            for line in cluster.lines(ref, "log", **query):
                stamp, _, text = line.partition(" ")
                if not _STAMP.match(stamp):  # what a kubelet says itself
                    yield line
                elif stamp > told:
                    last = stamp
                    yield line if stamped else text
            return
        except BrokenOff:
            time.sleep(_PAUSE_S)
        if last:
            told = last
            query = {key: query[key] for key in query if key not in ("tailLines", "sinceSeconds")}
            query["sinceTime"] = last


def _container(cluster: Cluster, ref: ObjectRef, previous: bool) -> dict[str, str]:
    """The first: where there are several, a log needs to say of which.

    Raises JhosError where its `previous` log is asked for and it has not ended before.
    """
    pod = cluster.get(ref) or {}
    containers = pod.get("spec", {}).get("containers", [])
    if not containers:
        return {}
    name = containers[0]["name"]
    told = pod.get("status", {}).get("containerStatuses", [])
    ended = any(each["name"] == name and each.get("lastState", {}).get("terminated")
                for each in told)  # fmt: skip
    if previous and not ended:
        raise JhosError(
            f"There is no earlier log: container {name} of {ref} has not ended since the pod was "
            "made.",
            "Leave out --previous for what it says now.",
        )
    return {"container": name}


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
