from typing import Any

import pytest

from jhos.differences import Difference, differences


def pod(*containers: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    meta = {"name": "alpha", **metadata}
    return {"kind": "Deployment", "metadata": meta, "spec": {"containers": list(containers)}}


def test_a_changed_field_has_a_path_with_the_names_of_items() -> None:
    before = pod({"name": "hub", "image": "a"}, {"name": "side", "image": "c"})
    after = pod({"name": "side", "image": "c"}, {"name": "hub", "image": "b"})
    assert differences(before, after) == (Difference("spec.containers[hub].image", "a", "b"),)


def test_what_comes_and_goes_is_none_on_one_side() -> None:
    hub, side = {"name": "hub"}, {"name": "side"}
    assert differences(pod(hub), pod(hub, side)) == (
        Difference("spec.containers[side]", None, side),
    )
    assert differences(pod(hub, side), pod(hub)) == (
        Difference("spec.containers[side]", side, None),
    )


def test_what_the_server_counts_is_no_difference() -> None:
    before = {**pod(resourceVersion="1", generation=1, managedFields=[]), "status": {"replicas": 1}}
    assert differences(before, pod(resourceVersion="2", generation=2)) == ()


@pytest.mark.parametrize(
    ("before", "after", "path"),
    [
        ({"rules": [{"verbs": ["get"]}]}, {"rules": [{"verbs": ["get", "list"]}]},
         "rules[0].verbs[1]"),
        ({"metadata": {"labels": {"a.b/c": "1"}}}, {"metadata": {"labels": {"a.b/c": "2"}}},
         "metadata.labels[a.b/c]"),
        ({"data": {"settings.yaml": "a"}}, {"data": {"settings.yaml": "b"}},
         "data[settings.yaml]"),
        ({"items": [{"name": "a"}, {"name": "a"}]}, {"items": [{"name": "a"}, {"name": "b"}]},
         "items[1].name"),
    ],
)  # fmt: skip
def test_paths_read_as_people_write_them(
    before: dict[str, Any], after: dict[str, Any], path: str
) -> None:
    common = {"kind": "Role", "metadata": {}}
    assert [each.path for each in differences({**common, **before}, {**common, **after})] == [path]


def test_an_item_without_a_name_that_comes_in_between_leaves_the_others_alone() -> None:
    def role(*rules: Any, command: list[str]) -> dict[str, Any]:
        return {"kind": "Role", "metadata": {}, "rules": list(rules), "command": command}

    first, second, new = ({"resources": [name]} for name in ("pods", "routes", "quotas"))
    before = role(first, second, command=["run", "--port=1", "--old"])
    after = role(first, new, second, command=["run", "--new", "--port=1"])
    assert differences(before, after) == (
        Difference("rules[1]", None, new),
        Difference("command[1]", None, "--new"),
        Difference("command[2]", "--old", None),
    )


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        ("Secret", {"data": {"a": "canary1"}}, {"data": {"a": "canary2"}}),
        ("Secret", {"data": {"a": "canary1"}}, {"data": None}),
        ("Route", {"spec": {"tls": {"key": "canary1"}}}, {"spec": {"tls": {"key": "canary2"}}}),
    ],
)
def test_secret_values_are_hidden(kind: str, before: dict[str, Any], after: dict[str, Any]) -> None:
    common = {"kind": kind, "metadata": {}}
    found = differences({**common, **before}, {**common, **after})
    assert len(found) == 1
    assert "canary" not in str(found)


def test_a_secret_that_somebody_wrote_into_a_config_map_is_left_out() -> None:
    def config(data: dict[str, str] | None) -> dict[str, Any]:
        return {"kind": "ConfigMap", "metadata": {}, "data": data}

    file = {"jupyterhub_config.py": "c.A.b = 1\nc.X.client_secret = 'abc'\n"}
    moved = config({"jupyterhub_config.py": "# moved\n"})
    assert differences(config(file), moved)[0].before == "c.A.b = 1\n…"
    assert "abc" not in f"{differences(config(None), config(file))}"
    assert "abc" not in f"{differences(config(file), config({}))}"
