"""Edits of the list of profiles."""

import pytest

from jhos.errors import SettingsError
from jhos.settings.profiles import (
    Row,
    added,
    changed,
    imported,
    missing,
    of_kubespawner,
    removed,
    replaced,
)

ROWS: list[Row] = [{"name": "small", "default": True}, {"name": "large", "memory": "4Gi"}]


def names(rows: list[Row]) -> list[str]:
    return [row["name"] for row in rows]


def test_a_new_one_comes_last_or_where_it_is_told_to() -> None:
    assert names(added(ROWS, {"name": "gpu"})) == ["small", "large", "gpu"]
    assert names(added(ROWS, {"name": "gpu"}, 1)) == ["gpu", "small", "large"]


def test_one_at_most_is_the_default() -> None:
    assert added(ROWS, {"name": "gpu", "default": True})[0] == {"name": "small"}
    assert changed(ROWS, "large", {"default": True}) == [
        {"name": "small"},
        {"name": "large", "memory": "4Gi", "default": True},
    ]


def test_a_change_keeps_the_place_and_what_it_does_not_name() -> None:
    rows = changed([*ROWS, {"name": "gpu"}], "large", {"cpu": "2", "memory": None})
    assert rows[1] == {"name": "large", "cpu": "2"}
    assert replaced(ROWS, "large", {"name": "huge"})[1] == {"name": "huge"}


def test_a_name_that_is_taken_or_unknown_is_told() -> None:
    with pytest.raises(SettingsError, match="large already"):
        added(ROWS, {"name": "large"})
    with pytest.raises(SettingsError, match="no profile lage") as caught:
        changed(ROWS, "lage", {})
    assert caught.value.hint == "Did you mean large?"
    assert missing(ROWS, ["small", "lage"]) == ["There is no profile lage. Did you mean large?"]


def test_an_edit_that_exists_already_counts_as_done() -> None:
    gpu = {"name": "gpu", "gpu": 1}
    once = added(ROWS, gpu, 1)
    assert added(once, gpu) == added(once, gpu, 1) == once
    with pytest.raises(SettingsError, match="gpu already"):
        added(once, gpu, 3)
    assert removed(removed(once, ["gpu"]), ["gpu"]) == ROWS


def test_an_import_replaces_in_place_and_adds_the_others() -> None:
    rows = imported(ROWS, [{"name": "gpu", "gpu": 1}, {"name": "small", "cpu": "1"}])
    assert rows == [{"name": "small", "cpu": "1"}, ROWS[1], {"name": "gpu", "gpu": 1}]


def test_a_profile_of_kubespawner_is_translated() -> None:
    listed = {
        "display_name": "With a GPU",
        "description": "For training",
        "default": True,
        "kubespawner_override": {
            "image": "s2i-tensorflow-notebook:3.12",
            "mem_limit": "4G",
            "cpu_limit": 2,
            "environment": {"A": "b"},
            "extra_resource_limits": {"nvidia.com/gpu": "1"},
            "supplemental_gids": [100],
        },
    }
    assert of_kubespawner(listed) == {
        "name": "with-a-gpu",
        "title": "With a GPU",
        "description": "For training",
        "default": True,
        "gpu": 1,
        "image": "s2i-tensorflow-notebook:3.12",
        "memory": "4Gi",
        "cpu": "2",
        "environment": {"A": "b"},
        "supplemental_groups": [100],
    }


def test_what_no_profile_can_say_is_refused() -> None:
    with pytest.raises(SettingsError, match="cannot say: lifecycle_hooks"):
        of_kubespawner({"display_name": "Odd", "kubespawner_override": {"lifecycle_hooks": {}}})
