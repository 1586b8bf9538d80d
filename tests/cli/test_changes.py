"""What an edit changes, as people read it."""

from dataclasses import replace

import pytest

from jhos.actions.edits import Stored
from jhos.cli.changes import changes_between, shown, word

STORED = Stored(exists=True, settings={"name": "course"}, configuration={}, secrets={})
FILE = "jupyterhub_config.py"


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "none"), ("1Gi", "1Gi"), (3600, "3600"), (({"name": "a"},), '[{"name": "a"}]')],
)
def test_every_value_has_a_word(value: object, text: str) -> None:
    assert word(value) == text


def test_settings_files_and_secrets_are_told_without_what_is_secret() -> None:
    after = replace(
        STORED,
        settings={"name": "course", "notebook": {"memory": "1Gi"}},
        configuration={FILE: "c.A.b = 1\nc.X.client_secret = 'abc'\n"},
        secrets={"course-token": "YWJj"},
    )
    text = shown(changes_between(STORED, after))
    assert "notebook.memory: 512Mi → 1Gi" in text
    assert "+c.A.b = 1" in text
    assert "secret course-token" in text
    assert "abc" not in text
    assert "YWJj" not in text
