"""The settings as they are opened in an editor."""

import re

from jhos.settings.document import document
from jhos.settings.load import load, parse


def test_the_document_is_the_settings_with_what_each_is_for() -> None:
    layer = {"name": "course", "notebook": {"memory": "2Gi", "environment": {"A": "b"}},
             "profiles": [{"name": "small", "cpu": "1"}]}  # fmt: skip
    text = document(layer)
    assert load(parse(text, "a test")) == load(layer)
    assert re.search(r"^  memory: 2Gi +# Limit for each server, as 1Gi\.$", text, re.MULTILINE)
    assert text.index("# The choice of servers") < text.index("- name: small")
