"""Bring the images of a deployment to the nodes before a user waits for them.

A project may neither list nodes nor name them, but a pod that shuns its own kind lands on a node of
its own: such pods are made until one finds none.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from jhos.actions.list_deployments import absent
from jhos.actions.stored import read_stored
from jhos.cluster.client import Cluster
from jhos.cluster.facts import resolve_all
from jhos.cluster.feed import Feed, feed
from jhos.errors import DeletedMeanwhile, JhosError, OutOfTime
from jhos.events import Event, Report, State
from jhos.kinds import conditions_of
from jhos.objects import Object, ObjectRef, labels, of_component
from jhos.settings.load import load
from jhos.settings.model import Settings

_COMPONENT = "prepull"
_POLL_S = 1.0
_IN_VAIN = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName")


@dataclass(frozen=True, kw_only=True)
class Pulled:
    """`problem`: why the image is not on the node; `seconds` from the pod's start on."""

    image: str
    node: str
    seconds: float
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Nodes that profiles choose, and what is to be there: pull specs by the name in settings."""

    node_selector: Mapping[str, str]
    tolerations: tuple[Mapping[str, Any], ...]
    images: Mapping[str, str]


def prepull(
    cluster: Cluster,
    name: str,
    images: Sequence[str],
    *,
    nodes: int,
    timeout_s: float,
    report: Report,
) -> list[Pulled]:
    """`images`: more than those of the settings. On as many nodes as take a pod, `nodes` at most.

    Raises SettingsError for an image that is not there, OutOfTime at the end of `timeout_s`. The
    pods go, however this ends.
    """
    deadline = time.monotonic() + timeout_s
    stored = read_stored(cluster, name)
    if not stored.exists:
        raise absent(cluster, name)
    wanted = places(load(stored.settings), images, lambda specs: _resolved(cluster, specs))
    pulled = []
    for number, place in enumerate(wanted):
        with _cleaned(cluster, name), feed(cluster, {"Pod": _selector(name)}) as changes:
            run = _Run(cluster, name, place, number, changes, deadline, report)
            pulled += run.everywhere(nodes)
    return pulled


def places(
    settings: Settings, more: Sequence[str], resolve: Callable[[list[str]], dict[str, str]]
) -> list[Place]:
    """Images that are wanted on the same nodes together."""
    sites: dict[str, tuple[Any, set[str]]] = {
        repr(({}, ())): (({}, ()), {settings.notebook.image, *more})
    }
    for profile in settings.profiles:
        site = (dict(profile.node_selector), tuple(profile.tolerations))
        _, there = sites.setdefault(repr(site), (site, set()))
        there.add(profile.image or settings.notebook.image)
    specs = resolve(sorted({image for _, there in sites.values() for image in there}))
    return [
        Place(
            node_selector=site[0],
            tolerations=site[1],
            images={image: specs[image] for image in sorted(there)},
        )
        for site, there in sites.values()
    ]


def _resolved(cluster: Cluster, specs: list[str]) -> dict[str, str]:
    found = resolve_all(cluster, specs)
    for each in found.values():
        if isinstance(each, JhosError):
            raise each
    return {spec: str(each) for spec, each in found.items()}


@dataclass
class _Run:
    """The pods of one place, and where they are."""

    cluster: Cluster
    name: str
    place: Place
    number: int
    changes: Feed
    deadline: float
    report: Report
    pods: dict[str, Object] = field(default_factory=dict)
    placed: list[str] = field(default_factory=list)  # pods, each on a node of its own

    def everywhere(self, most: int) -> list[Pulled]:
        while len(self.placed) < most and self._place_one():
            pass
        if not self.placed:
            raise JhosError("No node takes a pod of this project just now.", "See: jhos check")
        self._until(lambda: all(map(self._is_over, self.placed)))
        return [each for pod in self.placed for each in _outcome(self.pods[pod], self.place)]

    def _place_one(self) -> bool:
        """False where no further node takes a pod."""
        manifest = pod_of(self.name, self.number, len(self.placed), self.place)
        pod = self.cluster.create(manifest)["metadata"]["name"]
        self._until(lambda: self._is_placed(pod))
        node = self.pods[pod]["spec"].get("nodeName")
        taken = [self.pods[each]["spec"].get("nodeName") for each in self.placed]
        if node and node not in taken:
            self.placed.append(pod)
            return True
        self.cluster.delete(ObjectRef("Pod", pod), at_once=True)
        return False

    def _until(self, holds: Callable[[], bool]) -> None:
        """Raises OutOfTime at the deadline."""
        while not holds():
            change = self.changes.next(min(_POLL_S, self.deadline - time.monotonic()))
            if change and change[1] == "DELETED" and change[2]["metadata"]["name"] in self.placed:
                pod = change[2]["metadata"]["name"]
                raise DeletedMeanwhile(
                    f"Pod {pod}, which pulls the images, was deleted meanwhile.", "Run it again."
                )
            if change and change[1] != "SYNCED":
                self.pods[change[2]["metadata"]["name"]] = change[2]
            self._tell()
            if time.monotonic() > self.deadline:
                raise OutOfTime("The images are not on all nodes yet.", "Run it again to go on.")

    def _tell(self) -> None:
        for pod in map(self.pods.__getitem__, self.placed):
            done, all_of = _outcome(pod, self.place), len(self.place.images)
            ended = State.FAILED if any(each.problem for each in done) else State.DONE
            state = ended if len(done) == all_of else State.RUNNING
            node = pod["spec"]["nodeName"]
            self.report(Event(f"Node {node}", state, f"{len(done)} of {all_of} images"))

    def _is_placed(self, pod: str) -> bool:
        """Or no node takes it."""
        found = self.pods.get(pod)
        return bool(found and (found["spec"].get("nodeName") or _is_refused(found)))

    def _is_over(self, pod: str) -> bool:
        found = self.pods.get(pod)
        return bool(found) and len(_outcome(found or {}, self.place)) == len(self.place.images)


@contextmanager
def _cleaned(cluster: Cluster, name: str) -> Iterator[None]:
    """Without pods of this or of an earlier run before, and without any after."""
    _clean(cluster, name)
    try:
        yield
    finally:
        _clean(cluster, name)


def _clean(cluster: Cluster, name: str) -> None:
    for pod in cluster.metadata("Pod", _selector(name)):
        cluster.delete(ObjectRef.of(pod), uid=pod["metadata"]["uid"], at_once=True)


def _selector(name: str) -> str:
    return of_component(name, _COMPONENT)


def _is_refused(pod: Object) -> bool:
    scheduled = conditions_of(pod).get("PodScheduled", {})
    return scheduled.get("status") == "False"


def _outcome(pod: Object, place: Place) -> list[Pulled]:
    """Of the images whose containers are over, or cannot begin."""
    found = []
    node, begun = pod["spec"].get("nodeName", ""), pod.get("status", {}).get("startTime")
    for image, status in zip(place.images, _statuses(pod), strict=False):
        state = status.get("state", {})
        waiting, over = state.get("waiting", {}), state.get("terminated")
        if over:
            seconds = _between(begun, over.get("startedAt") or begun)
            found.append(Pulled(image=image, node=node, seconds=seconds))
        elif waiting.get("reason") in _IN_VAIN:
            why = waiting.get("message") or waiting["reason"]
            found.append(Pulled(image=image, node=node, seconds=0.0, problem=why))
    return found


def _statuses(pod: Object) -> list[Object]:
    """In the order of the containers."""
    told = {each["name"]: each for each in pod.get("status", {}).get("containerStatuses") or []}
    return [told.get(each["name"], {}) for each in pod["spec"]["containers"]]


def _between(begin: str, end: str) -> float:
    return max(0.0, (datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds())


def pod_of(name: str, number: int, count: int, place: Place) -> Object:
    """A pod whose containers end at once, each of another image."""
    own = labels(name, _COMPONENT)
    shunned = {
        "labelSelector": {"matchLabels": {"app": name, "component": _COMPONENT}},
        "topologyKey": "kubernetes.io/hostname",
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"{name}-prepull-{number}-{count}", "labels": own},
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": 0,
            "activeDeadlineSeconds": 3600,
            "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
            "nodeSelector": dict(place.node_selector),
            "tolerations": [dict(each) for each in place.tolerations],
            "affinity": {
                "podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [shunned]}
            },
            "containers": [
                _container(index, spec) for index, spec in enumerate(place.images.values())
            ],
        },
    }


def _container(index: int, spec: str) -> Object:
    return {
        "name": f"image-{index}",
        "image": spec,
        "command": ["sh", "-c", "exit 0"],
        "resources": {
            "requests": {"memory": "16Mi", "cpu": "10m"},
            "limits": {"memory": "64Mi", "cpu": "100m"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
    }
