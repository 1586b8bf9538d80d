"""The logs of a deployment: of its parts, of a user's server, of the newest build."""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Thread

from jhos import stalls
from jhos.actions.list_deployments import absent, names
from jhos.actions.servers import owner
from jhos.cluster.client import Cluster
from jhos.cluster.parallel import parallel
from jhos.cluster.wire import OUTAGE_S
from jhos.errors import BrokenOff, JhosError
from jhos.events import Event, State
from jhos.kinds import readiness
from jhos.objects import PARTS, SERVER, Object, ObjectRef, labels_of, of_component

BUILD = "build"
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT")
_PAUSE_S = 0.5
_BEGUN = {"running", "terminated"}  # states of a container that has a log
_NOT_BEGUN, _NEVER_BEGUN = ("New", "Pending"), ("Cancelled", "Error")  # phases of builds

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

    Raises JhosError where there is no log of that, and says why.
    """
    speaking = _speaking(cluster, name, of, excerpt)
    threads = [
        Thread(target=_follow, args=(cluster, each, excerpt, tell), daemon=True)
        for each in speaking[1:]
    ]
    for thread in threads:
        thread.start()
    _follow(cluster, speaking[0], excerpt, tell)
    for thread in threads:
        thread.join()


def _speaking(cluster: Cluster, name: str, of: str, excerpt: Excerpt) -> list[Object]:
    """Return the pods, or the build, that have a log; report why others have none."""
    found = [obj for obj in parallel(cluster.get, _sources(cluster, name, of)) if obj]
    if not found:
        raise _absent(cluster, name, of)
    reasons = [_no_log(cluster, obj, excerpt) for obj in found]
    words = [f"{ObjectRef.of(obj)} has no log yet: {why}."
             for obj, why in zip(found, reasons, strict=True) if why]  # fmt: skip
    if all(reasons):
        raise JhosError("\n".join(words), f"jhos status {name} -n {cluster.namespace} tells more.")
    for line in words:
        cluster.wire.report(Event("Logs", State.WARNING, line))
    return [obj for obj, why in zip(found, reasons, strict=True) if not why]


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


def _no_log(cluster: Cluster, obj: Object, excerpt: Excerpt) -> str:
    """Return why a build or a pod has no log yet; empty where it has one, or may have."""
    if obj["kind"] == "Build":
        waits = () if excerpt.follow else _NOT_BEGUN
        is_silent = obj.get("status", {}).get("phase", "New") in (*waits, *_NEVER_BEGUN)
        return readiness(obj).message if is_silent else ""
    states = (_status(obj, _first(obj)).get(key, {}) for key in ("state", "lastState"))
    if excerpt.previous or any(_BEGUN & state.keys() for state in states):
        return ""
    return _hold_up(cluster, obj)


def _hold_up(cluster: Cluster, pod: Object) -> str:
    """Return why the first container of a pod has not begun."""
    from jhos.cluster.premises import visible

    of_pod = f"involvedObject.name={pod['metadata']['name']},type=Warning"
    if stall := stalls.of_pod(pod, visible(cluster, "Event", fields=of_pod)):
        return stall.words
    status = pod.get("status", {})
    if message := status.get("message"):
        return str(message)
    for each in status.get("initContainerStatuses", []):
        if "running" in each.get("state", {}):
            return f"init container {each['name']} has not ended"
    if not pod["spec"].get("nodeName"):
        return "it has no node yet"
    reason = _status(pod, _first(pod)).get("state", {}).get("waiting", {}).get("reason")
    return f"container {_first(pod)} is waiting to start{f': {reason}' if reason else ''}"


def _first(pod: Object) -> str:
    """Return the name of the first container: where there are several, a log is of one."""
    return str(pod["spec"]["containers"][0]["name"])


def _status(pod: Object, container: str) -> Object:
    told: list[Object] = pod.get("status", {}).get("containerStatuses", [])
    return next((each for each in told if each["name"] == container), {})


def _follow(cluster: Cluster, obj: Object, excerpt: Excerpt, tell: Tell) -> None:
    ref = ObjectRef.of(obj)
    if ref.kind == "Build":
        lines = cluster.lines(ref, "log", **excerpt.query)
    else:
        query = {**excerpt.query, "container": _container(obj, excerpt.previous)}
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


def _container(pod: Object, previous: bool) -> str:
    """The first one.

    Raises JhosError where its `previous` log is asked for and it has not ended before.
    """
    name = _first(pod)
    if previous and not _status(pod, name).get("lastState", {}).get("terminated"):
        raise JhosError(
            f"There is no earlier log: container {name} of {ObjectRef.of(pod)} has not ended since "
            "the pod was made.",
            "Leave out --previous for what it says now.",
        )
    return name


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
