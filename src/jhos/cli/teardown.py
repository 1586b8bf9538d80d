"""jhos teardown"""

from typing import TYPE_CHECKING, Any

import click

from jhos.cli.options import Target, name_argument, target_options, timeout_option, yes_option
from jhos.cli.output import counted, emit, end_unchanged, output_option, table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jhos.actions.teardown import Teardown
    from jhos.objects import ObjectRef
    from jhos.plan import Action

_CLAIM = "PersistentVolumeClaim"
_IMAGES = ("BuildConfig", "ImageStream")
_NAMED = 20  # of one kind, on a screen


@click.command()
@name_argument()
@click.option("--delete-storage", is_flag=True, help="Delete also volumes and configuration.")
@click.option(
    "--keep-images/--delete-images",
    "images",
    default=None,
    help="Keep also the image of the deployment's own repository, or delete also the images that "
    "deployments share.",
)
@timeout_option(300)
@yes_option
@output_option
@target_options
def teardown(
    target: Target,
    name: str,
    delete_storage: bool,
    images: bool | None,
    timeout_s: int,
    yes: bool,
    output: str,
) -> None:
    """Remove the deployment NAME from the project.

    Shows what goes and asks. The volumes, the database, its secret and the configuration stay,
    and a later `jhos deploy` of that name takes them up again, unless --delete-storage is said;
    then the name is to be typed. An image that was built of a repository for this deployment
    goes, those that deployments share stay.

    Objects that only have its labels, as a copy does, stay with --yes; else you are asked.

    \b
    Examples:
      jhos teardown jakevdp
      jhos teardown jakevdp --keep-images
      jhos teardown jakevdp --delete-storage --delete-images --yes
    """
    cluster = target.connect(timeout_s, connections=10)
    from jhos.actions.teardown import Wish
    from jhos.actions.teardown import teardown as act
    from jhos.cli.terminal import confirm, confirm_by_name, progress
    from jhos.plan import Action

    def approve(found: "Teardown") -> bool:
        if not yes:
            click.echo(_preview(found, cluster.context), err=True)
        if delete_storage:
            return confirm_by_name("To delete all this for good, type its name", name, yes=yes)
        return confirm("Delete all this?", yes=yes)

    def adopt(found: "Teardown") -> bool:
        """--yes is about what jhos created."""
        if yes:
            return False
        click.echo("\n".join(_strays(found)), err=True)
        return confirm("Delete these too?", yes=False)

    wish = Wish(delete_storage=delete_storage, images=None if images is None else not images)
    with progress() as report:
        done = act(
            cluster,
            name,
            wish,
            approve=approve,
            adopt=adopt,
            timeout_s=timeout_s,
            report=report,
        )
    if done is None:
        end_unchanged()
    gone = [change.ref.title for change in done.plan.of(Action.DELETE)]
    emit(output, _text(done), _data(done), gone)


def _preview(found: "Teardown", context: str) -> str:
    from jhos.plan import Action

    lines = [f"In project {found.namespace} (context {context}) these go:"]
    lines += _by_kind(found, Action.DELETE)
    if found.servers:
        run = "runs and is" if len(found.servers) == 1 else "run and are"
        lines.append(
            f"{counted(len(found.servers), 'notebook server')} {run} stopped; work not stored is "
            f"lost: {_some(found.servers)}"
        )
    return "\n".join([*lines, *_volumes(found, Action.DELETE), *_kept(found)])


def _text(done: "Teardown") -> str:
    from jhos.plan import Action
    from jhos.rights import FIXED

    where = f"{done.name} in project {done.namespace}"
    kept = done.plan.of(Action.KEEP)
    if done.plan.of(Action.DELETE):
        head = f"Gone: {where}."
    elif len(kept) > len(done.strays):
        head = f"Torn down already: {where}."
    else:
        head = f"There is nothing of {where}."
    lines, again = [head, *_kept(done)], f"jhos teardown {done.name} -n {done.namespace}"
    if any(each.ref.kind in FIXED for each in kept):
        lines.append(f"Someone with the role `admin` can remove Role and RoleBinding: {again}")
    others = (each for each in kept if each.ref not in done.strays)
    if any(each.ref.kind not in (*FIXED, *_IMAGES) for each in others):
        lines.append(f"Remove the data too: {again} --delete-storage")
    return "\n".join(lines)


def _kept(found: "Teardown") -> list[str]:
    from jhos.plan import Action

    kept = _by_kind(found, Action.KEEP)
    volumes = _volumes(found, Action.KEEP)
    lines = ["These stay:", *kept, *volumes] if kept or volumes else []
    if found.others:
        lines.append(f"Shared images stay for the sake of {_some(found.others)}.")
    return [*lines, *_strays(found)]


def _strays(found: "Teardown") -> list[str]:
    if not found.strays:
        return []
    head = f"These have the labels of {found.name}, but jhos did not create them:"
    return [head, *_lines(found.strays)]


def _by_kind(found: "Teardown", action: "Action") -> list[str]:
    """One line a kind; of volumes and servers it is told whose they are."""
    refs = (change.ref for change in found.plan.of(action) if change.ref not in found.strays)
    return _lines(ref for ref in refs if ref.kind not in ("Pod", _CLAIM))


def _lines(refs: "Iterable[ObjectRef]") -> list[str]:
    by_kind: dict[str, list[str]] = {}
    for ref in refs:
        by_kind.setdefault(ref.kind, []).append(ref.name)
    return [f"  {kind} {_some(names)}" for kind, names in by_kind.items()]


def _volumes(found: "Teardown", action: "Action") -> list[str]:
    refs = (change.ref for change in found.plan.of(action) if change.ref not in found.strays)
    names = {ref.name for ref in refs if ref.kind == _CLAIM}
    chosen = [each for each in found.volumes if each.name in names]
    if not chosen:
        return []
    rows = [(each.name, each.owner or "the hub's database", each.size) for each in chosen[:_NAMED]]
    more = len(chosen) - len(rows)
    goes = action == "delete"
    head = "These volumes go, with all that is in them:" if goes else "These volumes stay:"
    return [head, table(("VOLUME", "OWNER", "SIZE"), rows), *([f"and {more} more"] if more else [])]


def _some(names: Any) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _data(done: "Teardown") -> dict[str, Any]:
    from jhos.plan import Action

    deleted, kept = done.plan.of(Action.DELETE), done.plan.of(Action.KEEP)
    gone = {change.ref.name for change in deleted if change.ref.kind == _CLAIM}
    return {
        "name": done.name,
        "project": done.namespace,
        "deleted": [str(change.ref) for change in deleted],
        "kept": [str(each.ref) for each in kept if each.ref not in done.strays],
        "strays": [str(ref) for ref in done.strays],
        "servers": list(done.servers),
        "volumes": [
            {
                "name": each.name,
                "owner": each.owner,
                "size": each.size,
                "kept": each.name not in gone,
            }
            for each in done.volumes
        ],
    }
