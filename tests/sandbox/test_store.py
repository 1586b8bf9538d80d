"""The store: versions, history, the file."""

import json
from pathlib import Path
from typing import Any

import pytest

from jhos.sandbox.store import HISTORY, Expired, Store, text_of


def obj(name: str, value: str = "", namespace: str = "demo") -> dict[str, Any]:
    meta = {"name": name, "namespace": namespace, "uid": f"{namespace}-{name}"}
    return {"metadata": meta, "data": value}


def names(store: Store, namespace: str = "", at: int | None = None) -> list[str]:
    return [found["metadata"]["name"] for found in store.objects("things", namespace, at)]


def test_each_write_has_the_next_version() -> None:
    store = Store()
    versions = [int(store.put("things", obj(n))["metadata"]["resourceVersion"]) for n in "ab"]
    assert versions[1] == versions[0] + 1 == store.version


def test_objects_come_in_the_order_of_namespace_and_name() -> None:
    store = Store()
    for name, namespace in (("b", "x"), ("a", "y"), ("a", "x")):
        store.put("things", obj(name, namespace=namespace))
    assert names(store) == ["a", "b", "a"]
    assert names(store, "x") == ["a", "b"]


def test_a_past_version_can_be_listed() -> None:
    store = Store()
    store.put("things", obj("a"))
    then = store.version
    store.put("things", obj("b"))
    store.remove("things", "demo", "a")
    assert names(store, at=then) == ["a"]
    assert names(store) == ["b"]


def test_the_history_tells_what_was_before() -> None:
    store = Store()
    start = store.version
    store.put("things", obj("a", "1"))
    store.put("things", obj("a", "2"))
    store.remove("things", "demo", "a")
    events = store.since("things", start)
    assert [event.type for event in events] == ["ADDED", "MODIFIED", "DELETED"]
    assert events[1].before is not None
    assert events[1].before["data"] == "1"


def test_a_subscription_gets_the_changes_of_its_kind() -> None:
    store = Store()
    with store.subscription("things") as queue:
        store.put("others", obj("x"))
        store.put("things", obj("a"))
        event = queue.get_nowait()
    assert event is not None
    assert event.object["metadata"]["name"] == "a"
    assert queue.empty()


def test_history_that_is_forgotten_has_expired() -> None:
    store = Store()
    start = store.version
    for number in range(HISTORY + 1):
        store.put("things", obj("a", str(number)))
    with pytest.raises(Expired):
        store.since("things", start)


def test_objects_history_and_version_survive_a_restart(tmp_path: Path) -> None:
    first = Store(tmp_path / "store")
    start = first.version
    first.put("things", obj("a", "1"))
    first.put("things", obj("a", "2"))
    first.close()
    second = Store(tmp_path / "store")
    assert second.version == first.version
    assert second.objects("things") == first.objects("things")
    assert [event.type for event in second.since("things", start)] == ["ADDED", "MODIFIED"]
    second.close()


def test_the_text_of_what_is_kept_is_its_json(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    store.put("things", obj("a", "ü"))
    changed = store.put("things", {**store.objects("things")[0], "data": "other"})
    store.close()
    loaded = Store(tmp_path / "store").objects("things")[0]
    assert json.loads(text_of(changed)) == changed == loaded == json.loads(text_of(loaded))
    assert json.loads(text_of({**loaded, "data": "copy"}))["data"] == "copy"
