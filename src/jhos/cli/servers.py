"""jhos servers"""

from typing import TYPE_CHECKING, Any

import click

from jhos.cli.completion import of_deployment
from jhos.cli.options import (
    REQUEST_S,
    Target,
    name_argument,
    target_options,
    timeout_option,
    yes_option,
)
from jhos.cli.output import counted, emit, end_unchanged, output_option, table
from jhos.cli.units import Duration, since, size, span, wire

if TYPE_CHECKING:
    from jhos.actions.servers import Running
    from jhos.cluster.client import Cluster

_PREVIEWED = 10


def running(cluster: "Cluster", name: str) -> list[str]:
    """Whose servers there are, as they are named on the command line."""
    from jhos.actions.servers import list_servers as act

    return [each.server.title for each in act(cluster, name)]


@click.group()
def servers() -> None:
    """See what notebook servers run, and stop them.

    \b
    Examples:
      jhos servers list jakevdp
      jhos servers stop jakevdp --idle 2h
    """


@servers.command("list", short_help="Who runs what, since when, idle for how long.")
@name_argument()
@output_option
@target_options
def list_servers(target: Target, name: str, output: str) -> None:
    """Who runs what in the deployment NAME, since when, and idle for how long.

    IDLE counts from the last that the user or a kernel did; MEMORY is the limit.

    \b
    Examples:
      jhos servers list jakevdp
      jhos servers list jakevdp -o json
    """
    cluster = target.connect(REQUEST_S)
    from jhos.actions.servers import list_servers as act

    found = act(cluster, name)
    emit(output, _table(found), [_data(each) for each in found], _pods(found))


@servers.command(short_help="Stop servers by user, all, or those that are idle.")
@name_argument()
@click.argument("users", nargs=-1, metavar="[USER]...", shell_complete=of_deployment(running))
@click.option("--all", "every", is_flag=True, help="All that run.")
@click.option("--idle", type=Duration(), metavar="DURATION", help="Only those idle for as long.")
@timeout_option(120)
@yes_option
@output_option
@target_options
def stop(
    target: Target,
    name: str,
    users: tuple[str, ...],
    every: bool,
    idle: int | None,
    timeout_s: int,
    yes: bool,
    output: str,
) -> None:
    """Stop notebook servers of the deployment NAME: those of the named users, all, or idle ones.

    Asks unless users are named. What is not saved is lost; volumes stay. A user's second server
    is named USER/SERVER.

    \b
    Examples:
      jhos servers stop jakevdp ada grace
      jhos servers stop jakevdp --idle 2h --yes
      jhos servers stop jakevdp --all
    """
    from jhos.actions.servers import Which, names_of, stop_servers
    from jhos.cli.terminal import confirm, progress, say

    if not (users or every or idle is not None):
        raise click.UsageError("Say which: users by name, --all, or --idle DURATION.")
    if users and every:
        raise click.UsageError("Name users or say --all, not both.")

    def approve(going: "list[Running]") -> bool:
        if users or yes:
            return True
        click.echo(_preview(going), err=True)
        return confirm("Stop them?", yes=yes)

    cluster = target.connect(timeout_s)
    which = Which(names=users, all=every, idle_s=idle)
    with progress() as report:
        done = stop_servers(
            cluster, name, which, approve=approve, timeout_s=timeout_s, report=report
        )
    if done is None:
        end_unchanged()
    running = {user for each in done for user in names_of(each)}
    if absent := [each for each in users if each not in running]:
        say(f"No server runs for {', '.join(absent)} (jhos servers list {name}).")
    stopped = ", ".join(each.server.title for each in done)
    text = f"Stopped: {stopped}" if done else "No server of these runs."
    emit(output, text, [_data(each) for each in done], _pods(done))


def _preview(going: "list[Running]") -> str:
    shown = [f"  {each.server.title} (idle {span(each.idle_s)})" for each in going[:_PREVIEWED]]
    more = len(going) - len(shown)
    rest = [f"  and {more} more"] if more else []
    stops = f"{counted(len(going), 'server')} {'is' if len(going) == 1 else 'are'} stopped"
    return "\n".join([f"{stops}; work not saved is lost:", *shown, *rest])


def _table(found: "list[Running]") -> str:
    if not found:
        return "No server runs."
    head = ("USER", "STATE", "STARTED", "IDLE", "MEMORY", "CHOICE", "IMAGE")
    return table(head, map(_row, found))


def _row(each: "Running") -> tuple[str, ...]:
    server = each.server
    return (
        server.title,
        state(each),
        since(server.started),
        span(each.idle_s),
        size(each.memory),
        str(server.options.get("profile") or ""),
        each.image.rpartition("/")[2].partition("@")[0],
    )


def state(each: "Running") -> str:
    return each.server.pending or ("ready" if each.server.ready else "stopped")


def _pods(found: "list[Running]") -> list[str]:
    return [f"pod/{each.pod}" for each in found if each.pod]


def _data(each: "Running") -> dict[str, Any]:
    server = each.server
    return {
        "user": server.user,
        "server": server.name,
        "state": state(each),
        "started": wire(server.started),
        "lastActivity": wire(server.last_activity),
        "idleSeconds": each.idle_s,
        "memoryBytes": None if each.memory is None else int(each.memory),
        "options": server.options,
        "image": each.image or None,
        "pod": each.pod or None,
    }
