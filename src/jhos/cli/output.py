"""Results on standard output, in the form that was asked for; errors in the same form."""

import json
from collections.abc import Iterable
from typing import Any

import click

FORMS = ("table", "json", "yaml", "name")
_CHOSEN = "jhos.output"


def _remember(context: click.Context, _: click.Parameter, value: str) -> str:
    context.meta[_CHOSEN] = value
    return value


output_option = click.option(
    "-o",
    "--output",
    type=click.Choice(FORMS),
    default="table",
    show_default=True,
    callback=_remember,
    help="How the result is printed; name: only the names of what was changed.",
)


def emit(output: str, text: str, data: Any, names: Iterable[str]) -> None:
    """`text` for people; `data` as JSON or YAML; `names` as `kind/name`."""
    match output:
        case "json":
            click.echo(json.dumps(data, indent=2))
        case "yaml":
            import yaml

            click.echo(yaml.safe_dump(data, sort_keys=False), nl=False)
        case "name":
            click.echo("".join(f"{name}\n" for name in names), nl=False)
        case _:
            click.echo(text)


class Failure(click.ClickException):
    """An error with what to do about it, on its way to standard error."""

    def __init__(self, message: str, hint: str, exit_code: int, context: click.Context) -> None:
        from jhos.cli.terminal import clean

        super().__init__(clean(message))
        self.hint = clean(hint)
        self.exit_code = exit_code  # type: ignore[misc] # click reads it off the instance
        self.as_json = context.meta.get(_CHOSEN) in ("json", "yaml")  # JSON is YAML

    def show(self, file: Any = None) -> None:
        if self.as_json:
            error = {"exitCode": self.exit_code, "message": self.message, "hint": self.hint}
            click.echo(json.dumps({"error": error}), err=True, file=file)
            return
        click.echo(click.style("Error: ", fg="red") + self.message, err=True, file=file)
        if self.hint:
            click.echo(self.hint, err=True, file=file)
