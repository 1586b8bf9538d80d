"""jhos sandbox fault: have the sandbox fail on request, to see how a client takes it."""

from pathlib import Path
from typing import Any

import click

from jhos.cli.completion import words
from jhos.cli.output import emit, output_option, table
from jhos.cli.sandbox.room import errors, layout_of

CODES = range(400, 600)
HEAD = ("ID", "EFFECT", "METHODS", "PATH", "USER", "CHANCE", "LEFT", "STRUCK")


def _effect(
    _context: click.Context, _parameter: click.Parameter, value: str
) -> dict[str, str | int]:
    """An HTTP status, or the name of another effect."""
    from jhos.sandbox.faults import Effect

    names = [effect.value for effect in Effect if effect is not Effect.STATUS]
    if value in names:
        return {"effect": value}
    if value.isdecimal() and int(value) in CODES:
        return {"effect": Effect.STATUS.value, "code": int(value)}
    raise click.BadParameter(f"{value!r} is neither a status of 400 to 599 nor {', '.join(names)}.")


@click.group(short_help="Have it fail on request.")
def fault() -> None:
    """Have the cluster fail on request, to see how a client takes it. There are none at first.

    Faults strike what comes over TLS, so jhos, kubectl and pods, not the cluster's own parts.
    They are forgotten when the sandbox stops.

    \b
    Examples:
      jhos sandbox fault add 503 --method PATCH --count 3
      jhos sandbox fault list
      jhos sandbox fault clear
    """


@fault.command(short_help="Add a fault.")
@click.argument(
    "effect",
    callback=_effect,
    shell_complete=words("503", "unavailable", "delay", "reset", "lose", "drop"),
)
@click.option(
    "--method",
    "methods",
    multiple=True,
    type=click.Choice(["GET", "POST", "PUT", "PATCH", "DELETE"], case_sensitive=False),
    help="Only requests of this method. Repeatable.",
)
@click.option("--path", default="*", show_default=True, metavar="GLOB", help="Only such paths.")
@click.option("--user", default="*", show_default=True, metavar="GLOB", help="Only such users.")
@click.option(
    "--probability",
    type=click.FloatRange(0, 1, min_open=True),
    default=1.0,
    show_default=True,
    help="How likely each such request is struck.",
)
@click.option("--count", type=click.IntRange(1), help="Strike so often, then no more.")
@click.option(
    "--seconds",
    type=click.FloatRange(0),
    default=1.0,
    show_default=True,
    help="How long delay waits, and how long a watch lives before drop.",
)
@click.option(
    "--retry-after", type=click.IntRange(0), help="Seconds that the answer asks the client to wait."
)
@output_option
@click.pass_obj
def add(
    state_dir: Path | None,
    /,
    effect: dict[str, Any],
    retry_after: int | None,
    output: str,
    **rest: Any,
) -> None:
    """Add a fault. EFFECT is what befalls the requests that it meets:

    \b
    a status    409, 410, 429, 500, 503 or any other of 400 to 599, nothing done
                (401: as a token that has run out; 410 ends a watch by an event)
    unavailable 503 as for an API whose own server is away
    delay       the answer comes later
    reset       the connection is cut, nothing done
    lose        the request is carried out, then the connection is cut
    drop        watches are cut after a while

    \b
    Examples:
      jhos sandbox fault add 503 --method PATCH --path '*/configmaps/*' --count 3
      jhos sandbox fault add 429 --retry-after 1 --probability 0.2
      jhos sandbox fault add unavailable --path '/apis/route.openshift.io/*'
      jhos sandbox fault add lose --method POST --count 1
      jhos sandbox fault add drop --seconds 2 --path '*/pods'
    """
    from jhos.sandbox import faultclient

    wanted = {**effect, **rest, "retryAfter": retry_after}
    with errors():
        added = faultclient.add(layout_of(state_dir), **wanted)
    emit(output, f"Fault {added['id']} is set.", added, [_name(added)])


@fault.command("list", short_help="List the faults.")
@output_option
@click.pass_obj
def list_faults(state_dir: Path | None, output: str) -> None:
    """List the faults with how often they struck, those that are used up too.

    \b
    Examples:
      jhos sandbox fault list
      jhos sandbox fault list -o json
    """
    from jhos.sandbox import faultclient

    with errors():
        found = faultclient.listed(layout_of(state_dir))
    text = table(HEAD, map(_row, found)) if found else "There are no faults."
    emit(output, text, found, map(_name, found))


@fault.command(short_help="Remove faults.")
@click.argument("ids", metavar="[ID]...", nargs=-1, type=int)
@output_option
@click.pass_obj
def clear(state_dir: Path | None, ids: tuple[int, ...], output: str) -> None:
    """Remove the faults of these ids, or all.

    \b
    Examples:
      jhos sandbox fault clear
      jhos sandbox fault clear 2
    """
    from jhos.sandbox import faultclient

    with errors():
        gone = faultclient.clear(layout_of(state_dir), *ids)
    text = "\n".join(f"Fault {fault['id']} is removed." for fault in gone) or "There was no fault."
    emit(output, text, gone, map(_name, gone))


def _row(fault: dict[str, Any]) -> list[str]:
    what = str(fault["code"]) if fault["effect"] == "status" else fault["effect"]
    left = "always" if fault["count"] is None else str(fault["count"])
    methods = ",".join(fault["methods"]) or "all"
    chance = f"{fault['probability']:g}"
    head = [str(fault["id"]), what, methods, fault["path"], fault["user"]]
    return [*head, chance, left, str(fault["struck"])]


def _name(fault: dict[str, Any]) -> str:
    return f"fault/{fault['id']}"
