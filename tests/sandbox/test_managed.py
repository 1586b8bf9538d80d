"""Who owns which field, and what server-side apply makes of it."""

from typing import Any

import pytest

from jhos.sandbox import fieldset, managed, schema
from jhos.sandbox.failure import Failure
from jhos.sandbox.managed import Manager
from jhos.sandbox.store import Store

CONFIG_MAP = schema.of("", "v1", "ConfigMap")
DEPLOYMENT = schema.of("apps", "v1", "Deployment")
EMPTY: Any = {"metadata": {}}


def apply(live: Any, config: Any, who: str, *, node: Any = CONFIG_MAP, force: bool = False) -> Any:
    return managed.applied(node, live, config, Manager(who, "Apply", "v1"), force=force)


def update(live: Any, new: Any, who: str) -> Any:
    manager = Manager(who, "Update", "v1")
    return managed.updated(CONFIG_MAP, live, new, manager, reset=lambda _: False)


def data(**values: str) -> Any:
    return {"metadata": {}, "data": values} if values else {"metadata": {}}


def owned(obj: Any) -> dict[str, Any]:
    return {e["manager"]: e["fieldsV1"] for e in obj["metadata"].get("managedFields", ())}


def deployment(*env: str, image: str = "i", ports: tuple[Any, ...] = ()) -> Any:
    variables = [{"name": name, "value": name.lower()} for name in env]
    container: Any = {"name": "c", "image": image, "env": variables}
    if ports:
        container["ports"] = list(ports)
    return {"metadata": {}, "spec": {"template": {"spec": {"containers": [container]}}}}


def env_of(obj: Any) -> list[str]:
    return [v["name"] for v in obj["spec"]["template"]["spec"]["containers"][0]["env"]]


def test_apply_owns_what_it_names() -> None:
    assert owned(apply(None, data(a="1"), "one")) == {"one": {"f:data": {"f:a": {}}}}


def test_what_the_store_holds_is_compared_field_by_field() -> None:
    live = Store().put("configmaps", {"metadata": {"name": "m"}, "data": {"a": "1"}})
    changed = {"metadata": {**live["metadata"]}, "data": {"a": "1", "b": "2"}}
    assert owned(update(live, changed, "two"))["two"] == {"f:data": {"f:b": {}}}


def test_a_field_that_is_no_longer_applied_goes() -> None:
    live = apply(None, data(a="1", b="2"), "one")
    assert apply(live, data(a="1"), "one")["data"] == {"a": "1"}


def test_another_value_of_an_owned_field_conflicts() -> None:
    live = apply(None, data(a="1"), "one")
    with pytest.raises(Failure, match=r'conflict with "one": \.data\.a'):
        apply(live, data(a="2"), "two")


def test_the_same_value_is_shared_and_stays_when_one_gives_it_up() -> None:
    shared = apply(apply(None, data(a="1"), "one"), data(a="1"), "two")
    assert owned(shared).keys() == {"one", "two"}
    left = apply(shared, data(), "one")
    assert left["data"] == {"a": "1"}
    assert owned(left).keys() == {"two"}


def test_force_takes_a_field_over() -> None:
    live = apply(None, data(a="1"), "one")
    taken = apply(live, data(a="2"), "two", force=True)
    assert taken["data"] == {"a": "2"}
    assert owned(taken).keys() == {"two"}


def test_an_update_takes_only_what_it_changes() -> None:
    live = apply(None, data(a="1", b="2"), "one")
    changed = update(live, {**live, "data": {"a": "1", "b": "3", "c": "4"}}, "hand")
    assert owned(changed) == {
        "one": {"f:data": {"f:a": {}}},
        "hand": {"f:data": {"f:b": {}, "f:c": {}}},
    }


def test_a_create_also_owns_the_maps_that_it_brings() -> None:
    assert owned(update(EMPTY, data(a="1"), "hand")) == {"hand": {"f:data": {".": {}, "f:a": {}}}}


def test_a_conflict_with_an_update_says_so() -> None:
    live = update(EMPTY, data(a="1"), "hand")
    with pytest.raises(Failure, match=r'conflict with "hand" using v1: \.data\.a'):
        apply(live, data(a="2"), "one")


def test_applying_the_same_again_changes_nothing() -> None:
    live = apply(None, deployment("A", "B"), "one", node=DEPLOYMENT)
    assert apply(live, deployment("A", "B"), "one", node=DEPLOYMENT) == live


def test_two_managers_each_own_variables_of_one_container() -> None:
    live = apply(None, deployment("A", "B"), "one", node=DEPLOYMENT)
    both = apply(live, deployment("Z"), "two", node=DEPLOYMENT)
    assert env_of(both) == ["A", "B", "Z"]
    assert env_of(apply(both, deployment("B"), "one", node=DEPLOYMENT)) == ["B", "Z"]


def test_a_conflict_in_a_list_is_named_by_the_entry() -> None:
    live = apply(None, deployment("A"), "one", node=DEPLOYMENT)
    with pytest.raises(Failure, match=r'\.spec\.template\.spec\.containers\[name="c"\]\.image'):
        apply(live, deployment(image="other"), "two", node=DEPLOYMENT)


def test_a_port_is_known_by_its_number_and_its_default_protocol() -> None:
    config = deployment("A", ports=({"containerPort": 80},))
    fields = owned(apply(None, config, "one", node=DEPLOYMENT))["one"]
    container = fields["f:spec"]["f:template"]["f:spec"]["f:containers"]['k:{"name":"c"}']
    assert list(container["f:ports"]) == ['k:{"containerPort":80,"protocol":"TCP"}']


def test_duplicate_keys_in_a_list_are_refused() -> None:
    with pytest.raises(fieldset.Undeclared, match=r'duplicate entries for key \[name="A"\]'):
        apply(None, deployment("A", "A"), "one", node=DEPLOYMENT)


def test_field_sets_survive_their_written_form() -> None:
    config = deployment("A", ports=({"containerPort": 80},))
    paths = fieldset.of_value(DEPLOYMENT, config)
    assert fieldset.from_fields(fieldset.to_fields(paths)) == paths
