"""How a field that would change is shown."""

from typing import Any

import pytest
from click import unstyle

from jhos.cli.diff import _field, _head
from jhos.differences import Difference
from jhos.objects import ObjectRef
from jhos.plan import Action, Change


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        (1, 2, ["  ~ a.b: 1 → 2"]),
        (None, {"x": "y", "z": None}, ['  + a.b: {"x": "y"}']),
        ("x", None, ["  - a.b: x"]),
        ("x\n", "y\n", ["  ~ a.b: x → y"]),
        (None, "x\ny", ["  + a.b", "      + x", "      + y"]),
        ("x\ny", None, ["  - a.b", "      - x", "      - y"]),
        ("x", "x\ny", ["  ~ a.b", "      + y"]),
        ("x\ny\n", "x\nz\x1b[2J\n", ["  ~ a.b", "      - y", "      + z"]),
    ],
)
def test_every_line_of_a_field_has_its_sign(before: Any, after: Any, lines: list[str]) -> None:
    shown = [unstyle(line) for line in _field(Difference("a.b", before, after))]
    assert shown == lines


def test_a_change_without_fields_says_what_it_is() -> None:
    """As of what the web console has made, which becomes jhos's."""
    change = Change(Action.UPDATE, ObjectRef("Service", "alpha-hub"))
    assert _head(change) == "Service alpha-hub, only the note of what jhos rendered"
