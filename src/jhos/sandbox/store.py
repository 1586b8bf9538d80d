"""All objects, in memory and written through to one SQLite file, with the history of changes.

Objects that went in or come out are never changed in place: a write puts a new dict in the place
of the old. So reads, lists and watches need no copies.
"""

import asyncio
import json
import sqlite3
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Object = dict[str, Any]
Key = tuple[str, str]  # namespace, empty for cluster-wide kinds, and name

FIRST_VERSION = 1000
HISTORY = 4000  # events kept for watches that resume

SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (kind TEXT, namespace TEXT, name TEXT, body TEXT,
                                    PRIMARY KEY (kind, namespace, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS events (version INTEGER PRIMARY KEY, kind TEXT, type TEXT, body TEXT);
"""
REPLACE = "REPLACE INTO objects VALUES (:kind, :namespace, :name, :body)"
DELETE = "DELETE FROM objects WHERE kind = :kind AND namespace = :namespace AND name = :name"
INSERT_EVENT = "INSERT INTO events VALUES (:version, :kind, :type, :body)"


class Expired(Exception):
    """History does not reach back to the version asked for."""


class Kept(dict[str, Any]):
    """An object of the store with its JSON, which is made once and sent many times."""

    __slots__ = ("text",)

    def __init__(self, obj: Object, text: str) -> None:
        super().__init__(obj)
        self.text = text


def text_of(obj: Object) -> str:
    """The object as JSON without blanks."""
    return obj.text if isinstance(obj, Kept) else json.dumps(obj, separators=(",", ":"))


def _kept(obj: Object) -> Kept:
    return Kept(obj, text_of(obj))


@dataclass(frozen=True, slots=True)
class Event:
    """One change; `before` is the object until then, None when it is new or no longer known."""

    version: int
    kind: str
    type: str
    object: Object
    before: Object | None


class Store:
    """The objects of one cluster, `Store(path)`, or `Store(None)` for one that keeps no file."""

    def __init__(self, path: Path | None = None) -> None:
        self._objects: dict[str, dict[Key, Object]] = {}
        self._events: deque[Event] = deque()
        self._watchers: dict[str, set[asyncio.Queue[Event | None]]] = {}
        self.version = FIRST_VERSION
        self._db = sqlite3.connect(path or ":memory:", isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(SCHEMA)
        self._load()

    def end_watches(self) -> None:
        for queues in self._watchers.values():
            for queue in queues:
                queue.put_nowait(None)

    def close(self) -> None:
        self.end_watches()
        self._db.close()

    def get(self, kind: str, namespace: str, name: str) -> Object | None:
        return self._objects.get(kind, {}).get((namespace, name))

    def objects(self, kind: str, namespace: str = "", at: int | None = None) -> list[Object]:
        """In the order of namespace and name; `namespace` empty is all, `at` a past version."""
        objects = self._objects.get(kind, {}) if at is None else self._past(kind, at)
        keys = sorted(key for key in objects if not namespace or key[0] == namespace)
        return [objects[key] for key in keys]

    def put(self, kind: str, obj: Object) -> Object:
        """Write under the next version and return what is kept then; takes `obj` over."""
        self.version += 1
        meta = obj["metadata"]
        kept = _kept({**obj, "metadata": {**meta, "resourceVersion": str(self.version)}})
        objects = self._objects.setdefault(kind, {})
        key = (meta.get("namespace", ""), meta["name"])
        before = objects.get(key)
        objects[key] = kept
        event = Event(self.version, kind, "MODIFIED" if before else "ADDED", kept, before)
        self._record(event, REPLACE, key)
        return kept

    def remove(self, kind: str, namespace: str, name: str) -> Object:
        """Take an object out; its last state carries the version of the removal."""
        self.version += 1
        before = self._objects[kind].pop((namespace, name))
        meta = {**before["metadata"], "resourceVersion": str(self.version)}
        gone = _kept({**before, "metadata": meta})
        event = Event(self.version, kind, "DELETED", gone, before)
        self._record(event, DELETE, (namespace, name))
        return gone

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Several writes in one of the file's transactions."""
        self._db.execute("BEGIN")
        try:
            yield
        finally:
            self._db.execute("COMMIT")

    @contextmanager
    def subscription(self, kind: str) -> Iterator[asyncio.Queue[Event | None]]:
        """A queue of every change from now on; None ends it when the store closes."""
        queue: asyncio.Queue[Event | None] = asyncio.Queue()
        watchers = self._watchers.setdefault(kind, set())
        watchers.add(queue)
        try:
            yield queue
        finally:
            watchers.discard(queue)

    def since(self, kind: str, version: int) -> list[Event]:
        """The changes after a version; raises Expired when history does not reach so far."""
        if version < self._oldest:
            raise Expired
        found: list[Event] = []
        for event in reversed(self._events):
            if event.version <= version:
                break
            if event.kind == kind:
                found.append(event)
        return found[::-1]

    def _past(self, kind: str, version: int) -> dict[Key, Object]:
        objects = dict(self._objects.get(kind, {}))
        for event in reversed(self.since(kind, version)):
            meta = event.object["metadata"]
            key = (meta.get("namespace", ""), meta["name"])
            if event.type == "ADDED":
                objects.pop(key, None)
            elif event.before is None:
                raise Expired
            else:
                objects[key] = event.before
        return objects

    def _record(self, event: Event, statement: str, key: Key) -> None:
        """Write an object and its event to the file as one, and tell those who watch."""
        row = {
            "version": event.version,
            "kind": event.kind,
            "type": event.type,
            "namespace": key[0],
            "name": key[1],
            "body": text_of(event.object),
        }
        with nullcontext() if self._db.in_transaction else self.transaction():
            self._db.execute(statement, row)
            self._db.execute(INSERT_EVENT, row)
        self._events.append(event)
        if len(self._events) > HISTORY:
            self._forget(HISTORY // 4)
        for queue in self._watchers.get(event.kind, ()):
            queue.put_nowait(event)

    def _forget(self, count: int) -> None:
        for _ in range(count):
            self._oldest = self._events.popleft().version
        self._db.execute("DELETE FROM events WHERE version <= ?", (self._oldest,))

    def _load(self) -> None:
        for kind, namespace, name, body in self._db.execute("SELECT * FROM objects"):
            self._objects.setdefault(kind, {})[(namespace, name)] = Kept(json.loads(body), body)
        latest: dict[str, Object] = {}
        rows = self._db.execute("SELECT version, kind, type, body FROM events ORDER BY version")
        for version, kind, type_, body in rows:
            obj = Kept(json.loads(body), body)
            uid = obj["metadata"].get("uid", "")
            self._events.append(Event(version, kind, type_, obj, latest.get(uid)))
            latest[uid] = obj
            self.version = version
        self._oldest = self._events[0].version - 1 if self._events else self.version
