"""Merge, JSON and strategic patches."""

from typing import Any

import pytest

from jhos.sandbox import patch, schema

DEPLOYMENT = schema.of("apps", "v1", "Deployment")


def containers(*entries: Any) -> dict[str, Any]:
    return {"spec": {"template": {"spec": {"containers": list(entries)}}}}


def strategic(live: Any, change: Any) -> Any:
    return patch.strategic(live, change, DEPLOYMENT)


def test_a_merge_patch_removes_by_null_and_replaces_lists() -> None:
    live = {"data": {"a": "1", "b": "2"}, "list": [1, 2]}
    change = {"data": {"a": None, "c": "3"}, "list": [3]}
    assert patch.merge(live, change) == {"data": {"b": "2", "c": "3"}, "list": [3]}


def test_a_merge_patch_leaves_its_target_as_it_was() -> None:
    live = {"data": {"a": "1"}}
    patch.merge(live, {"data": {"a": "2"}})
    assert live == {"data": {"a": "1"}}


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ({"op": "add", "path": "/b", "value": 1}, {"a": [1, 2], "b": 1}),
        ({"op": "add", "path": "/a/-", "value": 3}, {"a": [1, 2, 3]}),
        ({"op": "add", "path": "/a/0", "value": 0}, {"a": [0, 1, 2]}),
        ({"op": "replace", "path": "/a/1", "value": 9}, {"a": [1, 9]}),
        ({"op": "remove", "path": "/a/0"}, {"a": [2]}),
        ({"op": "move", "from": "/a", "path": "/b"}, {"b": [1, 2]}),
        ({"op": "copy", "from": "/a/0", "path": "/b"}, {"a": [1, 2], "b": 1}),
        ({"op": "test", "path": "/a/0", "value": 1}, {"a": [1, 2]}),
    ],
)
def test_a_json_patch_is_carried_out(operation: Any, expected: Any) -> None:
    assert patch.json_patch({"a": [1, 2]}, [operation]) == expected


def test_a_slash_in_a_key_is_escaped_in_a_pointer() -> None:
    change = [{"op": "add", "path": "/x~1y", "value": "1"}]
    assert patch.json_patch({}, change) == {"x/y": "1"}


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/a", "value": "other"},
        {"op": "remove", "path": "/none"},
        {"op": "replace", "path": "/none", "value": 1},
        {"op": "add", "path": "/none/b", "value": 1},
    ],
)
def test_a_json_patch_that_does_not_fit_is_an_error(operation: Any) -> None:
    with pytest.raises(patch.PatchError):
        patch.json_patch({"a": "b"}, [operation])


def test_a_strategic_patch_merges_lists_by_their_key() -> None:
    live = containers({"name": "one", "image": "i", "env": [{"name": "A", "value": "a"}]})
    change = containers({"name": "one", "env": [{"name": "B", "value": "b"}]}, {"name": "two"})
    merged = strategic(live, change)["spec"]["template"]["spec"]["containers"]
    assert [c["name"] for c in merged] == ["one", "two"]
    assert merged[0]["image"] == "i"
    assert [variable["name"] for variable in merged[0]["env"]] == ["A", "B"]


def test_a_strategic_patch_deletes_an_entry_by_directive() -> None:
    live = containers({"name": "one"}, {"name": "two"})
    change = containers({"name": "two", "$patch": "delete"})
    assert strategic(live, change) == containers({"name": "one"})


def test_a_strategic_patch_replaces_a_list_by_directive() -> None:
    live = containers({"name": "one"}, {"name": "two"})
    change = containers({"name": "three"}, {"$patch": "replace"})
    assert strategic(live, change) == containers({"name": "three"})


def test_retain_keys_drops_what_is_not_named() -> None:
    live = {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}
    change = {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}
    assert strategic(live, change) == {"spec": {"strategy": {"type": "Recreate"}}}


def test_the_order_that_a_strategic_patch_sets_is_kept() -> None:
    live = containers({"name": "one"}, {"name": "two"})
    change = {"$setElementOrder/containers": [{"name": "two"}, {"name": "one"}]}
    merged = strategic(live, {"spec": {"template": {"spec": change}}})
    names = [c["name"] for c in merged["spec"]["template"]["spec"]["containers"]]
    assert names == ["two", "one"]
