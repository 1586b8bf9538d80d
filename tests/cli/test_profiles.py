"""What is said beside a change of profiles."""

from typing import Any

import pytest

from jhos.cli.profiles import only_choice


@pytest.mark.parametrize(
    ("rows", "who"),
    [
        ([{"name": "a", "memory": "1Gi"}], "Users have no other choice than a now."),
        (
            [{"name": "a", "groups": ["g"]}],
            "Members of its groups have no other choice than a now.",
        ),
        ([{"name": "a", "title": "As ever", "groups": []}], ""),
        ([{"name": "a", "memory": "1Gi"}, {"name": "b"}], ""),
    ],
)
def test_who_is_left_with_one_choice_is_said(rows: list[dict[str, Any]], who: str) -> None:
    said = only_choice("course", rows)
    assert "".join(said).startswith(who)
    assert bool(said) is bool(who)
