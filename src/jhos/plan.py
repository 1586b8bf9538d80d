"""What applying would change, as a value: live objects and wanted ones → Plan, purely."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from jhos.differences import Difference, differences
from jhos.errors import Conflict
from jhos.kinds import KINDS
from jhos.objects import INSTANCE, KEEP, RENDERED, Object, ObjectRef, annotations_of, labels_of

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
    """`stale`: names in the inventory of what is deleted already, as by a run that was killed."""

    changes: tuple[Change, ...]
    stale: tuple[ObjectRef, ...] = ()

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
    """Whether the live object was rendered from the same, and every field still has our value.

    The server takes a field from us as soon as anybody gives it another value, so others may write
    beside us. `live` needs its metadata only.
    """
    if annotations_of(live).get(RENDERED) != annotations_of(wanted)[RENDERED]:
        return False
    own = _own_entry(live).get("fieldsV1", {})
    return bool(own) and _covers(own, _configured(wanted))


def is_created_by_jhos(obj: Object) -> bool:
    """Whether our first write created the object: it is not younger than the object.

    For an object that has just been applied, and whose first answer may have been lost.
    """
    written: str = _own_entry(obj).get("time", "")
    return bool(written) and written <= obj["metadata"]["creationTimestamp"]


def _own_entry(obj: Object) -> Object:
    """What `managedFields` says of the fields that jhos has applied and still owns."""
    entries = obj["metadata"].get("managedFields") or []
    own = (each for each in entries if (each["manager"], each["operation"]) == ("jhos", "Apply"))
    return next(own, {})


def _configured(obj: Object) -> Object:
    """Without what says which object it is, of which a set of fields says nothing."""
    meta = {k: v for k, v in obj["metadata"].items() if k not in ("name", "namespace")}
    return {**{k: v for k, v in obj.items() if k not in ("apiVersion", "kind")}, "metadata": meta}


def _covers(fields: Object, value: Any) -> bool:
    """Whether a set of fields, as fieldsV1 writes one, has all of `value`."""
    if not fields:  # owned as a whole
        return True
    if isinstance(value, dict):
        return all(
            f"f:{key}" in fields and _covers(fields[f"f:{key}"], each)
            for key, each in value.items()
            if each not in ([], {}, None)  # which a server may leave out
        )
    keyed = [(json.loads(name[2:]), of) for name, of in fields.items() if name.startswith("k:")]
    return all(
        any(_has_keys(item, keys) and _covers(of, item) for keys, of in keyed)
        if keyed
        else f"v:{json.dumps(item)}" in fields
        for item in value
    )


def _has_keys(item: Object, keys: Object) -> bool:
    """A key that the item does not say has its default."""
    return all(item.get(name, key) == key for name, key in keys.items())


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
    return Plan(ordered, stale=tuple(sorted(stale)))


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
