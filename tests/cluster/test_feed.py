from collections.abc import Iterator
from typing import Any

import pytest

from jhos.cluster.feed import feed
from jhos.errors import OutOfTime, Refused

Answer = Any


def pod(name: str, version: str = "1") -> dict[str, Any]:
    return {"metadata": {"name": name, "uid": name, "resourceVersion": version}}


class Server:
    """Of a cluster, lists and watches in a given order; an error is raised in its place."""

    def __init__(self, lists: list[Answer], watches: list[list[Answer]]) -> None:
        self.lists, self.watches = lists, watches
        self.watched_from: list[str] = []

    def list(self, _kind: str, *_: str) -> tuple[list[dict[str, Any]], str]:
        answer = self.lists.pop(0) if self.lists else []
        if isinstance(answer, Exception):
            raise answer
        return answer, "1"

    def watch(
        self, _kind: str, version: str, *_: object, **__: object
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        self.watched_from.append(version)
        yield from self.watches.pop(0) if self.watches else []


def events(server: Server, count: int) -> list[tuple[str, str]]:
    with feed(server, {"Pod": ""}) as changes:  # type: ignore[arg-type] # all that it uses
        found = [changes.next(10) for _ in range(count)]
    return [(each[1], each[2].get("metadata", {}).get("name", "")) for each in found if each]


def test_what_a_new_list_no_longer_has_is_deleted() -> None:
    server = Server([[pod("a"), pod("b")], [pod("b")]], [[("ERROR", {"code": 410})]])
    assert events(server, 6)[3:] == [("DELETED", "a"), ("MODIFIED", "b"), ("SYNCED", "")]


def test_a_watch_goes_on_from_the_last_version() -> None:
    server = Server([[]], [[("ADDED", pod("a", "7"))], [("DELETED", pod("a", "9"))]])
    assert events(server, 3) == [("SYNCED", ""), ("ADDED", "a"), ("DELETED", "a")]
    assert server.watched_from[:2] == ["1", "7"]


def test_a_short_outage_is_ridden_out() -> None:
    server = Server([OutOfTime("overloaded"), [pod("a")]], [])
    assert events(server, 2) == [("ADDED", "a"), ("SYNCED", "")]


@pytest.mark.parametrize("error", [Refused("not allowed"), KeyError("metadata")])
def test_what_does_not_pass_is_raised_where_one_waits(error: Exception) -> None:
    with pytest.raises(type(error)):
        events(Server([error], []), 1)
