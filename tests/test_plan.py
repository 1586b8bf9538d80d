from typing import Any

import pytest

from jhos.differences import Difference
from jhos.errors import Conflict
from jhos.objects import KEEP, ObjectRef, labels
from jhos.ownership import is_created_by_jhos
from jhos.plan import (
    Action,
    Change,
    Plan,
    check_ownership,
    is_settled,
    plan_deploy,
    plan_teardown,
    undoing,
)
from jhos.render import sealed


def config(name: str = "alpha-cfg", **data: str) -> dict[str, Any]:
    metadata = {"name": name, "labels": labels("alpha", "hub")}
    return sealed({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})


def live(obj: dict[str, Any], *managers: str, **more: Any) -> dict[str, Any]:
    fields = [applied(**{f"f:{name}": {} for name in obj})]
    fields += [{"manager": manager, "operation": "Update"} for manager in managers]
    return {**obj, "metadata": {**obj["metadata"], "managedFields": fields, "uid": "1", **more}}


def applied(**fields: Any) -> dict[str, Any]:
    return {"manager": "jhos", "operation": "Apply", "fieldsV1": fields}


CFG = ObjectRef("ConfigMap", "alpha-cfg")


def test_what_is_not_there_is_created() -> None:
    plan = plan_deploy("alpha", [config()], {}, {}, [])
    assert [change.action for change in plan.changes] == [Action.CREATE]


def test_the_same_content_is_settled_whoever_writes_beside_it() -> None:
    assert is_settled(live(config(a="1")), config(a="1"))
    assert not is_settled(live(config(a="1")), config(a="2"))
    assert is_settled(live(config(a="1"), "kubectl-edit"), config(a="1"))


def test_an_object_is_created_by_jhos_unless_it_is_older_than_the_first_write() -> None:
    own = {**applied(), "time": "2026-01-31T09:00:00Z"}
    other = {"manager": "controller", "operation": "Apply", "time": "2026-01-31T09:00:01Z"}
    both = live(config(), managedFields=[own, other], creationTimestamp="2026-01-31T09:00:00Z")
    older = live(config(), managedFields=[own], creationTimestamp="2026-01-31T08:59:59Z")
    assert is_created_by_jhos(both)
    assert not is_created_by_jhos(older)


A: dict[str, Any]
B: dict[str, Any]
A, B = ({f'k:{{"name":"{name}"}}': {".": {}, "f:name": {}}} for name in "ab")
PORT: dict[str, Any] = {'k:{"port":80,"protocol":"TCP"}': {".": {}, "f:port": {}}}


@pytest.mark.parametrize(
    ("value", "owned", "left"),
    [
        ({"a": 1, "b": 2}, {"f:a": {}, "f:b": {}}, {"f:a": {}}),
        ({"a": {"b": 1, "c": 2, "d": []}}, {"f:a": {"f:b": {}, "f:c": {}}}, {"f:a": {"f:b": {}}}),
        ([{"name": "a"}, {"name": "b"}], {**A, **B}, A),
        ([{"port": 80}, {"port": 81}], {**PORT, 'k:{"port":81,"protocol":"TCP"}': {}}, PORT),
        (["x/a", "x/b"], {'v:"x/a"': {}, 'v:"x/b"': {}}, {'v:"x/b"': {}}),
    ],
)
def test_what_somebody_took_a_part_of_is_not_settled(
    value: Any, owned: dict[str, Any], left: dict[str, Any]
) -> None:
    wanted = sealed({"kind": "Thing", "metadata": {"name": "a"}, "spec": value})

    def owning(**spec: Any) -> dict[str, Any]:
        return live(wanted, managedFields=[applied(**{"f:metadata": {}, **spec})])

    assert is_settled(owning(**{"f:spec": owned}), wanted)
    assert is_settled(owning(**{"f:spec": {}}), wanted)  # owned as a whole
    assert not is_settled(owning(**{"f:spec": left}), wanted)
    assert not is_settled(owning(), wanted)


def test_a_preview_without_difference_is_no_change() -> None:
    before = live(config(a="1"), resourceVersion="1")
    after = live(config(a="1"), "kubectl-edit", resourceVersion="2")
    plan = plan_deploy("alpha", [config(a="1")], {CFG: before}, {CFG: (before, after)}, [])
    assert not plan.writes


def test_a_preview_with_a_difference_is_an_update() -> None:
    before, after = live(config(a="1")), live(config(a="2"))
    plan = plan_deploy("alpha", [config(a="2")], {CFG: before}, {CFG: (before, after)}, [])
    (change,) = plan.of(Action.UPDATE)
    assert (change.ref, change.fields) == (CFG, (Difference("data.a", "1", "2"),))


def test_what_is_no_longer_wanted_goes_unless_it_is_data() -> None:
    owner = labels("alpha", "database")
    metadata = {"name": "alpha-db", "uid": "2", "labels": owner}
    claim = {"kind": "PersistentVolumeClaim", "metadata": metadata}
    there = {ObjectRef.of(obj): obj for obj in (live(config()), claim)}
    plan = plan_deploy("alpha", [], there, {}, [*there, ObjectRef("Service", "gone-already")])
    assert {change.ref.kind: change.action for change in plan.changes} == {
        "ConfigMap": Action.DELETE,
        "PersistentVolumeClaim": Action.KEEP,
    }


def test_teardown_keeps_data_and_what_belongs_to_it_unless_told() -> None:
    secret = {"kind": "Secret", "metadata": {"name": "s", "annotations": {KEEP: "true"}}}
    claim = {"kind": "PersistentVolumeClaim", "metadata": {"name": "db"}}
    service = {"kind": "Service", "metadata": {"name": "hub"}}
    kept = plan_teardown([secret, claim, service], delete_data=False).of(Action.KEEP)
    assert {change.ref.kind for change in kept} == {"Secret", "PersistentVolumeClaim"}
    assert not plan_teardown([secret, claim, service], delete_data=True).of(Action.KEEP)


def test_teardown_keeps_the_kinds_that_it_is_told_to() -> None:
    stream = {"kind": "ImageStream", "metadata": {"name": "alpha-nb"}}
    service = {"kind": "Service", "metadata": {"name": "hub"}}
    plan = plan_teardown([stream, service], delete_data=True, kept=("ImageStream",))
    assert [change.ref.kind for change in plan.of(Action.KEEP)] == ["ImageStream"]


def test_an_object_of_somebody_else_stops_the_plan() -> None:
    foreign = {"kind": "ConfigMap", "metadata": {"name": "alpha-cfg", "labels": {"app": "alpha"}}}
    with pytest.raises(Conflict, match="ConfigMap alpha-cfg"):
        check_ownership("alpha", {CFG: foreign}, [config()])
    check_ownership("alpha", {CFG: live(config())}, [config()])


def test_what_only_has_a_recorded_name_stays() -> None:
    foreign = {"kind": "Service", "metadata": {"name": "alpha-hub", "uid": "3"}}
    ref = ObjectRef.of(foreign)
    assert not plan_deploy("alpha", [], {ref: foreign}, {}, [ref]).changes


def test_the_way_back_restores_what_was_changed_and_deleted_and_removes_what_is_new() -> None:
    changed, gone, fresh = (ObjectRef("Service", name) for name in ("hub", "old", "new"))
    meta = {"resourceVersion": "7", "uid": "1", "managedFields": [], "labels": {"app": "alpha"}}
    before = {"kind": "Service", "metadata": {"name": "hub", **meta}, "spec": {"a": 1}, "status": 0}
    was = {"kind": "Service", "metadata": {"name": "old", **meta}, "spec": {"b": 1}}
    now = {"kind": "Service", "metadata": {"name": "new", **meta}}
    plan = Plan(
        (
            Change(Action.UPDATE, changed, before, {"spec": {"a": 2}}),
            Change(Action.DELETE, gone, {"metadata": was["metadata"]}),
            Change(Action.CREATE, fresh, None, now),
        )
    )
    back = {each.ref: each for each in undoing(plan, {gone: was, fresh: now}).changes}
    assert (back[fresh].action, back[fresh].before) == (Action.DELETE, now)
    assert back[gone].after == {**was, "metadata": {"name": "old", "labels": {"app": "alpha"}}}
    restored = back[changed].after or {}
    assert restored["spec"] == {"a": 1}
    assert restored["metadata"] == {"name": "hub", "labels": {"app": "alpha"}}
    assert "status" not in restored


def test_data_that_is_new_stays_on_the_way_back() -> None:
    claim = {"kind": "PersistentVolumeClaim", "metadata": {"name": "db", "uid": "1"}}
    plan = Plan((Change(Action.CREATE, ObjectRef.of(claim), None, claim),))
    (change,) = undoing(plan, {ObjectRef.of(claim): claim}).changes
    assert change.action is Action.KEEP
