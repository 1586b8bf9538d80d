"""What belongs to a deployment."""

from typing import Any

import pytest

from jhos.inventory import inventory, is_own, recorded
from jhos.objects import MANAGED_BY, Object, ObjectRef, labels
from jhos.render import Facts, render
from jhos.settings.load import load


def named(name: str, kind: str = "ConfigMap", **more: str) -> Object:
    return {"kind": kind, "metadata": {"name": name, "labels": {**labels("alpha", "hub"), **more}}}


@pytest.mark.parametrize(
    "settings", [{}, {"database": {"type": "sqlite"}}, {"metrics": {"enabled": True}}]
)
def test_whatever_is_rendered_is_known_by_its_name(facts: Facts, settings: dict[str, Any]) -> None:
    rendered = render(load({"name": "alpha", **settings}), facts)
    assert all(is_own("alpha", obj, ()) for obj in rendered)


@pytest.mark.parametrize("name", ["alpha-cfg-copy", "my-alpha-cfg", "alpha-revision-x", "beta-cfg"])
def test_another_name_is_that_of_a_copy_unless_the_inventory_has_it(name: str) -> None:
    assert not is_own("alpha", named(name), ())
    assert is_own(
        "alpha", named(name), recorded(inventory("alpha", [ObjectRef("ConfigMap", name)]))
    )


@pytest.mark.parametrize(
    "spawned",
    [
        named("alpha-nb-ada", "Pod", component="singleuser-server"),
        named("jupyter-ada", "Pod", component="singleuser-server"),
        named("alpha-nb-ada", "PersistentVolumeClaim", component="singleuser-storage"),
        named("claim-ada", "PersistentVolumeClaim", **{MANAGED_BY: "kubespawner"}),
    ],
    ids=lambda obj: f"{obj['kind']} {obj['metadata']['name']}",
)
def test_what_the_hub_made_is_not_taken_for_a_copy(spawned: Object) -> None:
    assert is_own("alpha", spawned, ())


def test_a_copy_of_a_users_claim_is_not_the_deployments() -> None:
    copied = named("backup-of-ada", "PersistentVolumeClaim", component="singleuser-storage")
    assert not is_own("alpha", copied, ())
