"""The phases of a build: what its status says in each, and when it may begin. Pure."""

from collections.abc import Sequence
from datetime import datetime

from jhos.sandbox.client import Object
from jhos.sandbox.controllers.meta import annotations, labels, parse_time, timestamp, with_condition
from jhos.sandbox.images import REGISTRY

DONE = ("Complete", "Failed", "Cancelled", "Error")
NUMBER = "openshift.io/build.number"
POLICY = "openshift.io/build.start-policy"
POD_REJECTED = "CannotCreateBuildPod"  # as the reason of a status


def is_done(build: Object) -> bool:
    return phase(build) in DONE


def phase(build: Object) -> str:
    return str(build.get("status", {}).get("phase", "New"))


def has_run(build: Object) -> bool:
    """Return whether the build runs, or did before it ended."""
    conditions = build.get("status", {}).get("conditions") or []
    return any(condition["type"] == "Running" for condition in conditions)


def number(build: Object) -> int:
    return int(annotations(build).get(NUMBER, 0))


def waits_for(build: Object, siblings: Sequence[Object]) -> Object | None:
    """The build of the same config that has to end first, by the policy of this one."""
    policy = labels(build).get(POLICY, "Serial")
    if policy == "Parallel":
        return None
    earlier = [s for s in siblings if not is_done(s) and number(s) < number(build)]
    return min(earlier, key=number, default=None)


def is_overtaken(build: Object, siblings: Sequence[Object]) -> bool:
    """Under SerialLatestOnly a build that has not begun gives way to a later one."""
    return labels(build).get(POLICY) == "SerialLatestOnly" and any(
        number(s) > number(build) for s in siblings
    )


def pending(build: Object, reference: str, now: datetime) -> Object:
    """The change of the status, as a merge patch; the same goes for those below."""
    return _turned(build, "Pending", now) | {
        "outputDockerImageReference": reference or None,
        "reason": None,
        "message": None,
    }


def running(build: Object, now: datetime) -> Object:
    return _turned(build, "Running", now) | {"startTimestamp": timestamp(now)}


def complete(build: Object, digest: str, now: datetime) -> Object:
    return _ended(build, "Complete", now) | {"output": {"to": {"imageDigest": digest}}}


def failed(build: Object, reason: str, message: str, now: datetime, snippet: str = "") -> Object:
    """`snippet`: the end of the log."""
    told = {"reason": reason, "message": message, "logSnippet": snippet or None}
    return _ended(build, "Failed", now) | told


def cancelled(build: Object, now: datetime) -> Object:
    told = {"reason": "CancelledBuild", "message": "The build was cancelled by the user."}
    return _ended(build, "Cancelled", now) | told


def pod_deleted(build: Object, now: datetime) -> Object:
    message = "The pod for this build was deleted before the build completed."
    return _ended(build, "Error", now) | {"reason": "BuildPodDeleted", "message": message}


def output_reference(build: Object) -> str:
    """`REGISTRY/NAMESPACE/NAME:TAG` of the stream tag that the build pushes to."""
    to = build["spec"].get("output", {}).get("to") or {}
    if to.get("kind") == "ImageStreamTag":
        return f"{REGISTRY}/{to.get('namespace', build['metadata']['namespace'])}/{to['name']}"
    return str(to.get("name", ""))


def surplus(config: Object, builds: Sequence[Object]) -> list[Object]:
    """Ended builds beyond the history that their config keeps."""
    ended = sorted(filter(is_done, builds), key=number, reverse=True)
    good = [build for build in ended if phase(build) == "Complete"]
    bad = [build for build in ended if phase(build) != "Complete"]
    spec = config["spec"]
    return [
        *good[spec.get("successfulBuildsHistoryLimit", 5) :],
        *bad[spec.get("failedBuildsHistoryLimit", 5) :],
    ]


def _turned(build: Object, phase_: str, now: datetime) -> Object:
    """Into another phase; each leaves a condition of its name, true only for the present one."""
    conditions = [
        condition | {"status": "False"}
        for condition in build.get("status", {}).get("conditions") or []
    ]
    conditions = with_condition(conditions, phase_, "True", "", "", now)
    stamped = [condition | {"lastUpdateTime": timestamp(now)} for condition in conditions]
    return {"phase": phase_, "conditions": stamped}


def _ended(build: Object, phase_: str, now: datetime) -> Object:
    """One that never ran has begun when it ended."""
    started = build.get("status", {}).get("startTimestamp") or timestamp(now)
    times = {"startTimestamp": started, "completionTimestamp": timestamp(now)}
    seconds = max(0, int((now - parse_time(started)).total_seconds()))
    duration = {"duration": seconds * 10**9} if seconds else {}
    return _turned(build, phase_, now) | times | duration
