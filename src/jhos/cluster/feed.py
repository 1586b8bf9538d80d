"""Changes of several kinds at once, each kept by one list and one watch that resumes."""

from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, Queue
from threading import Event as Flag
from threading import Thread

from jhos.cluster.client import Cluster
from jhos.errors import JhosError
from jhos.objects import Object

_WATCH_S = 30


@contextmanager
def feed(cluster: Cluster, selectors: dict[str, str]) -> Iterator["Feed"]:
    """Of each kind, the objects that its label selector picks."""
    changes = Feed()
    threads = [
        Thread(target=changes.follow, args=(cluster, kind, selector), daemon=True)
        for kind, selector in selectors.items()
    ]
    for thread in threads:
        thread.start()
    try:
        yield changes
    finally:
        changes.closed.set()


class Feed:
    """`(kind, event type, object)` as they come; SYNCED after the first list of a kind."""

    def __init__(self) -> None:
        self.queue: Queue[tuple[str, str, Object] | JhosError] = Queue()
        self.closed = Flag()

    def next(self, timeout_s: float) -> tuple[str, str, Object] | None:
        """None when nothing came in time. Raises what the watching raised."""
        try:
            item = self.queue.get(timeout=max(timeout_s, 0))
        except Empty:
            return None
        if isinstance(item, JhosError):
            raise item
        return item

    def follow(self, cluster: Cluster, kind: str, selector: str) -> None:
        failures = 0
        while not self.closed.is_set():
            try:
                self._follow_once(cluster, kind, selector)
                failures = 0
            except JhosError as error:
                failures += 1
                if error.exit_code == 4 or failures > 5:
                    self.queue.put(error)
                    return
                self.closed.wait(failures)

    def _follow_once(self, cluster: Cluster, kind: str, selector: str) -> None:
        """List, then watch from there until the history is gone (410)."""
        items, version = cluster.list(kind, selector)
        for item in items:
            self.queue.put((kind, "ADDED", item))
        self.queue.put((kind, "SYNCED", {}))
        while not self.closed.is_set():
            for event, obj in cluster.watch(kind, version, selector, _WATCH_S):
                if event == "ERROR":
                    return
                version = obj["metadata"]["resourceVersion"]
                if event != "BOOKMARK":
                    self.queue.put((kind, event, obj))
                if self.closed.is_set():
                    return
