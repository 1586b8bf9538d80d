"""jhos rollout"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jhos.cli.options import (
    Target,
    name_argument,
    target_options,
    timeout_option,
    wait_option,
    yes_option,
)
from jhos.cli.output import emit, end_unchanged, output_option, short, table
from jhos.cli.precaution import no_backup_option, of_before, precaution

if TYPE_CHECKING:
    from jhos.actions.precaution import Precaution
    from jhos.actions.rollout import Standing
    from jhos.archive import Backup
    from jhos.cluster.client import Cluster

ACTIONS = ("status", "restart", "history", "undo")


@click.command()
@name_argument()
@click.argument("action", type=click.Choice(ACTIONS), default="status")
@click.option("--to", type=click.IntRange(min=1), metavar="NUMBER",
              help="undo: the revision to bring back; else the last that was ready.")  # fmt: skip
@click.option("--backup", "file", type=click.Path(dir_okay=False, path_type=Path),
              help="undo: with the database of this backup too.")  # fmt: skip
@no_backup_option
@yes_option
@wait_option
@timeout_option(600, returns=True)
@output_option
@target_options
def rollout(
    target: Target,
    name: str,
    action: str,
    to: int | None,
    file: Path | None,
    no_backup: bool,
    yes: bool,
    wait: bool,
    timeout_s: int,
    output: str,
) -> None:
    """Follow, restart or take back a change of the deployment NAME.

    \b
    status   wait until the hub is ready and say which revision it is (also without a word)
    restart  start the hub anew; proxy and servers go on
    history  list the last ten revisions: when, who, what
    undo     bring back what was before, or the revision --to

    A change that does not become ready is taken back by itself; running servers go on in any
    case.

    \b
    Examples:
      jhos rollout jakevdp
      jhos rollout jakevdp restart
      jhos rollout jakevdp history
      jhos rollout jakevdp undo
      jhos rollout jakevdp undo --to 3
      jhos rollout jakevdp undo --backup jakevdp-20260102-030405.tar
    """
    from jhos.cli.terminal import tell_where

    if (to is not None or file or no_backup) and action != "undo":
        raise click.UsageError("--to, --backup and --no-backup go with undo only.")
    if file and no_backup:
        raise click.UsageError("Take --backup or --no-backup, not both.")
    cluster = target.connect(timeout_s)
    if action in ("restart", "undo"):
        tell_where(cluster)
    if action == "history":
        _history(cluster, name, output)
    elif action == "undo":
        first = precaution(name, without=no_backup)
        _undo(cluster, name, to, _approved(file, name, yes), first, wait, timeout_s, output)
    else:
        _follow(cluster, name, action, wait, timeout_s, output)


def _follow(
    cluster: "Cluster", name: str, action: str, wait: bool, timeout_s: int, output: str
) -> None:
    from jhos.actions import rollout as act
    from jhos.cli.terminal import progress

    with progress() as report:
        if action == "restart":
            found = act.restart(cluster, name, wait=wait, timeout_s=timeout_s, report=report)
        elif wait:
            found = act.await_ready(cluster, name, timeout_s=timeout_s, report=report)
        else:
            found = act.standing(cluster, name)
    emit(output, _text(found), _data(found), [f"deployment/{name}"] if action == "restart" else [])


def _text(found: "Standing") -> str:
    state = str(found.hub.status)
    words = f" ({found.hub.message})" if found.hub.message else ""
    revision = found.revision
    which = f", revision {revision.number} of {_time(revision.at)}" if revision else ""
    return f"The hub of {found.name} is {state}{words}{which}: {found.url}"


def _data(found: "Standing") -> dict[str, Any]:
    return {
        "name": found.name,
        "project": found.namespace,
        "url": found.url,
        "state": str(found.hub.status),
        "message": found.hub.message,
        "revision": found.revision.number if found.revision else None,
    }


def _history(cluster: "Cluster", name: str, output: str) -> None:
    from jhos.actions.configure import read
    from jhos.actions.history import revisions
    from jhos.actions.rollout import outcome
    from jhos.cli.terminal import clean

    kept = revisions(cluster, name)
    if not kept:
        read(cluster, name)
    rows = [(str(each.number), _time(each.at), each.who, short(clean(each.what)),
             short(clean(outcome(each, kept)))) for each in kept]  # fmt: skip
    data = [{"revision": each.number, "at": each.at, "who": each.who, "what": each.what,
             "state": outcome(each, kept)} for each in kept]  # fmt: skip
    nothing = f"{name} has no revisions yet; the next change makes one."
    text = table(("REVISION", "AT", "WHO", "WHAT", "STATE"), rows) if rows else nothing
    emit(output, text, data, [f"secret/{name}-revision-{each.number}" for each in kept])


def _approved(file: Path | None, name: str, yes: bool) -> "Backup | None":
    """What the file holds, once it is said that the database of now may go."""
    from jhos import archive
    from jhos.cli.terminal import confirm

    if file is None:
        return None
    found = archive.read(file)
    if not yes:
        click.echo(f"The database of {name} goes back to {_time(found.about['time'])}: users, "
                   "tokens and logins that came since are lost.", err=True)  # fmt: skip
    if not confirm("Go back?", yes=yes):
        end_unchanged()
    return found


def _undo(
    cluster: "Cluster",
    name: str,
    to: int | None,
    backup: "Backup | None",
    first: "Precaution | None",
    wait: bool,
    timeout_s: int,
    output: str,
) -> None:
    from jhos.actions.rollout import undo
    from jhos.cli.configure import result
    from jhos.cli.terminal import progress

    with progress() as report:
        done, number = undo(cluster, name, to, backup=backup, precaution=first, wait=wait,
                            timeout_s=timeout_s, report=report)  # fmt: skip
    if done.plan.differs:
        text = f"Revision {number} of {name} is back, as revision {done.revision}: {done.url}"
    else:
        text = f"Nothing had to be changed: {name} is as revision {number} was."
    text = "\n".join([text, *of_before(done)])
    written = [change.ref.title for change in done.plan.writes]
    emit(output, text, {**result(done), "restored": number}, written)


def _time(at: str) -> str:
    return at.replace("T", " ").removesuffix("Z") + " UTC"
