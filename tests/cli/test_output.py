"""docs/output.md tells the data of every command that has some."""

import json
import re
from pathlib import Path

import click
import pytest

from jhos.cli import main
from tests.cli.test_errors import commands

DOCUMENT = (Path(__file__).parents[2] / "docs" / "output.md").read_text()
WITH_DATA = sorted(
    {
        name.split()[0]
        for name, command in commands(main)
        if any("--output" in each.opts for each in command.params)
    }
)


@pytest.mark.parametrize("command", WITH_DATA)
def test_the_data_of_every_command_is_told(command: str) -> None:
    assert DOCUMENT.count(f"\n## jhos {command}\n") == 1, "tell its data in docs/output.md, once"


def test_every_example_is_json() -> None:
    examples = re.findall(r"```json\n(.*?)```", DOCUMENT, re.DOTALL)
    assert examples
    for example in examples:
        json.loads(example)


def test_every_command_that_has_data_has_all_forms() -> None:
    for name, command in commands(main):
        for each in command.params:
            if "--output" in each.opts:
                assert isinstance(each.type, click.Choice), name
                assert {*each.type.choices} == {"table", "json", "yaml", "name"}, name
