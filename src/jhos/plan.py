"""What applying would change, as a value: live objects and wanted ones → Plan, purely."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from jhos.differences import Difference, differences
from jhos.errors import Conflict
from jhos.kinds import KINDS
from jhos.objects import INSTANCE, KEEP, RENDERED, Object, ObjectRef, annotations_of, labels_of
from jhos.ownership import Addition, additions, covers, own_fields

FROM_TEMPLATE = "jhos.dev/template"  # annotation: made by the web console from our template

_NOTE = f"metadata.annotations[{RENDERED}]"


# Of the metadata, what the server keeps for itself.
_OF_SERVER = ("creationTimestamp", "generation", "managedFields", "resourceVersion", "uid")


class Action(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    UNCHANGED = "unchanged"
    DELETE = "delete"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Change:
    """`before` is None for what is not there yet, `after` for what goes.

    `fields`: what an update changes; none where it only notes what was rendered.
    """

    action: Action
    ref: ObjectRef
    before: Object | None = None
    after: Object | None = None
    fields: tuple[Difference, ...] = ()


@dataclass(frozen=True)
class Plan:
    """`stale`: names in the inventory of what is deleted already, as by a run that was killed.

    `additions`: fields of others in objects that are kept up, which stay as they are.
    """

    changes: tuple[Change, ...]
    stale: tuple[ObjectRef, ...] = ()
    additions: tuple[Addition, ...] = ()

    def of(self, *actions: Action) -> list[Change]:
        return [change for change in self.changes if change.action in actions]

    @property
    def writes(self) -> list[Change]:
        return self.of(Action.CREATE, Action.UPDATE)

    @property
    def moves(self) -> list[Change]:
        """All that changes the cluster."""
        return self.of(Action.CREATE, Action.UPDATE, Action.DELETE)

    @property
    def differs(self) -> bool:
        """Whether carrying it out would change anything."""
        return bool(self.of(Action.CREATE, Action.UPDATE, Action.DELETE))


def is_settled(live: Object, wanted: Object) -> bool:
    """Return whether the live object was rendered from the same, and all fields have our values.

    The server takes a field from us as soon as anybody gives it another value, so others may write
    beside us. `live` needs its metadata only.
    """
    if annotations_of(live).get(RENDERED) != annotations_of(wanted)[RENDERED]:
        return False
    own = own_fields(live)
    return bool(own) and covers(own, _configured(wanted))


def _configured(obj: Object) -> Object:
    """Without what says which object it is, of which a set of fields says nothing."""
    meta = {k: v for k, v in obj["metadata"].items() if k not in ("name", "namespace")}
    return {**{k: v for k, v in obj.items() if k not in ("apiVersion", "kind")}, "metadata": meta}


def check_ownership(name: str, live: Mapping[ObjectRef, Object], wanted: Iterable[Object]) -> None:
    """Raises Conflict where an object of a wanted name belongs to something else."""
    for ref in (ObjectRef.of(each) for each in wanted):
        if ref in live and not belongs_to(name, live[ref]):
            raise of_somebody_else(name, ref)


def of_somebody_else(name: str, ref: ObjectRef) -> Conflict:
    return Conflict(
        f"{ref} exists already and does not belong to a deployment {name}.",
        "Choose another --name, or remove that object.",
    )


def is_taken_over(live: Object | None) -> bool:
    """Whether others' fields are ours all the same: who instantiated the template set them for us.

    A ConfigMap holds what others wrote into it already, so that nothing is lost.
    """
    return live is not None and (
        live.get("kind") == "ConfigMap" or FROM_TEMPLATE in annotations_of(live)
    )


def belongs_to(name: str, obj: Object) -> bool:
    """Whether the object is one of deployment `name`."""
    return labels_of(obj).get(INSTANCE) == name


def plan_deploy(
    name: str,
    wanted: Iterable[Object],
    live: Mapping[ObjectRef, Object],
    previewed: Mapping[ObjectRef, tuple[Object, Object]],
    obsolete: Iterable[ObjectRef],
) -> Plan:
    """`previewed`: (live, as it would be) of what is there and not settled.

    `obsolete`: of an earlier run and no longer wanted; goes unless it holds data.
    """
    changes = []
    for obj in wanted:
        ref = ObjectRef.of(obj)
        if ref not in live:
            changes.append(Change(Action.CREATE, ref, None, obj))
        elif ref in previewed and (found := differences(*previewed[ref])):
            fields = tuple(each for each in found if each.path != _NOTE)
            changes.append(Change(Action.UPDATE, ref, previewed[ref][0], obj, fields))
        else:
            changes.append(Change(Action.UNCHANGED, ref, live[ref], obj))
    stale = []
    for ref in obsolete:
        if ref in live and belongs_to(name, live[ref]):
            changes.append(_removal(live[ref], delete_data=False))
        else:
            stale.append(ref)
    ordered = tuple(sorted(changes, key=lambda change: change.ref))
    kept_up = [live[change.ref] for change in ordered if change.after and change.ref in live]
    return Plan(
        ordered,
        stale=tuple(sorted(stale)),
        additions=tuple(each for obj in kept_up for each in additions(obj)),
    )


def plan_teardown(live: Iterable[Object], *, delete_data: bool, kept: Collection[str] = ()) -> Plan:
    """Everything goes but the kinds `kept`; data and what belongs to it only by `delete_data`."""
    changes = [
        Change(Action.KEEP, ObjectRef.of(obj), obj)
        if obj["kind"] in kept
        else _removal(obj, delete_data=delete_data)
        for obj in live
    ]
    return Plan(tuple(sorted(changes, key=lambda change: change.ref)))


def undoing(plan: Plan, whole: Mapping[ObjectRef, Object]) -> Plan:
    """The way back from `plan` once it was applied: what it created goes, all else is as before.

    `whole`: what it created as it is now, and what it deleted as it was.
    """
    return Plan(tuple(each for change in plan.changes if (each := _undone(change, whole))))


def _undone(change: Change, whole: Mapping[ObjectRef, Object]) -> Change | None:
    found = whole.get(change.ref)
    match change.action:
        case Action.CREATE:
            return _removal(found, delete_data=False) if found else None
        case Action.UPDATE:
            return Change(Action.UPDATE, change.ref, change.after, _as_applied(change.before or {}))
        case Action.DELETE:
            return Change(Action.CREATE, change.ref, None, _as_applied(found)) if found else None
    return change


def _as_applied(live: Object) -> Object:
    """A live object as one may be sent: without what the server keeps for itself."""
    meta = {key: value for key, value in live["metadata"].items() if key not in _OF_SERVER}
    return {**{key: value for key, value in live.items() if key != "status"}, "metadata": meta}


def _removal(obj: Object, *, delete_data: bool) -> Change:
    keeps = KINDS[obj["kind"]].data or KEEP in annotations_of(obj)
    action = Action.KEEP if keeps and not delete_data else Action.DELETE
    return Change(action, ObjectRef.of(obj), obj)
