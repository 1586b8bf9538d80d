"""The log of a build, and the reason why it does not start."""

from threading import Thread

from jhos.cluster.client import Cluster
from jhos.errors import JhosError
from jhos.events import Event, Report, State
from jhos.objects import Object, ObjectRef

# Of warnings, those of a build and its pod that keep it from running.
_HINDRANCES = (
    "FailedCreate", "InvalidOutput", "FailedScheduling", "FailedMount", "FailedCreatePodSandBox",
)  # fmt: skip
_SECONDS = len("2026-01-01T00:00:00")
_END_S = 30  # for the rest of a log, once its build has ended


def log_of(cluster: Cluster, name: str, lines: int) -> str:
    """The last lines; empty where there is no log."""
    try:
        return cluster.text(ObjectRef("Build", name), "log", tailLines=str(lines)).rstrip()
    except JhosError:
        return ""


def why_not_started(cluster: Cluster, name: str) -> str:
    """Return the cluster's reason why the build does not run; empty where none is known.

    Events come first: OpenShift cancels the build of an upload that it gives up, which replaces
    the message of the build itself.
    """
    try:
        build = cluster.get(ObjectRef("Build", name))
        if build is None:
            return ""
        for owner in (name, f"{name}-build"):
            events, _ = cluster.list("Event", fields=f"involvedObject.name={owner},type=Warning")
            if told := [event for event in events if _hinders(event, build)]:
                return str(max(told, key=_time).get("message", ""))
    except JhosError:
        return ""
    status = build.get("status") or {}
    return "" if status.get("reason") == "CancelledBuild" else status.get("message") or ""


def _hinders(event: Object, build: Object) -> bool:
    """Return whether the event keeps this build from running, not an earlier one of its name."""
    since: str = build["metadata"]["creationTimestamp"]
    return event.get("reason") in _HINDRANCES and _time(event) >= since[:_SECONDS]


def _time(event: Object) -> str:
    """Return when the event was last seen, to the second."""
    seen: str = event.get("lastTimestamp") or event.get("eventTime") or ""
    return seen[:_SECONDS]


class Following:
    """The log of a build, told line by line from its begin to its end."""

    def __init__(self, cluster: Cluster, name: str, spec: str, report: Report) -> None:
        self.cluster, self.ref, self.spec = cluster, ObjectRef("Build", name), spec
        self.report = report
        self.thread: Thread | None = None

    def start(self) -> None:
        """Once; later calls do nothing."""
        if self.thread is None:
            self.thread = Thread(target=self._tell, daemon=True)
            self.thread.start()

    def finish(self) -> None:
        """Until the log has ended."""
        self.start()
        if self.thread:
            self.thread.join(_END_S)

    def _tell(self) -> None:
        told = 0
        try:
            for line in self.cluster.lines(self.ref, "log", follow="true"):
                told += 1
                self.report(Event(f"Image {self.spec}", State.SAID, line))
        except JhosError as error:
            problem = f"the log could not be followed to its end ({told} lines): {error.message}"
            self.report(Event(f"Image {self.spec}", State.WARNING, problem))
