"""jhos teardown"""

from typing import TYPE_CHECKING, Any

import click

from jhos.cli.completion import deployments
from jhos.cli.options import Target, target_options, timeout_option, yes_option
from jhos.cli.output import emit, output_option

if TYPE_CHECKING:
    from jhos.actions.teardown import Teardown
    from jhos.plan import Action


@click.command()
@click.argument("name", shell_complete=deployments)
@click.option("--delete-storage", is_flag=True, help="Delete also what would stay.")
@timeout_option(300)
@yes_option
@output_option
@target_options
def teardown(
    target: Target, name: str, delete_storage: bool, timeout_s: int, yes: bool, output: str
) -> None:
    """Remove the deployment NAME from the project.

    Shows what goes and asks. The volumes, the database, its secret and the configuration stay,
    and a later `jhos deploy` of that name takes them up again, unless --delete-storage is said.
    Images stay in any case: other deployments of the project may use them.

    \b
    Examples:
      jhos teardown jakevdp
      jhos teardown jakevdp --delete-storage --yes
    """
    from jhos.actions.teardown import teardown as act
    from jhos.cli.terminal import confirm, progress
    from jhos.plan import Action

    def approve(found: "Teardown") -> bool:
        if not yes:
            click.echo(_preview(found, cluster.context), err=True)
        return confirm("Delete all this?", yes=yes)

    cluster = target.connect(timeout_s)
    with progress() as report:
        done = act(
            cluster,
            name,
            delete_storage=delete_storage,
            approve=approve,
            timeout_s=timeout_s,
            report=report,
        )
    if done is None:
        click.echo("Nothing was changed.", err=True)
        click.get_current_context().exit(1)
    gone = [
        f"{change.ref.kind.lower()}/{change.ref.name}" for change in done.plan.of(Action.DELETE)
    ]
    emit(output, _text(done, anything=bool(gone)), _data(done), gone)


def _preview(found: "Teardown", context: str) -> str:
    from jhos.plan import Action

    lines = [f"In project {found.namespace} (context {context}) these go:"]
    lines += [f"  {ref}" for ref in _refs(found, Action.DELETE)]
    if found.servers:
        lines.append(
            f"{found.servers} notebook servers run and are stopped; work not stored is lost."
        )
    return "\n".join([*lines, *_kept(found)])


def _text(done: "Teardown", *, anything: bool) -> str:
    where = f"{done.name} in project {done.namespace}"
    kept = _kept(done)
    if anything:
        head = f"Gone: {where}."
    else:
        head = f"Torn down already: {where}." if kept else f"There is nothing of {where}."
    lines = list(kept)
    if kept:
        lines.append(
            f"Remove them too: jhos teardown {done.name} -n {done.namespace} --delete-storage"
        )
    return "\n".join([head, *lines])


def _kept(found: "Teardown") -> list[str]:
    from jhos.plan import Action

    kept = _refs(found, Action.KEEP)
    return ["These stay:", *(f"  {ref}" for ref in kept)] if kept else []


def _refs(found: "Teardown", action: "Action") -> list[str]:
    return [str(change.ref) for change in found.plan.of(action)]


def _data(done: "Teardown") -> dict[str, Any]:
    from jhos.plan import Action

    return {
        "name": done.name,
        "project": done.namespace,
        "deleted": _refs(done, Action.DELETE),
        "kept": _refs(done, Action.KEEP),
    }
