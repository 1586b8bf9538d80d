"""jhos storage"""

from typing import TYPE_CHECKING, Any

import click

from jhos.cli.completion import of_deployment
from jhos.cli.options import REQUEST_S, Target, name_argument, target_options, yes_option
from jhos.cli.output import emit, end_unchanged, output_option, table
from jhos.cli.units import since, wire

if TYPE_CHECKING:
    from jhos.actions.storage import UserVolume
    from jhos.cluster.client import Cluster


def _owners(cluster: "Cluster", name: str) -> list[str]:
    from jhos.actions.storage import list_volumes

    return [each.volume.owner for each in list_volumes(cluster, name)]


@click.group()
def storage() -> None:
    """See whose the volumes are, and delete some.

    \b
    Examples:
      jhos storage list jakevdp
      jhos storage delete jakevdp ada
    """


@storage.command("list", short_help="Whose the volumes are, and when they were last used.")
@name_argument()
@output_option
@target_options
def list_storage(target: Target, name: str, output: str) -> None:
    """Whose the volumes of the deployment NAME are, and when they were last used.

    LAST USED is when the user was last at the hub; `user is gone` where the hub knows none of
    that name any more.

    \b
    Examples:
      jhos storage list jakevdp
      jhos storage list jakevdp -o json
    """
    cluster = target.connect(REQUEST_S)
    from jhos.actions.storage import list_volumes
    from jhos.cli.terminal import say

    found = list_volumes(cluster, name)
    head = ("USER", "SIZE", "CLASS", "IN USE", "LAST USED", "MADE", "CLAIM")
    text = table(head, map(_row, found)) if found else "No user has a volume."
    emit(output, text, [_data(each) for each in found], _names(found))
    if any(each.known is None for each in found):
        say(
            f"The hub does not answer, so when they were last used is not known: jhos status {name}"
        )


@storage.command(short_help="Delete the volumes of users.")
@name_argument()
@click.argument("named", nargs=-1, required=True, metavar="USER|CLAIM...",
                shell_complete=of_deployment(_owners))  # fmt: skip
@yes_option
@output_option
@target_options
def delete(target: Target, name: str, named: tuple[str, ...], yes: bool, output: str) -> None:
    """Delete the volumes of the named users, or of the named claims, with all files on them.

    Asks. A volume that a server has mounted is refused; one that is not there is reported and
    counts as deleted.

    \b
    Examples:
      jhos storage delete jakevdp ada
      jhos storage delete jakevdp jakevdp-nb-ada --yes
    """
    cluster = target.connect(REQUEST_S)
    from jhos.actions.storage import delete_volumes, names_of
    from jhos.cli.terminal import confirm, say

    def approve(going: "list[UserVolume]") -> bool:
        if not yes:
            click.echo(table(("USER", "SIZE", "LAST USED", "CLAIM"), map(_short, going)), err=True)
        return confirm("Delete these volumes and all files on them?", yes=yes)

    done = delete_volumes(cluster, name, named, approve=approve)
    if done is None:
        end_unchanged()
    there = {owner for each in done for owner in names_of(each)}
    if absent := [each for each in named if each not in there]:
        say(f"There is no volume of {', '.join(absent)} (jhos storage list {name}).")
    deleted = ", ".join(each.volume.name for each in done)
    text = f"Deleted: {deleted}" if done else "Nothing had to be deleted."
    emit(output, text, [_data(each) for each in done], _names(done))


def _row(each: "UserVolume") -> tuple[str, ...]:
    used = "yes" if each.in_use else ""
    made = since(each.created)
    return (
        each.volume.owner,
        each.volume.size,
        each.volume.storage_class,
        used,
        _last_used(each),
        made,
        each.volume.name,
    )


def _short(each: "UserVolume") -> tuple[str, ...]:
    return (each.volume.owner, each.volume.size, _last_used(each), each.volume.name)


def _last_used(each: "UserVolume") -> str:
    return "unknown user" if each.known is False else since(each.last_used)


def _names(volumes: "list[UserVolume]") -> list[str]:
    return [f"persistentvolumeclaim/{each.volume.name}" for each in volumes]


def _data(each: "UserVolume") -> dict[str, Any]:
    return {
        "claim": each.volume.name,
        "user": each.volume.owner,
        "userKnown": each.known,
        "size": each.volume.size,
        "storageClass": each.volume.storage_class or None,
        "created": wire(each.created),
        "lastUsed": wire(each.last_used),
        "inUse": each.in_use,
    }
