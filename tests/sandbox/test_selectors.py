"""Selectors by label and by field."""

import pytest

from jhos.sandbox import selectors
from jhos.sandbox.failure import Failure

HUB = {"app": "hub", "tier": "web"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("app", True),
        ("!app", False),
        ("app=hub", True),
        ("app==hub,tier=db", False),
        ("app!=proxy", True),
        ("other!=x", True),
        ("app in (hub, proxy)", True),
        ("app notin (hub)", False),
        ("other notin (x)", True),
        ("", True),
    ],
)
def test_labels_are_selected(text: str, expected: bool) -> None:
    assert selectors.labels(text)(HUB) is expected


def test_an_unreadable_selector_is_a_bad_request() -> None:
    with pytest.raises(Failure, match="found '=', expected: identifier"):
        selectors.labels("app===a")


@pytest.mark.parametrize(
    ("operator", "values", "expected"),
    [("In", ["hub"], True), ("NotIn", ["hub"], False), ("Exists", [], True),
     ("DoesNotExist", [], False)],
)  # fmt: skip
def test_expressions_of_a_label_selector_hold(
    operator: str, values: list[str], expected: bool
) -> None:
    expression = {"key": "app", "operator": operator, "values": values}
    selects = selectors.label_selector({"matchExpressions": [expression]})
    assert selects(HUB) is expected


def test_no_label_selector_takes_nothing_and_an_empty_one_all() -> None:
    assert not selectors.label_selector(None)(HUB)
    assert selectors.label_selector({})(HUB)


def test_a_field_that_is_absent_is_empty() -> None:
    pod = {"metadata": {"name": "a"}, "spec": {}, "status": {"phase": "Pending"}}
    assert selectors.fields("spec.nodeName=,status.phase!=Running", "pods")(pod)


def test_a_field_that_cannot_be_selected_is_a_bad_request() -> None:
    with pytest.raises(Failure, match="is not a known field selector"):
        selectors.fields("data.a=b", "configmaps")
