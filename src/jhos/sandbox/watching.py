"""Watches as streams: what is there, what changes, bookmarks between, an end in time."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

from jhos.sandbox import failure, reading
from jhos.sandbox.call import Call
from jhos.sandbox.failure import Failure
from jhos.sandbox.kinds import Kind
from jhos.sandbox.store import Event, Expired, text_of

Object = dict[str, Any]
Render = Callable[[Object, bool], Object]
Seen = Callable[[Event], Event | None]

LONGEST_S = 3600
BOOKMARK_S = 30.0
INITIAL_END = {"k8s.io/initial-events-end": "true"}


def start_version(call: Call) -> int:
    """0 to begin with what is there; raises Failure for a version that cannot be read."""
    text = call.query.get("resourceVersion", "")
    if call.flag("sendInitialEvents"):
        _check_initial(call)
    version = reading.parse_version(text)
    if version is None:
        why = f'resourceVersion: Invalid value: "{text}": strconv.ParseUint: parsing "{text}": '
        raise Failure(500, f"{why}invalid syntax", reason="")
    return version


def _check_initial(call: Call) -> None:
    if call.query.get("resourceVersionMatch") != "NotOlderThan":
        why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
        cause = failure.forbidden_field("resourceVersionMatch", why)
        raise failure.invalid("meta.k8s.io", "ListOptions", "", [cause])


def lines(
    call: Call, render: Render, *, source: Kind | None = None, seen: Seen | None = None
) -> AsyncIterator[bytes]:
    """The events of the answer, empty bytes as a sign of life; `render(object, is_first)`.

    `source` is the stored kind of a view, `seen` what its user is shown of the events.
    Raises Failure at once, not while the answer is under way.
    """
    stored = replace(call, kind=source or call.kind)
    return _lines(call, stored, start_version(call), render, seen or reading.matches(stored))


async def _lines(
    call: Call, stored: Call, version: int, render: Render, seen: Seen
) -> AsyncIterator[bytes]:
    first = True
    if version == 0 or call.flag("sendInitialEvents"):
        version = call.store.version
        for obj in reading.selected(stored):
            if seen(Event(version, stored.kind.key, "ADDED", obj, None)) is not None:
                yield _line("ADDED", render(obj, first))
                first = False
        if call.flag("sendInitialEvents"):
            yield _bookmark(call, version, INITIAL_END)
    async for event in _events(call, stored.kind.key, version):
        if isinstance(event, bytes):
            yield event
        elif (shown := seen(event)) is not None:
            yield _line(shown.type, render(shown.object, first))
            first = False


async def _events(call: Call, kind: str, version: int) -> AsyncIterator[Event | bytes]:
    """Events, with bookmarks when nothing happens; ends at the time that the call sets."""
    store = call.store
    seconds = min(int(call.query.get("timeoutSeconds") or LONGEST_S), LONGEST_S)
    end = time.monotonic() + seconds
    try:
        past = store.since(kind, version)
    except Expired:
        error = Failure(410, f"too old resource version: {version} ({store.version})")
        yield _line("ERROR", error.status())
        return
    with store.subscription(kind) as queue:
        for event in past:
            yield event
        while (left := end - time.monotonic()) > 0:
            try:
                following = await asyncio.wait_for(queue.get(), min(left, BOOKMARK_S))
            except TimeoutError:
                marks = call.flag("allowWatchBookmarks")
                yield _bookmark(call, store.version, None) if marks else b""
                continue
            if following is None:
                return
            yield following


def _bookmark(call: Call, version: int, annotations: Object | None) -> bytes:
    meta: Object = {"resourceVersion": str(version)}
    if annotations:
        meta["annotations"] = annotations
    kind = call.kind
    return _line("BOOKMARK", {"kind": kind.kind, "apiVersion": kind.api_version, "metadata": meta})


def _line(type_: str, obj: Object) -> bytes:
    return f'{{"type":"{type_}","object":{text_of(obj)}}}\n'.encode()
