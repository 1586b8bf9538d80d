"""Results on standard output, in the form that was asked for; errors in the same form."""

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

import click

FORMS = ("table", "json", "yaml", "name")
_WORDS = "jhos.words"
_ASKS_FOR_DATA = re.compile(r"(?:^|\s)(?:-o|--output)[\s=]?(?:json|yaml)(?:\s|$)")


def remember(context: click.Context, words: Iterable[str]) -> None:
    """What was typed: an error in it comes before any option is understood."""
    context.meta.setdefault(_WORDS, " ".join(words))


def wants_data(context: click.Context) -> bool:
    """Whether the result, and so an error, is for a program to read."""
    return bool(_ASKS_FOR_DATA.search(context.meta.get(_WORDS, "")))


output_option = click.option(
    "-o",
    "--output",
    type=click.Choice(FORMS),
    default="table",
    show_default=True,
    help="How the result is printed; name: only names, one a line.",
)


def emit(output: str, text: str, data: Any, names: Iterable[str]) -> None:
    """`text` for people; `data` as JSON or YAML; `names` as `kind/name`."""
    match output:
        case "json":
            click.echo(json.dumps(data, indent=2))
        case "yaml":
            import yaml

            plain = json.loads(json.dumps(data))  # the same document in both forms
            click.echo(yaml.safe_dump(plain, sort_keys=False), nl=False)
        case "name":
            click.echo("".join(f"{name}\n" for name in names), nl=False)
        case _:
            click.echo(text)


def end_unchanged() -> NoReturn:
    """For a command whose question was answered with no."""
    click.echo("Nothing was changed.", err=True)
    click.get_current_context().exit(1)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Aligned columns, as wide as they must be; what is empty shows as `-`."""
    lines = [list(head), *([cell or "-" for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "   ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def short(text: str, most: int = 60) -> str:
    """For a cell of a table."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def counted(number: int, noun: str) -> str:
    """`1 user`, `2 users`."""
    return f"{number} {noun}" + ("" if number == 1 else "s")


class Failure(click.ClickException):
    """An error with what to do about it, on its way to standard error."""

    def __init__(self, message: str, hint: str, exit_code: int, context: click.Context) -> None:
        from jhos.cli.terminal import clean

        super().__init__(clean(message))
        self.hint = clean(hint)
        self.exit_code = exit_code  # type: ignore[misc] # click reads it off the instance
        self.as_json = wants_data(context)  # JSON is YAML
        self.color = context.color

    def show(self, file: Any = None) -> None:
        if self.as_json:
            error = {"exitCode": self.exit_code, "message": self.message, "hint": self.hint}
            click.echo(json.dumps({"error": error}), err=True, file=file)
            return
        head = click.style("Error: ", fg="red")
        click.echo(head + self.message, err=True, file=file, color=self.color)
        if self.hint:
            click.echo(self.hint, err=True, file=file)
