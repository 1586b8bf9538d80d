"""jhos doctor"""

from typing import TYPE_CHECKING

import click

from jhos.cli.completion import of_deployment
from jhos.cli.options import REQUEST_S, Target, name_argument, target_options, yes_option
from jhos.cli.output import emit, end_unchanged, output_option, table

if TYPE_CHECKING:
    from jhos.actions.doctor import Leftover
    from jhos.cluster.client import Cluster


def _titles(cluster: "Cluster", name: str) -> list[str]:
    from jhos.actions.doctor import leftovers

    return [each.title for each in leftovers(cluster, name)]


@click.command()
@name_argument()
@click.option("--remove", "removed", multiple=True, metavar="KIND/NAME",
              shell_complete=of_deployment(_titles),
              help="Remove it, if it is listed. Repeatable.")  # fmt: skip
@yes_option
@output_option
@target_options
def doctor(target: Target, name: str, removed: tuple[str, ...], yes: bool, output: str) -> None:
    """List what the deployment NAME has left over: pods and volumes of users that its hub does not
    know, pods whose deletion is stuck, images that no deployment uses.

    With a new database the hub knows nobody: their volumes wait for them to log in again.

    Removes nothing but what is named with --remove, and asks. An image goes with its build config.

    \b
    Examples:
      jhos doctor jakevdp
      jhos doctor jakevdp --remove persistentvolumeclaim/jakevdp-nb-ada
      jhos doctor jakevdp --remove imagestream/s2i-scipy-notebook --yes
    """
    cluster = target.connect(REQUEST_S)
    from jhos.actions.doctor import leftovers, remove
    from jhos.cli.terminal import confirm

    if not removed:
        found = leftovers(cluster, name)
        text = _table(found) if found else f"Nothing of {name} is left over."
        emit(output, text, _data(found), [each.title for each in found])
        return

    def approve(going: "list[Leftover]") -> bool:
        if not yes:
            click.echo(_table(going), err=True)
        return confirm("Remove all this?", yes=yes)

    done = remove(cluster, name, removed, approve=approve)
    if done is None:
        end_unchanged()
    titles = [each.title for each in done]
    emit(output, f"Removed: {', '.join(titles)}", _data(done), titles)


def _table(found: "list[Leftover]") -> str:
    return table(("LEFT OVER", "WHY"), [(each.title, each.why) for each in found])


def _data(found: "list[Leftover]") -> list[dict[str, str]]:
    return [
        {"kind": each.ref.kind, "name": each.ref.name, "why": each.why, "title": each.title}
        for each in found
    ]
