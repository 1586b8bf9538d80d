"""Objects → ready, failed for a reason in words, or out of time; by watch."""

import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from jhos import stalls
from jhos.cluster import lease
from jhos.cluster.client import Cluster
from jhos.cluster.errors import being_deleted
from jhos.cluster.feed import Feed, feed
from jhos.cluster.route import until_answered
from jhos.errors import DeletedMeanwhile, JhosError, OutOfTime, Refused
from jhos.events import Event, Report, State
from jhos.kinds import Readiness, Status, readiness
from jhos.objects import INSTANCE, PARTS, Object, ObjectRef, labels_of, of_component
from jhos.stalls import Stall

_LOG_LINES = 20
_NAMED = 20  # objects in one message


def until_ready(
    cluster: Cluster,
    name: str,
    refs: Collection[ObjectRef],
    timeout_s: float,
    deadline: float,
    report: Report,
) -> None:
    """Wait for `refs` of deployment `name` until `deadline`, which is `timeout_s` after the start.

    Raises JhosError with the reason as soon as one cannot become ready, Refused where a quota is
    in the way, DeletedMeanwhile or BeingDeleted where one is deleted, OutOfTime at the deadline.
    """
    selector = f"{INSTANCE}={name}"
    selectors = dict.fromkeys([*(ref.kind for ref in refs), "PersistentVolumeClaim"], selector)
    selectors |= {"Pod": of_component(name, *PARTS), "Event": ""}
    seen = _Seen()
    with feed(cluster, selectors, fields={"Event": "type=Warning"}) as changes:
        while not all([_reported(cluster, name, ref, seen, report) for ref in refs]):
            for kind, event, obj in changes.pending(min(1, deadline - time.monotonic())):
                seen.take(kind, event, obj)
            for pod in list(seen.of_kind("Pod")):
                _check(cluster, name, pod, seen)
            if time.monotonic() > deadline:
                raise _out_of_time(refs, seen, timeout_s)


@dataclass(frozen=True)
class _Seen:
    """The objects as the watches told them, by kind and uid; the kinds of which they told all."""

    objects: dict[str, dict[str, Object]] = field(default_factory=dict)
    listed: set[str] = field(default_factory=set)

    def take(self, kind: str, event: str, obj: Object) -> None:
        held = self.objects.setdefault(kind, {})
        if event == "SYNCED":
            self.listed.add(kind)
        elif event == "DELETED":
            held.pop(obj["metadata"]["uid"], None)
        else:
            held[obj["metadata"]["uid"]] = {**obj, "kind": kind}

    def of_kind(self, kind: str) -> Collection[Object]:
        return self.objects.get(kind, {}).values()

    def get(self, ref: ObjectRef) -> Object | None:
        return next((obj for obj in self.of_kind(ref.kind) if ObjectRef.of(obj) == ref), None)

    def warnings(self, obj: Object) -> list[Object]:
        """The events that tell of the object."""
        uid = obj["metadata"]["uid"]
        events = self.of_kind("Event")
        return [event for event in events if event["involvedObject"].get("uid") == uid]

    def pods_of(self, obj: Object) -> list[Object]:
        return [pod for pod in self.of_kind("Pod") if _is_of(pod, obj)]


def until_open(cluster: Cluster, name: str, url: str, timeout_s: float, report: Report) -> None:
    """Wait for the hub to answer at its address; `url` is empty if it has no route.

    Raises as `until_ready` does.
    """
    route = ObjectRef("Route", name)
    if not url:
        raise deleted_meanwhile(cluster, name, route)
    try:
        until_answered(cluster, url, timeout_s, report)
    except OutOfTime:
        _check_there(cluster, name, route)
        raise


def _check_there(cluster: Cluster, name: str, ref: ObjectRef) -> None:
    """Raises where the object is deleted. A watch may only have missed that it was replaced."""
    found = cluster.get(ref)
    if not found or "deletionTimestamp" in found["metadata"]:
        raise deleted_meanwhile(cluster, name, ref)


def deleted_meanwhile(cluster: Cluster, name: str, ref: ObjectRef) -> JhosError:
    """Return the error for an object of deployment `name` that was there before."""
    if cluster.phase == "Terminating":
        return being_deleted(cluster.namespace)
    holder = lease.holder(cluster, name) if ref == ObjectRef("Deployment", name) else ""
    if holder or not cluster.get(ObjectRef("ConfigMap", f"{name}-inventory")):
        by = f" by {holder}" if holder else ""
        return DeletedMeanwhile(
            f"Deployment {name} was torn down meanwhile{by}.",
            f"To deploy it again, with the data that was kept: jhos deploy --name {name} "
            f"-n {cluster.namespace}",
        )
    return DeletedMeanwhile(
        f"{ref} was deleted meanwhile.", "Run the same command again to create it again."
    )


class Leaving:
    """What is being deleted, as watches tell it; an object is the one of its uid."""

    def __init__(self, changes: Feed) -> None:
        self.changes = changes
        self.there: dict[str, Object] = {}
        self.gone: set[str] = set()
        self.listed: set[str] = set()  # kinds of which `there` has all

    def until_gone(self, objects: Iterable[Object], timeout_s: float, report: Report) -> None:
        """Raises OutOfTime, naming what holds the rest."""
        deadline = time.monotonic() + timeout_s
        left = {obj["metadata"]["uid"]: obj for obj in objects}
        self._strike(left, left)
        while left:
            report(Event("Objects", State.RUNNING, f"waiting for {len(left)} to go"))
            self._strike(left, self._heard(min(1, deadline - time.monotonic()), left))
            if left and time.monotonic() > deadline:
                raise self._out_of_time(list(left.values()), timeout_s)
        report(Event("Objects", State.DONE))

    def _strike(self, left: dict[str, Object], uids: Iterable[str]) -> None:
        for uid in [each for each in uids if each in left]:
            unlisted = left[uid]["kind"] in self.listed and uid not in self.there
            if uid in self.gone or unlisted:
                del left[uid]

    def _heard(self, timeout_s: float, left: Iterable[str]) -> set[str]:
        """Takes in what has come; returns the uids of what may be gone."""
        heard: set[str] = set()
        for kind, event, obj in self.changes.pending(timeout_s):
            if event == "SYNCED":
                self.listed.add(kind)
                heard.update(left)
            elif event == "DELETED":
                uid = obj["metadata"]["uid"]
                self.there.pop(uid, None)
                self.gone.add(uid)
                heard.add(uid)
            else:
                self.there[obj["metadata"]["uid"]] = obj
        return heard

    def _out_of_time(self, waiting: list[Object], timeout_s: float) -> OutOfTime:
        newest = ((obj, self.there.get(obj["metadata"]["uid"], obj)) for obj in waiting)
        said = sorted(f"{ObjectRef.of(obj)}{_holders(new)}" for obj, new in newest)
        return OutOfTime(
            f"Still there after {timeout_s:.0f} s: {', '.join(said[:_NAMED])}"
            + (f" and {len(said) - _NAMED} more." if len(said) > _NAMED else "."),
            "They are marked for deletion; run the same command again to wait on.",
        )


@contextmanager
def leaving(
    cluster: Cluster, kinds: Iterable[str], selector: str, since: Mapping[str, str] | None = None
) -> Iterator[Leaving]:
    """Watches objects of the kinds; `since`: from which version of each, where it is known."""
    selectors = dict.fromkeys(sorted(kinds), selector)
    with feed(cluster, selectors, since=since or {}) as changes:
        yield Leaving(changes)


def _holders(obj: Object) -> str:
    """Who must let go of an object that is being deleted."""
    held = obj["metadata"].get("finalizers") or []
    return f" (held by {', '.join(held)})" if held else ""


def _reported(cluster: Cluster, name: str, ref: ObjectRef, seen: _Seen, report: Report) -> bool:
    """Whether the object is ready; tells how it stands. Raises where it never will be."""
    obj = seen.get(ref)
    if not obj and ref.kind not in seen.listed:
        return False  # what may well be ready is not said to be waited for
    if not obj or "deletionTimestamp" in obj["metadata"]:
        _check_there(cluster, name, ref)
    state = _state(obj, seen)
    if state.status is Status.FAILED:
        found = stalls.refusal(state.message)
        hint = found.hint or "Mend the cause and run the same command again."
        kind = Refused if found.hint else JhosError
        more = f"More: jhos status {name} -n {cluster.namespace}"
        raise kind(f"{ref} cannot become ready: {found.words}", f"{hint} {more}")
    ready = state.status is Status.READY
    message = state.message or "ready"
    report(Event(str(ref), State.DONE if ready else State.RUNNING, message))
    return ready


def _state(obj: Object | None, seen: _Seen) -> Readiness:
    """With the words of what holds it up, where something does."""
    if not obj:
        return Readiness(Status.PROGRESSING, "waiting for the cluster")
    state = readiness(obj)
    if state.status is not Status.PROGRESSING:
        return state
    held_up = (_stall(pod, seen) for pod in seen.pods_of(obj))
    words = next((each.words for each in held_up if each), state.message)
    return Readiness(Status.PROGRESSING, words)


def _stall(pod: Object, seen: _Seen) -> Stall | None:
    """A claim of the pod says more than the pod that waits for it."""
    volumes = (each.get("persistentVolumeClaim") for each in pod["spec"].get("volumes") or [])
    for source in filter(None, volumes):
        claim = seen.get(ObjectRef("PersistentVolumeClaim", source["claimName"]))
        if claim and (found := stalls.of_claim(claim, seen.warnings(claim))):
            return found
    return stalls.of_pod(pod, seen.warnings(pod))


def _check(cluster: Cluster, name: str, pod: Object, seen: _Seen) -> None:
    """Raise when the pod is of a current rollout and hopeless."""
    found = _stall(pod, seen)
    owner = next((obj for obj in seen.of_kind("Deployment") if _is_of(pod, obj)), None)
    if not found or not found.hopeless or not owner or not _is_current(owner):
        return
    lines = _last_lines(cluster, pod)
    part = labels_of(pod)["component"]
    more = f"jhos logs {name} {part} --previous" if lines else f"jhos status {name}"
    hint = found.hint or stalls.advice(lines) or "Mend the cause and run the same command again."
    raise JhosError(
        f"{ObjectRef.of(owner)} cannot become ready: {ObjectRef.of(pod)}, {found.words}"
        + (f"\nThe last it said:\n{lines}" if lines else ""),
        f"{hint} More: {more} -n {cluster.namespace}",
    )


def _is_current(deployment: Object) -> bool:
    """Whether every pod that there is comes from the newest template."""
    status = deployment.get("status", {})
    seen = status.get("observedGeneration", 0) == deployment["metadata"].get("generation", 1)
    return bool(seen and status.get("replicas", 0) == status.get("updatedReplicas", 0))


def _is_of(pod: Object, obj: Object) -> bool:
    """Whether the Deployment wants the pod; one that is going counts no more."""
    if obj["kind"] != "Deployment" or "deletionTimestamp" in pod["metadata"]:
        return False
    wanted = obj["spec"]["selector"]["matchLabels"].items()
    return bool(wanted <= labels_of(pod).items())


def _last_lines(cluster: Cluster, pod: Object) -> str:
    container = stalls.crashed(pod)
    if not container:
        return ""
    try:
        return cluster.text(
            ObjectRef("Pod", pod["metadata"]["name"]), "log",
            container=container, previous="true", tailLines=str(_LOG_LINES),
        )  # fmt: skip
    except JhosError:
        return ""


def _out_of_time(refs: Iterable[ObjectRef], seen: _Seen, timeout_s: float) -> OutOfTime:
    states = ((ref, _state(seen.get(ref), seen)) for ref in refs)
    waiting = {ref: state.message for ref, state in states if state.status != Status.READY}
    pods = (pod for ref in waiting if (obj := seen.get(ref)) for pod in seen.pods_of(obj))
    hints = dict.fromkeys(found.hint for pod in pods if (found := _stall(pod, seen)) and found.hint)
    return OutOfTime(
        f"Not ready after {timeout_s:.0f} s. "
        + "; ".join(f"{ref}: {message}" for ref, message in waiting.items()),
        " ".join([
            *hints, "Run the same command again to go on waiting (--timeout SECONDS for longer)."
        ]),
    )  # fmt: skip
