"""Objects → ready, failed for a reason in words, or out of time; by watch."""

import time
from collections.abc import Collection, Iterable
from typing import TypeVar

from jhos.cluster.client import Cluster
from jhos.cluster.feed import Feed, feed
from jhos.errors import JhosError, OutOfTime, Refused
from jhos.events import Event, Report, State
from jhos.kinds import Readiness, Status, conditions_of, readiness
from jhos.objects import INSTANCE, Object, ObjectRef, labels_of

# Reasons of a waiting container that do not pass by themselves.
_FATAL = ("ImagePullBackOff", "InvalidImageName", "CreateContainerConfigError")
_TROUBLE = (*_FATAL, "ErrImagePull", "CrashLoopBackOff")
_CRASHES = 2  # restarts; a first failure may come from the order in which pods start
_LOG_LINES = 20
Key = TypeVar("Key")
_PARTS = "component in (hub,proxy,database)"


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
    in the way, OutOfTime at the deadline.
    """
    selector = f"{INSTANCE}={name}"
    selectors = {ref.kind: selector for ref in refs}
    objects: dict[ObjectRef, Object] = {}
    pods: dict[str, Object] = {}
    with feed(cluster, {**selectors, "Pod": f"app={name},{_PARTS}"}) as changes:
        while not all([_reported(cluster, objects.get(ref), ref, pods, report) for ref in refs]):
            for change in _pending(changes, deadline):
                _take(change, objects, pods)
            for pod in pods.values():
                _check(cluster, pod, objects)
            if time.monotonic() > deadline:
                raise _out_of_time(refs, objects, pods, timeout_s)


def until_gone(
    cluster: Cluster, refs: Iterable[ObjectRef], selector: str, timeout_s: float, report: Report
) -> None:
    """Wait until none of `refs` is there. Raises OutOfTime, naming what holds the rest."""
    deadline, left = time.monotonic() + timeout_s, set(refs)
    kinds = sorted({ref.kind for ref in left})
    if not left:
        return
    there: dict[ObjectRef, Object] = {}
    synced: set[str] = set()
    with feed(cluster, dict.fromkeys(kinds, selector)) as changes:
        while not (len(synced) == len(kinds) and left.isdisjoint(there)):
            change = changes.next(min(1, deadline - time.monotonic()))
            if change and change[1] == "SYNCED":
                synced.add(change[0])
            elif change:
                ref = ObjectRef(change[0], change[2]["metadata"]["name"])
                there.pop(ref, None) if change[1] == "DELETED" else there.update({ref: change[2]})
            waiting = sorted(left & there.keys())
            report(Event("Objects", State.RUNNING, f"waiting for {len(waiting)} to go"))
            if time.monotonic() > deadline:
                raise OutOfTime(
                    f"Still there after {timeout_s:.0f} s: {', '.join(map(str, waiting))}.",
                    "They are marked for deletion; run the same command again to wait on.",
                )
    report(Event("Objects", State.DONE))


def obstacle(pod: Object) -> str:
    """Why a pod does not run, in words; empty where nothing is wrong with it."""
    scheduled = conditions_of(pod).get("PodScheduled", {})
    if scheduled.get("status") == "False":
        return f"no node takes the pod: {scheduled.get('message', scheduled.get('reason', ''))}"
    for container in _containers(pod):
        waiting = container.get("state", {}).get("waiting", {})
        if waiting.get("reason") in _TROUBLE:
            words = waiting.get("message") or waiting["reason"]
            return f"container {container['name']}: {words}"
    return ""


def is_hopeless(pod: Object) -> bool:
    """Whether waiting on would be in vain."""
    return any(map(_is_stuck, _containers(pod)))


def _is_stuck(container: Object) -> bool:
    reason = container.get("state", {}).get("waiting", {}).get("reason")
    crashes: int = container.get("restartCount", 0)
    return reason in _FATAL or (reason == "CrashLoopBackOff" and crashes >= _CRASHES)


def _pending(changes: Feed, deadline: float) -> list[tuple[str, Object]]:
    """All that has come, waiting a little for the first."""
    taken = []
    change = changes.next(min(1, deadline - time.monotonic()))
    while change:
        if change[1] != "SYNCED":
            taken.append((change[1], {**change[2], "kind": change[0]}))
        change = changes.next(0)
    return taken


def _take(
    change: tuple[str, Object], objects: dict[ObjectRef, Object], pods: dict[str, Object]
) -> None:
    event, obj = change
    if obj["kind"] == "Pod":
        _put(pods, obj["metadata"]["uid"], event, obj)
    else:
        _put(objects, ObjectRef.of(obj), event, obj)


def _put(into: dict[Key, Object], key: Key, event: str, obj: Object) -> None:
    if event == "DELETED":
        into.pop(key, None)
    else:
        into[key] = obj


def _reported(
    cluster: Cluster, obj: Object | None, ref: ObjectRef, pods: dict[str, Object], report: Report
) -> bool:
    """Whether the object is ready; tells how it stands. Raises where it never will be."""
    state = _state(obj, pods)
    if state.status is Status.FAILED:
        where = f"{ref.kind.lower()}/{ref.name} -n {cluster.namespace}"
        kind = Refused if "exceeded quota" in state.message else JhosError
        raise kind(
            f"{ref} cannot become ready: {state.message}",
            f"Mend the cause and run the same command again (more: oc describe {where}).",
        )
    ready = state.status is Status.READY
    message = state.message or "ready"
    report(Event(str(ref), State.DONE if ready else State.RUNNING, message))
    return ready


def _state(obj: Object | None, pods: dict[str, Object]) -> Readiness:
    """With the words of a pod that is in trouble, where there is one."""
    if not obj:
        return Readiness(Status.PROGRESSING, "waiting for the cluster")
    state = readiness(obj)
    if state.status is not Status.PROGRESSING:
        return state
    words = next(filter(None, map(obstacle, _pods_of(obj, pods))), state.message)
    return Readiness(Status.PROGRESSING, words)


def _check(cluster: Cluster, pod: Object, objects: dict[ObjectRef, Object]) -> None:
    """Raise when the pod is of a current rollout and hopeless."""
    owner = next((obj for obj in objects.values() if pod in _pods_of(obj, {"": pod})), None)
    if not owner or not is_hopeless(pod) or not _is_current(owner):
        return
    name, where = pod["metadata"]["name"], cluster.namespace
    lines = _last_lines(cluster, pod)
    raise JhosError(
        f"{ObjectRef.of(owner)} cannot become ready: pod {name}, {obstacle(pod)}"
        + (f"\nThe last it said:\n{lines}" if lines else ""),
        f"Mend the cause and run the same command again (log: oc logs {name} -n {where}).",
    )


def _is_current(deployment: Object) -> bool:
    """Whether every pod that there is comes from the newest template."""
    status = deployment.get("status", {})
    seen = status.get("observedGeneration", 0) == deployment["metadata"].get("generation", 1)
    return bool(seen and status.get("replicas", 0) == status.get("updatedReplicas", 0))


def _pods_of(obj: Object, pods: dict[str, Object]) -> list[Object]:
    if obj["kind"] != "Deployment":
        return []
    wanted = obj["spec"]["selector"]["matchLabels"].items()
    living = (pod for pod in pods.values() if "deletionTimestamp" not in pod["metadata"])
    return [pod for pod in living if wanted <= labels_of(pod).items()]


def _containers(pod: Object) -> list[Object]:
    status = pod.get("status", {})
    return [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]


def _last_lines(cluster: Cluster, pod: Object) -> str:
    for container in _containers(pod):
        if container.get("restartCount", 0):
            try:
                return cluster.text(
                    ObjectRef("Pod", pod["metadata"]["name"]), "log",
                    container=container["name"], previous="true", tailLines=str(_LOG_LINES),
                )  # fmt: skip
            except JhosError:
                return ""
    return ""


def _out_of_time(
    refs: Iterable[ObjectRef],
    objects: dict[ObjectRef, Object],
    pods: dict[str, Object],
    timeout_s: float,
) -> OutOfTime:
    states = ((ref, _state(objects.get(ref), pods)) for ref in refs)
    waiting = [f"{ref}: {state.message}" for ref, state in states if state.status != Status.READY]
    return OutOfTime(
        f"Not ready after {timeout_s:.0f} s. " + "; ".join(waiting),
        "Run the same command again to go on waiting (--timeout SECONDS for longer).",
    )
