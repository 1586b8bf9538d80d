"""Plan → cluster, stage by stage, in parallel inside a stage. Every write may be repeated."""

from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from functools import partial
from itertools import groupby

from jhos.cluster.client import Cluster
from jhos.cluster.facts import Kept
from jhos.cluster.parallel import parallel, together
from jhos.errors import Conflict, Immutable, JhosError
from jhos.events import Event, Report, State
from jhos.inventory import inventory, recorded
from jhos.kinds import stage_of
from jhos.objects import Object, ObjectRef
from jhos.ownership import is_created_by_jhos
from jhos.plan import (
    Action,
    Change,
    Plan,
    belongs_to,
    check_ownership,
    is_settled,
    is_taken_over,
    of_somebody_else,
    plan_deploy,
)

_DONE = {
    Action.CREATE: "created",
    Action.UPDATE: "changed",
    Action.UNCHANGED: "unchanged",
    Action.DELETE: "deleted",
}
# An application of somebody else that has our name has one of these; and a service account may
# have nothing that tells who made it.
TELLING = {"Deployment", "Route", "ServiceAccount"}
OWNERS = ("Deployment",)  # gone when what they own is
# To bind a role that is not there yet is refused: whether its rights may be given is not known.
_NEEDS_OTHERS = ("RoleBinding",)


def preview(
    cluster: Cluster,
    kept: Kept,
    wanted: list[Object],
    *,
    force: bool,
    try_new: bool = False,
    hidden: Collection[str] = (),
) -> Plan:
    """What applying would do: one list a kind, and a dry run of what is not plainly the same.

    `try_new`: also of what is not there yet, so that what the cluster refuses is known. `hidden`:
    kinds of which each object that the inventory names is taken to be as it is wanted. Raises
    Conflict where objects of these names belong to somebody else.
    """
    name, former = kept.name, recorded(kept.inventory)
    refs = {ObjectRef.of(obj) for obj in wanted} | former
    live = read_live(cluster, kept, {ref for ref in refs if ref.kind not in hidden})
    check_ownership(name, live, wanted)
    unsettled = [
        obj
        for obj in wanted
        if ObjectRef.of(obj) in live and not is_settled(live[ObjectRef.of(obj)], obj)
    ]
    assumed = {ObjectRef.of(obj): obj for obj in wanted if obj["kind"] in hidden}
    live |= {ref: obj for ref, obj in assumed.items() if ref in former}

    def both(obj: Object) -> tuple[ObjectRef, tuple[Object, Object]]:
        ref = ObjectRef.of(obj)
        before = cluster.get(ref) or {"metadata": {}}
        try:
            after = cluster.apply(obj, dry_run=True, force=force or is_taken_over(live[ref]))
        except Immutable:
            after = _anew(cluster, obj, before)
        return ref, (before, after)

    def attempt(obj: Object) -> None:
        cluster.apply(obj, dry_run=True)

    if try_new:
        fresh = (obj for obj in wanted if ObjectRef.of(obj) not in live)
        parallel(attempt, [obj for obj in fresh if obj["kind"] not in _NEEDS_OTHERS])
    previewed = dict(parallel(both, unsettled))
    obsolete = former - {ObjectRef.of(obj) for obj in wanted}
    return plan_deploy(name, wanted, live, previewed, obsolete)


def _anew(cluster: Cluster, obj: Object, before: Object) -> Object:
    """`before` as it will be once it was made anew; raises Refused where one may not make it so.

    A project's admin chooses the host of a new route, but not of one that is there.
    """
    name = obj["metadata"]["name"]
    trial = {**obj, "metadata": {**obj["metadata"], "name": f"{name}-anew"}}
    after = cluster.apply(trial, dry_run=True)
    said = {key: after["metadata"].get(key) for key in ("labels", "annotations")}
    return {**before, **after, "metadata": {**before["metadata"], **said}}


def read_live(cluster: Cluster, kept: Kept, refs: set[ObjectRef]) -> dict[ObjectRef, Object]:
    """Metadata of every object of these kinds in the project; in full what was read already.

    Before a first deployment only some are looked at: `apply` notices the others.
    """
    kinds = {ref.kind for ref in refs.difference(kept.refs)}
    live = dict(kept.live)
    if not live:
        live |= _listed(cluster, kinds & TELLING)
        if not any(belongs_to(kept.name, obj) for obj in live.values()):
            return live
        kinds -= TELLING
    return live | _listed(cluster, kinds)


def _listed(cluster: Cluster, kinds: set[str]) -> dict[ObjectRef, Object]:
    listed = parallel(cluster.metadata, sorted(kinds))
    return {ObjectRef.of(obj): obj for objects in listed for obj in objects}


def announce(cluster: Cluster, name: str, plan: Plan) -> bool:
    """Make the inventory of a first deployment; False where that has to be done by `apply`."""
    with suppress(JhosError):
        cluster.create(inventory(name, [change.ref for change in plan.changes]))
        return True
    return False


def apply(
    cluster: Cluster,
    name: str,
    plan: Plan,
    report: Report,
    *,
    force: bool,
    announced: bool = False,
    record: Callable[[], object] = lambda: None,
) -> dict[ObjectRef, Object]:
    """Carry out the plan; what it creates stands in the inventory before it is there.

    `announced`: it does. `record` is called beside the last writes. Returns what was written, as
    it now is.
    """
    written: dict[ObjectRef, Object] = {}
    wanted = [change.ref for change in plan.changes if change.action is not Action.DELETE]
    if not announced:
        refs = [change.ref for change in plan.changes]
        cluster.apply(inventory(name, refs), force=True)

    def write(change: Change) -> None:
        if change.action is Action.CREATE:
            written[change.ref] = _create(cluster, name, change)
        else:
            written[change.ref] = _update(cluster, change, force=force)
        report(Event("Objects", State.RUNNING, f"applied {change.ref}"))

    stages = [list(stage) for _, stage in groupby(sorted(plan.writes, key=_stage), _stage)]
    for stage in stages[:-1]:
        parallel(write, stage)
    together(*(partial(write, change) for stage in stages[-1:] for change in stage), record)
    remove(cluster, plan.of(Action.DELETE), report)
    if plan.of(Action.DELETE):
        cluster.apply(inventory(name, wanted), force=True)
    report(Event("Objects", State.DONE, tally(plan)))
    return written


def _create(cluster: Cluster, name: str, change: Change) -> Object:
    """Never by force: before a first deployment nobody has looked whether its name is taken."""
    try:
        created, is_new = cluster.apply_new(change.after or {})
    except Conflict as error:
        found = cluster.get(change.ref)
        if found is None or belongs_to(name, found):
            raise
        raise of_somebody_else(name, change.ref) from error
    if not (is_new or is_created_by_jhos(created)):
        cluster.release(change.ref)
        raise of_somebody_else(name, change.ref)
    return created


def _update(cluster: Cluster, change: Change, *, force: bool) -> Object:
    before, after = change.before or {"metadata": {}}, change.after or {}
    try:
        return cluster.apply(after, force=force or is_taken_over(before))
    except Immutable:
        cluster.delete(change.ref, uid=before["metadata"].get("uid", ""))
        return cluster.apply(after)


def tally(plan: Plan) -> str:
    """`15 created, 2 unchanged`"""
    counts = ((action, len(plan.of(action))) for action in Action if action is not Action.KEEP)
    return ", ".join(f"{number} {_DONE[action]}" for action, number in counts if number)


def remove(cluster: Cluster, changes: Iterable[Change], report: Report) -> None:
    """Last stage first, so that nothing makes again what was just deleted."""

    def delete(change: Change) -> None:
        meta = (change.before or {})["metadata"]
        cluster.delete(change.ref, uid=meta["uid"], foreground=change.ref.kind in OWNERS)
        report(Event("Objects", State.RUNNING, f"deleted {change.ref}"))

    for _, stage in groupby(sorted(changes, key=_stage, reverse=True), _stage):
        parallel(delete, stage)


def _stage(change: Change) -> int:
    return stage_of(change.ref.kind)
