"""How a field that would change is shown."""

from typing import Any

import pytest
from click import unstyle

from jhos.cli.diff import _field
from jhos.differences import Difference


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
