"""The documents agree with the commands."""

import subprocess
import sys
from pathlib import Path

from jhos.settings import schema

ROOT = Path(__file__).parents[1]


def test_the_reference_is_that_of_the_commands(tmp_path: Path) -> None:
    """Else run docs/make-reference."""
    for name in ("make-reference", "reference.md"):
        (tmp_path / name).write_text((ROOT / "docs" / name).read_text())
    before = (tmp_path / "reference.md").read_text()
    subprocess.run([sys.executable, str(tmp_path / "make-reference")], check=True)
    assert (tmp_path / "reference.md").read_text() == before, "run docs/make-reference"


def test_the_published_schema_is_that_of_the_settings() -> None:
    """Every setting has a default and, in settings/descriptions.py, a description."""
    assert schema.published() == schema.made(), "run docs/make-schema"
