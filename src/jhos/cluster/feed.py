"""Changes of several kinds at once, each kept by one list and one watch that resumes."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from queue import Empty, Queue
from threading import Event as Flag
from threading import Thread
from typing import NamedTuple

from jhos.cluster.client import Cluster
from jhos.errors import JhosError, Refused
from jhos.objects import Object

_OUTLINE = ("name", "uid", "finalizers")
_WATCH_S = 300
_PAUSE_S = 0.5  # between watches, and between lists, that end at once
_FAILURES = 5  # in a row, with a longer pause after each


@contextmanager
def feed(
    cluster: Cluster,
    selectors: Mapping[str, str],
    fields: Mapping[str, str] | None = None,
    since: Mapping[str, str] | None = None,
) -> Iterator["Feed"]:
    """Of each kind, the objects that its label selector picks; `fields`: its field selector.

    What is picked by fields is told for more insight only: not to be allowed to see it is no error.
    `since`: only name, uid and finalizers; what is there at that version is not listed, where one
    is given.
    """
    changes = Feed()
    threads = [
        Thread(
            target=changes.follow,
            args=(cluster, _Choice(kind, selector, (fields or {}).get(kind, ""), since is None)),
            kwargs={"version": (since or {}).get(kind, "")},
            daemon=True,
        )
        for kind, selector in selectors.items()
    ]
    for thread in threads:
        thread.start()
    try:
        yield changes
    finally:
        changes.closed.set()


class _Choice(NamedTuple):
    """Of which objects the changes are told, by labels and fields; `whole` or an outline."""

    kind: str
    labels: str
    fields: str
    whole: bool

    def kept(self, obj: Object) -> Object:
        """What of an object is held: there may be thousands."""
        meta = obj["metadata"]
        return obj if self.whole else {"metadata": {k: meta[k] for k in _OUTLINE if k in meta}}


class Feed:
    """`(kind, event type, object)` as they come; SYNCED after each list of a kind.

    An object that a new list no longer has comes as DELETED.
    """

    def __init__(self) -> None:
        self.queue: Queue[tuple[str, str, Object] | Exception] = Queue()
        self.closed = Flag()

    def next(self, timeout_s: float) -> tuple[str, str, Object] | None:
        """None when nothing came in time. Raises what the watching raised."""
        try:
            item = self.queue.get(timeout=max(timeout_s, 0))
        except Empty:
            return None
        if isinstance(item, Exception):
            raise item
        return item

    def pending(self, timeout_s: float) -> list[tuple[str, str, Object]]:
        """All that has come, waiting for the first."""
        taken, change = [], self.next(timeout_s)
        while change:
            taken.append(change)
            change = self.next(0)
        return taken

    def follow(self, cluster: Cluster, choice: _Choice, version: str = "") -> None:
        """From `version` on; without one, what is there comes first."""
        known: dict[str, Object] = {}
        failures = 0
        while not self.closed.is_set():
            began = time.monotonic()
            try:
                version = version or self._list(cluster, choice, known)
                failures = 0
                self._watch(cluster, choice, version, known)
                version = ""
                self._rest(began)
            except JhosError as error:
                if isinstance(error, Refused) and choice.fields:
                    return
                failures += 1
                if isinstance(error, Refused) or failures > _FAILURES:
                    self.queue.put(error)
                    return
                version = ""
                self.closed.wait(failures)
            except Exception as error:
                self.queue.put(error)
                return

    def _list(self, cluster: Cluster, choice: _Choice, known: dict[str, Object]) -> str:
        """Brings `known` (by uid) up to date; returns the version to watch from."""
        kind = choice.kind
        if choice.whole:
            items, version = cluster.list(kind, choice.labels, choice.fields)
        else:
            items, version = cluster.census(kind, choice.labels, choice.kept)
        listed = {item["metadata"]["uid"]: item for item in items}
        for uid in known.keys() - listed.keys():
            self.queue.put((kind, "DELETED", known[uid]))
        for uid, item in listed.items():
            self.queue.put((kind, "MODIFIED" if uid in known else "ADDED", item))
        known.clear()
        known.update(listed)
        self.queue.put((kind, "SYNCED", {}))
        return version

    def _watch(
        self, cluster: Cluster, choice: _Choice, version: str, known: dict[str, Object]
    ) -> None:
        """Until the server's history is gone (410) or the feed is closed."""
        while not self.closed.is_set():
            began = time.monotonic()
            changes = cluster.watch(
                choice.kind,
                version,
                choice.labels,
                choice.fields,
                timeout_s=_WATCH_S,
                whole=choice.whole,
            )
            for event, obj in changes:
                if event == "ERROR":
                    return
                version = obj["metadata"]["resourceVersion"]
                self._pass_on(choice.kind, event, choice.kept(obj), known)
                if self.closed.is_set():
                    return
            self._rest(began)

    def _rest(self, began: float) -> None:
        if time.monotonic() - began < _PAUSE_S:
            self.closed.wait(_PAUSE_S)

    def _pass_on(self, kind: str, event: str, obj: Object, known: dict[str, Object]) -> None:
        if event == "BOOKMARK":
            return
        if event == "DELETED":
            known.pop(obj["metadata"]["uid"], None)
        else:
            known[obj["metadata"]["uid"]] = obj
        self.queue.put((kind, event, obj))
