"""jhos users"""

from typing import TYPE_CHECKING, Any

import click

from jhos.cli.completion import of_deployment
from jhos.cli.options import REQUEST_S, Target, name_argument, target_options, yes_option
from jhos.cli.output import emit, end_unchanged, output_option, table
from jhos.cli.units import since, wire

if TYPE_CHECKING:
    from jhos.actions.users import Changed
    from jhos.cluster.client import Cluster
    from jhos.hubapi import User


def _known(cluster: "Cluster", name: str) -> list[str]:
    from jhos.actions.users import list_users as act

    return [user.name for user in act(cluster, name)]


_new = click.argument("users", nargs=-1, required=True, metavar="USER...")
_names = click.argument("users", nargs=-1, required=True, metavar="USER...",
                        shell_complete=of_deployment(_known))  # fmt: skip


@click.group()
def users() -> None:
    """See and change whom the hub knows.

    The hub notes whoever logs in; a user that is added here may log in where the login lets in
    those that are known. Who may at all is a setting: see `jhos deploy --allow-user`, `--auth`.

    \b
    Examples:
      jhos users list jakevdp
      jhos users add jakevdp ada grace
      jhos users admin jakevdp ada
    """


@users.command("list", short_help="Whom the hub knows, and when they were last there.")
@name_argument()
@output_option
@target_options
def list_users(target: Target, name: str, output: str) -> None:
    """Whom the hub of the deployment NAME knows, and when they were last there.

    \b
    Examples:
      jhos users list jakevdp
      jhos users list jakevdp -o name
    """
    cluster = target.connect(REQUEST_S)
    from jhos.actions.users import list_users as act

    found = act(cluster, name)
    head = ("USER", "ADMIN", "GROUPS", "SERVERS", "LAST SEEN", "KNOWN FOR")
    text = table(head, map(_row, found)) if found else "The hub knows nobody yet."
    emit(output, text, [_data(user) for user in found], [user.name for user in found])


@users.command(short_help="Add users, before they log in.")
@name_argument()
@_new
@click.option("--admin", is_flag=True, help="Make admins of them.")
@output_option
@target_options
def add(target: Target, name: str, users: tuple[str, ...], admin: bool, output: str) -> None:
    """Add each USER to the hub of the deployment NAME.

    \b
    Examples:
      jhos users add jakevdp ada grace
      jhos users add jakevdp ada --admin
    """
    cluster = target.connect(REQUEST_S)
    from jhos.actions.users import add_users

    done = add_users(cluster, name, users, admin=admin)
    _emit(output, "Added", done, "known already")


@users.command(short_help="Remove users; their volumes stay.")
@name_argument()
@_names
@yes_option
@output_option
@target_options
def remove(target: Target, name: str, users: tuple[str, ...], yes: bool, output: str) -> None:
    """Remove each USER from the hub of the deployment NAME, and stop their servers.

    Their volumes stay: `jhos storage delete` removes them. A user whom the hub does not know is
    reported and counts as removed.

    \b
    Examples:
      jhos users remove jakevdp ada
    """
    cluster = target.connect(REQUEST_S)
    from jhos.actions.users import remove_users
    from jhos.cli.terminal import confirm

    def approve(going: "list[User]") -> bool:
        running = sum(len(user.servers) for user in going)
        if running and not yes:
            click.echo(f"{running} of their servers run; work not saved is lost.", err=True)
        return confirm(f"Remove {', '.join(user.name for user in going)}?", yes=yes)

    done = remove_users(cluster, name, users, approve=approve)
    if done is None:
        end_unchanged()
    _emit(output, "Removed", done, "not there")


@users.command(short_help="Make admins of users, or no longer.")
@name_argument()
@_names
@click.option("--revoke", is_flag=True, help="They are no admins any more.")
@output_option
@target_options
def admin(target: Target, name: str, users: tuple[str, ...], revoke: bool, output: str) -> None:
    """Make each USER an admin of the hub of the deployment NAME: they see and stop all servers.

    \b
    Examples:
      jhos users admin jakevdp ada
      jhos users admin jakevdp ada --revoke
    """
    cluster = target.connect(REQUEST_S)
    from jhos.actions.users import make_admins

    done = make_admins(cluster, name, users, admin=not revoke)
    words = ("No admin any more", "no admin") if revoke else ("Admin now", "admin already")
    _emit(output, words[0], done, words[1])


def _emit(output: str, verb: str, done: "Changed", same: str) -> None:
    from jhos.cli.terminal import say

    lines = [f"{verb}: {', '.join(done.done)}"] if done.done else []
    lines += [f"{same.capitalize()}: {', '.join(done.same)}"] if done.same else []
    data = {"changed": list(done.done), "unchanged": list(done.same)}
    emit(output, "\n".join(lines), data, done.done)
    if done.settings:
        say(
            f"The settings name {', '.join(done.settings)}: the hub's next start brings that back. "
            "Change it with jhos deploy --allow-user … --admin-user … (all that are to stay)."
        )


def _row(user: "User") -> tuple[str, ...]:
    return (
        user.name,
        "yes" if user.admin else "",
        ", ".join(user.groups),
        str(len(user.servers)),
        since(user.last_activity),
        since(user.created),
    )


def _data(user: "User") -> dict[str, Any]:
    return {
        "name": user.name,
        "admin": user.admin,
        "groups": list(user.groups),
        "servers": [each.title for each in user.servers],
        "lastActivity": wire(user.last_activity),
        "created": wire(user.created),
    }
