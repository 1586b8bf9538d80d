"""A project's admin may choose the host of a route that he makes, but not of one that is there."""

from collections.abc import Callable

from jhos.actions.pipeline import Manner, carry_out, propose
from jhos.cluster.client import Cluster
from jhos.events import silent
from jhos.objects import ObjectRef
from jhos.plan import Action
from tests.engine.conftest import given

HOST = "notebooks.example.com"


def test_another_host_makes_the_route_anew(reach: Callable[[], Cluster]) -> None:
    cluster, manner = reach(), Manner(timeout_s=60, report=silent, wait=False)
    carry_out(cluster, "moved", given("moved"), manner)
    before = cluster.get(ObjectRef("Route", "moved")) or {}
    edit = given("moved", route={"host": HOST})
    update = next(
        change
        for change in propose(cluster, "moved", edit).plan.of(Action.UPDATE)
        if change.ref.kind == "Route"
    )
    told = {field.path: (field.before, field.after) for field in update.fields}
    assert told["spec.host"] == (before["spec"]["host"], HOST)
    assert cluster.get(update.ref) == before
    carry_out(cluster, "moved", edit, manner)
    after = cluster.get(update.ref) or {}
    assert after["spec"]["host"] == HOST
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    assert not propose(cluster, "moved", edit).plan.differs
