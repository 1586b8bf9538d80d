"""Plan → cluster, stage by stage, in parallel inside a stage. Every write may be repeated."""

from itertools import groupby

from jhos.cluster.client import Cluster
from jhos.cluster.parallel import parallel
from jhos.events import Event, Report, State
from jhos.kinds import KINDS
from jhos.objects import Object, ObjectRef
from jhos.plan import Action, Change, Plan, check_ownership, is_settled, plan_deploy
from jhos.render import inventory

_DONE = {
    Action.CREATE: "created",
    Action.UPDATE: "changed",
    Action.UNCHANGED: "unchanged",
    Action.DELETE: "deleted",
}
# To bind a role that is not there yet is refused: whether its rights may be given is not known.
_NEEDS_OTHERS = ("RoleBinding",)


def preview(
    cluster: Cluster, name: str, wanted: list[Object], *, force: bool, try_new: bool = False
) -> Plan:
    """What applying would do: one list a kind, and a dry run of what is not plainly the same.

    `try_new`: also of what is not there yet, so that what the cluster refuses is known. Raises
    Conflict where objects of these names belong to somebody else.
    """
    former = recorded(cluster, name)
    live = _live(cluster, {obj["kind"] for obj in wanted} | {ref.kind for ref in former})
    check_ownership(name, live, wanted)
    unsettled = [
        obj
        for obj in wanted
        if ObjectRef.of(obj) in live and not is_settled(live[ObjectRef.of(obj)], obj)
    ]

    def both(obj: Object) -> tuple[ObjectRef, tuple[Object, Object]]:
        before = cluster.get(ObjectRef.of(obj)) or {"metadata": {}}
        after = cluster.apply(obj, dry_run=True, force=force or _is_merged(obj))
        return ObjectRef.of(obj), (before, after)

    def attempt(obj: Object) -> None:
        cluster.apply(obj, dry_run=True)

    if try_new:
        fresh = (obj for obj in wanted if ObjectRef.of(obj) not in live)
        parallel(attempt, [obj for obj in fresh if obj["kind"] not in _NEEDS_OTHERS])
    previewed = dict(parallel(both, unsettled))
    obsolete = former - {ObjectRef.of(obj) for obj in wanted}
    return plan_deploy(name, wanted, live, previewed, obsolete)


def check_names(cluster: Cluster, name: str, wanted: list[Object]) -> None:
    """Raises Conflict where objects of these names belong to somebody else."""
    check_ownership(name, _live(cluster, {obj["kind"] for obj in wanted}), wanted)


def _live(cluster: Cluster, kinds: set[str]) -> dict[ObjectRef, Object]:
    """Metadata of every object of these kinds in the project."""
    listed = parallel(cluster.metadata, sorted(kinds))
    return {ObjectRef.of(obj): obj for objects in listed for obj in objects}


def _is_merged(obj: Object) -> bool:
    """A ConfigMap holds what others wrote into it already, so that taking it over loses nothing."""
    kind: str = obj["kind"]
    return kind == "ConfigMap"


def apply(cluster: Cluster, name: str, plan: Plan, report: Report, *, force: bool) -> None:
    """Carry out the plan; what it creates stands in the inventory before it is there."""
    wanted = [change.ref for change in plan.changes if change.action is not Action.DELETE]
    if plan.writes or plan.of(Action.DELETE):
        cluster.apply(inventory(name, [change.ref for change in plan.changes]), force=True)

    def write(change: Change) -> None:
        obj = change.after or {}
        cluster.apply(obj, force=force or _is_merged(obj))
        report(Event("Objects", State.RUNNING, f"applied {change.ref}"))

    for _, stage in groupby(sorted(plan.writes, key=_stage), _stage):
        parallel(write, list(stage))
    remove(cluster, plan.of(Action.DELETE), report)
    if plan.of(Action.DELETE):
        cluster.apply(inventory(name, wanted), force=True)
    counts = ((action, len(plan.of(action))) for action in Action if action is not Action.KEEP)
    words = ", ".join(f"{number} {_DONE[action]}" for action, number in counts if number)
    report(Event("Objects", State.DONE, words))


def remove(cluster: Cluster, changes: list[Change], report: Report) -> None:
    """Last stage first, so that nothing makes again what was just deleted."""

    def delete(change: Change) -> None:
        meta = (change.before or {})["metadata"]
        cluster.delete(change.ref, uid=meta["uid"], foreground=change.ref.kind == "Deployment")
        report(Event("Objects", State.RUNNING, f"deleted {change.ref}"))

    for _, stage in groupby(sorted(changes, key=_stage, reverse=True), _stage):
        parallel(delete, list(stage))


def recorded(cluster: Cluster, name: str) -> set[ObjectRef]:
    """The inventory; empty where there is none."""
    found = cluster.get(ObjectRef("ConfigMap", f"{name}-inventory"))
    lines = (found or {}).get("data", {}).get("objects", "").split()
    pairs = (line.partition("/") for line in lines)
    return {ObjectRef(kind, object_name) for kind, _, object_name in pairs if kind in KINDS}


def _stage(change: Change) -> int:
    return KINDS[change.ref.kind].stage
