from typing import Any

from jhos.volumes import volume_of


def claim(**status: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "course-nb-ada", "annotations": {"hub.jupyter.org/username": "Ada L"}},
        "spec": {"resources": {"requests": {"storage": "1Gi"}}, "storageClassName": "fast"},
        "status": status,
    }


def test_a_volume_is_told_with_its_owner_and_what_was_asked_for() -> None:
    found = volume_of(claim())
    assert (found.owner, found.size, found.storage_class) == ("Ada L", "1Gi", "fast")


def test_what_the_cluster_gave_counts_where_it_gave_more() -> None:
    assert volume_of(claim(capacity={"storage": "10Gi"})).size == "10Gi"


def test_the_database_s_volume_has_no_owner() -> None:
    bare = {"metadata": {"name": "course-db"}, "spec": {}}
    assert (volume_of(bare).owner, volume_of(bare).size) == ("", "")
