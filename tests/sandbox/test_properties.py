"""Patches, apply, selectors and quota arithmetic do what simple models of them do, always."""

import json
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from jhos.sandbox import managed, patch, quantity, quotas, schema, selectors
from jhos.sandbox.failure import Failure
from jhos.sandbox.managed import Manager

names = st.sampled_from(["a", "b", "c", "d/e", "f~g"])
scalars = st.none() | st.booleans() | st.integers(-3, 3) | st.text("xy", max_size=2)
values = st.recursive(
    scalars, lambda below: st.lists(below, max_size=3) | st.dictionaries(names, below, max_size=3),
    max_leaves=8,
)  # fmt: skip
objects = st.dictionaries(names, values, max_size=4)


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: without_nulls(v) for k, v in value.items() if v is not None}
    return value


@given(objects, objects)
def test_a_merge_patch_applied_twice_is_applied_once(live: Any, change: Any) -> None:
    once = patch.merge(live, change)
    assert patch.merge(once, change) == once


def merge_patch(old: Any, new: Any) -> Any:
    """The patch that leads from one object to another, which holds no nulls."""
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return new
    gone = {key: None for key in old.keys() - new.keys()}
    return gone | {k: merge_patch(old.get(k), v) for k, v in new.items() if old.get(k) != v}


@given(objects, objects)
def test_a_merge_patch_leads_from_any_object_to_any_other(old: Any, new: Any) -> None:
    old, new = without_nulls(old), without_nulls(new)
    assert patch.merge(old, merge_patch(old, new)) == new


def json_operations(old: Any, new: Any, path: str = "") -> Iterator[dict[str, Any]]:
    """The operations that lead from one value to another."""
    if not (isinstance(old, dict) and isinstance(new, dict)):
        if old != new or type(old) is not type(new):
            yield {"op": "replace", "path": path, "value": new}
        return
    for key in sorted(old.keys() | new.keys()):
        at = f"{path}/{key.replace('~', '~0').replace('/', '~1')}"
        if key not in new:
            yield {"op": "remove", "path": at}
        elif key not in old:
            yield {"op": "add", "path": at, "value": new[key]}
        else:
            yield from json_operations(old[key], new[key], at)


@given(objects, objects)
def test_a_json_patch_leads_from_any_object_to_any_other(old: Any, new: Any) -> None:
    before = json.dumps(old)
    assert patch.json_patch(old, list(json_operations(old, new))) == new
    assert json.dumps(old) == before


@given(st.lists(st.integers(), max_size=5), st.data())
def test_json_patch_counts_places_in_lists_as_python_does(live: Any, data: Any) -> None:
    place = data.draw(st.integers(0, len(live)))
    added = patch.json_patch({"l": live}, [{"op": "add", "path": f"/l/{place}", "value": 9}])
    assert added == {"l": [*live[:place], 9, *live[place:]]}
    removed = patch.json_patch(added, [{"op": "remove", "path": f"/l/{place}"}])
    assert removed == {"l": live}


containers = st.dictionaries(
    st.sampled_from("abcd"),
    st.fixed_dictionaries({}, optional={"image": st.sampled_from("xyz"), "tty": st.booleans()}),
    max_size=4,
)
POD = schema.of("", "v1", "Pod")


def listed(by_name: Mapping[str, Any]) -> list[Any]:
    return [{"name": name, **rest} for name, rest in by_name.items()]


@given(containers, containers, st.sets(st.sampled_from("abcd")))
def test_a_strategic_patch_merges_entries_by_name(live: Any, change: Any, gone: Any) -> None:
    gone -= change.keys()
    entries = listed(change) + [{"name": name, "$patch": "delete"} for name in sorted(gone)]
    found = patch.strategic(
        {"spec": {"containers": listed(live)}}, {"spec": {"containers": entries}}, POD
    )["spec"]["containers"]
    expected = {name: rest for name, rest in live.items() if name not in gone}
    for name, rest in change.items():
        expected[name] = {**expected.get(name, {}), **rest}
    assert found == listed(expected)


requirements = st.sampled_from(
    [
        ("a=x", lambda held: held.get("a") == "x"),
        ("a==y", lambda held: held.get("a") == "y"),
        ("b!=x", lambda held: held.get("b") != "x"),
        ("a in (x,y)", lambda held: held.get("a") in ("x", "y")),
        ("b notin (x, z)", lambda held: held.get("b") not in ("x", "z")),
        ("c", lambda held: "c" in held),
        ("!c", lambda held: "c" not in held),
    ]
)
label_sets = st.dictionaries(st.sampled_from("abc"), st.sampled_from("xyz"), max_size=3)


@given(st.lists(requirements, min_size=1, max_size=4), label_sets)
def test_a_selector_holds_where_all_its_requirements_do(
    chosen: list[tuple[str, Callable[[Mapping[str, str]], bool]]], held: dict[str, str]
) -> None:
    text = ",".join(part for part, _ in chosen)
    assert selectors.labels(text)(held) == all(holds(held) for _, holds in chosen)


suffixes = st.sampled_from(["", "m", "k", "M", "G", "Ki", "Mi", "Gi"])
quantities = st.builds(lambda n, s: f"{n}{s}", st.integers(0, 5000), suffixes)


@given(quantities)
def test_the_canonical_form_is_the_same_amount_and_stays(text: str) -> None:
    canonical = quantity.canonical(text)
    assert quantity.parse(canonical) == quantity.parse(text)
    assert quantity.canonical(canonical) == canonical


def pod(requests: list[str], limits: list[str], phase: str) -> dict[str, Any]:
    spec = [
        {"name": str(n), "resources": {"requests": {"memory": r}, "limits": {"memory": limit}}}
        for n, (r, limit) in enumerate(zip(requests, limits, strict=False))
    ]
    return {"spec": {"containers": spec}, "status": {"phase": phase}}


pods = st.builds(
    pod,
    st.lists(quantities, min_size=1, max_size=3),
    st.lists(quantities, min_size=3, max_size=3),
    st.sampled_from(["Pending", "Running", "Succeeded", "Failed"]),
)


@given(st.lists(pods, max_size=6))
def test_a_quota_counts_what_pods_that_live_ask_for(all_pods: list[Any]) -> None:
    hard = {"pods": "9", "limits.memory": "9", "requests.memory": "9", "memory": "9"}
    found = quotas.usage({"hard": hard}, {"pods": all_pods})
    living = [p for p in all_pods if p["status"]["phase"] in ("Pending", "Running")]
    sums = {
        kind: sum(
            (quantity.parse(c["resources"][kind]["memory"]) for p in living
             for c in p["spec"]["containers"]), Fraction(0),
        )
        for kind in ("requests", "limits")
    }  # fmt: skip
    assert found == {
        "pods": len(living),
        "limits.memory": sums["limits"],
        "requests.memory": sums["requests"],
        "memory": sums["requests"],
    }


CONFIG_MAP = schema.of("", "v1", "ConfigMap")
configs = st.dictionaries(st.sampled_from("abc"), st.sampled_from("xy"), max_size=3)
applies = st.lists(
    st.tuples(st.sampled_from(["one", "two", "three"]), configs, st.booleans()), max_size=8
)
Model = dict[str, tuple[str, set[str]]]


def model_apply(model: Model, who: str, config: dict[str, str], force: bool) -> Model | None:
    """Each key has a value and those who applied it; None where that is a conflict."""
    lost = {k for k, v in config.items() if k in model and model[k][0] != v}
    if not force and any(model[key][1] - {who} for key in lost):
        return None
    result: Model = {}
    for key in model.keys() | config.keys():
        value, holders = model.get(key, ("", set()))
        if key in config:
            others = set() if key in lost or key not in model else holders
            result[key] = (config[key], others | {who})
        elif rest := holders - {who}:
            result[key] = (value, rest)
    return result


def held(obj: Any) -> Model:
    """What the server says, in the terms of the model."""
    fields = managed.owners(obj).fields
    return {
        key: (value, {m.name for m, paths in fields.items() if ("f:data", f"f:{key}") in paths})
        for key, value in obj.get("data", {}).items()
    }


def applied(live: Any, who: str, config: dict[str, str], force: bool) -> Any:
    """The object after that, None where it is a conflict."""
    body = {"metadata": {"name": "m"}, "data": config}
    manager = Manager(who, "Apply", "v1", "")
    try:
        return managed.applied(CONFIG_MAP, live, body, manager, force=force)
    except Failure as refusal:
        if refusal.code != 409:
            raise
        return None


@given(applies)
def test_server_side_apply_keeps_the_books_of_who_wants_what(steps: Any) -> None:
    live: Any = None
    model: Model = {}
    for who, config, force in steps:
        expected = model_apply(model, who, config, force)
        found = applied(live, who, config, force)
        assert (None if found is None else held(found)) == expected
        if expected is not None:
            live, model = found, expected
