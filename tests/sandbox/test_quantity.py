"""Quantities are read and written in their canonical form."""

import pytest

from jhos.sandbox import quantity


@pytest.mark.parametrize(
    ("given", "expected"),
    [("1024Mi", "1Gi"), ("1.5Gi", "1536Mi"), ("0.5", "500m"), ("1000m", "1"), ("1", "1"),
     (2, "2"), ("1000k", "1M"), ("0", "0"), ("1e3", "1e3"), ("512Mi", "512Mi"), ("100m", "100m"),
     ("1Ki", "1Ki"), ("1000Ki", "1000Ki")],
)  # fmt: skip
def test_a_quantity_has_one_form(given: str, expected: str) -> None:
    assert quantity.canonical(given) == expected


@pytest.mark.parametrize("text", ["1 gig", "", "Mi", "1MiB", "a", "1e999999999"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="quantities must match"):
        quantity.parse(text)


def test_quantities_compare_across_their_suffixes() -> None:
    assert quantity.parse("1Gi") > quantity.parse("1G") > quantity.parse("999M")
