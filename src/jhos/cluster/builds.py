"""The logs of builds: some lines of the end, or all as they come."""

from threading import Thread

from jhos.cluster.client import Cluster
from jhos.errors import JhosError
from jhos.events import Event, Report, State
from jhos.objects import ObjectRef

_END_S = 30  # for the rest of a log, once its build has ended


def log_of(cluster: Cluster, name: str, lines: int) -> str:
    """The last lines; empty where there is no log."""
    try:
        return cluster.text(ObjectRef("Build", name), "log", tailLines=str(lines)).rstrip()
    except JhosError:
        return ""


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
