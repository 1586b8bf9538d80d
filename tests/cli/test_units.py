from datetime import UTC, datetime

import click
import pytest

from jhos.cli.units import Duration, span, wire


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0s"), (59, "59s"), (60, "1m"), (7300, "2h"), (200_000, "2d")]
)
def test_a_span_shows_its_largest_unit(seconds: int, words: str) -> None:
    assert span(seconds) == words


def test_what_is_not_known_is_empty() -> None:
    assert span(None) == ""


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("15m", 900), ("2h", 7200)])
def test_durations_are_read_in_seconds(text: str, seconds: int) -> None:
    assert Duration()(text) == seconds


def test_what_is_no_duration_says_what_one_is() -> None:
    with pytest.raises(click.BadParameter, match="15m, 2h"):
        Duration()("soon")


def test_times_are_told_as_the_cluster_tells_them() -> None:
    assert wire(datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)) == "2026-01-02T03:04:05Z"
