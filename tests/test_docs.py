"""The documents agree with the commands."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from jhos.cli import main
from jhos.settings import schema

ROOT = Path(__file__).parents[1]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]


def anchors(page: Path) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}


def examples(page: Path) -> Iterator[str]:
    """Commands of jhos in the page: whole lines of blocks, and what stands in backquotes."""
    text = re.sub(r"\\\n *", "", page.read_text())
    for block in re.findall(r"^```\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield from re.findall(r"^jhos .*$", block, re.MULTILINE)
    yield from re.findall(r"`(jhos [^`\n]+)`", text)


def unknown(example: str) -> list[str]:
    """Words of a command that it does not have: subcommands and options."""
    words = shlex.split(re.split(r" [>|<#] ?|\$\(", example)[0], comments=True)[1:]
    command: click.Command = main
    while isinstance(command, click.Group) and words and re.fullmatch(r"[a-z][a-z-]*", words[0]):
        name, *words = words
        found = command.get_command(click.Context(command), name)
        if found is None:
            return [name]
        command = found
    known = {
        option
        for parameter in command.get_params(click.Context(command))
        for option in (*parameter.opts, *parameter.secondary_opts)
    }
    options = [word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)]
    return [each for each in options if each not in known]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text()):
        path, _, anchor = target.partition("#")
        to = page.parent / path if path else page
        assert to.exists(), target
        assert not anchor or anchor in anchors(to), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_example_has_commands_and_options_that_are_there(page: Path) -> None:
    wrong = {each: unknown(each) for each in examples(page)}
    assert not {each: words for each, words in wrong.items() if words}


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
