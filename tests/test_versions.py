import pytest

from jhos import __version__
from jhos.versions import is_newer, skew


@pytest.mark.parametrize(
    ("version", "newer"),
    [
        ("9999.0", True),
        (__version__, False),
        ("0.0.9", False),
        (f"{__version__}.1", True),
        ("", False),
    ],
)
def test_versions_are_compared_by_number(version: str, newer: bool) -> None:
    assert is_newer(version) is newer


def test_of_the_same_version_nothing_is_said() -> None:
    assert skew("course", __version__) == ""


def test_an_older_deployment_is_told_how_to_upgrade() -> None:
    assert "jhos upgrade course" in skew("course", "0.0.1")
    assert "jhos upgrade course" in skew("course", None)


def test_a_newer_deployment_is_told_which_jhos_to_install() -> None:
    assert "jhos 9999.0" in skew("course", "9999.0")
    assert "upgrade" not in skew("course", "9999.0")
