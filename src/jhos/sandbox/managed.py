"""Who owns which field: `metadata.managedFields`, kept at every write, and server-side apply."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from jhos.sandbox import fieldset
from jhos.sandbox.failure import Failure
from jhos.sandbox.fieldset import FieldSet, Path
from jhos.sandbox.schema import Node

Object = dict[str, Any]

# Set by the server alone, so owned by nobody.
UNOWNED = {
    ("f:apiVersion",),
    ("f:kind",),
    ("f:metadata",),
    *(
        ("f:metadata", f"f:{name}")
        for name in (
            "name", "namespace", "creationTimestamp", "selfLink", "uid", "generation",
            "managedFields", "resourceVersion", "generateName",
        )
    ),
}  # fmt: skip


@dataclass(frozen=True, order=True)
class Manager:
    """Entries of `managedFields` with the same four words are one."""

    name: str
    operation: str
    api_version: str
    subresource: str = ""


@dataclass
class Owners:
    """The entries of one object."""

    fields: dict[Manager, FieldSet] = field(default_factory=dict)
    times: dict[Manager, str] = field(default_factory=dict)

    def take(self, manager: Manager, paths: FieldSet, *, at: str = "") -> None:
        """Replace what `manager` owns; no time is noted where `at` is empty."""
        paths = paths - UNOWNED
        if not paths:
            self.fields.pop(manager, None)
            self.times.pop(manager, None)
            return
        self.fields[manager] = paths
        if at:
            self.times[manager] = at

    def give_up(self, paths: FieldSet, *, but: Manager | None = None) -> None:
        for manager in [m for m in self.fields if m != but]:
            self.take(manager, self.fields[manager] - paths)


def owners(obj: Object) -> Owners:
    found = Owners()
    for entry in obj["metadata"].get("managedFields", ()):
        manager = Manager(
            entry.get("manager", ""),
            entry["operation"],
            entry.get("apiVersion", ""),
            entry.get("subresource", ""),
        )
        found.fields[manager] = fieldset.from_fields(entry.get("fieldsV1", {}))
        if entry.get("time"):
            found.times[manager] = entry["time"]
    return found


def with_owners(obj: Object, found: Owners) -> Object:
    """The object with these entries: applies first, then by time, as the API orders them."""
    entries = [_entry(manager, found) for manager in sorted(found.fields, key=_order(found))]
    meta = {k: v for k, v in obj["metadata"].items() if k != "managedFields"}
    if entries:
        meta["managedFields"] = entries
    return {**obj, "metadata": meta}


def _order(found: Owners) -> Any:
    return lambda m: (m.operation != "Apply", found.times.get(m, ""), m)


def _entry(manager: Manager, found: Owners) -> Object:
    entry: Object = {"manager": manager.name, "operation": manager.operation}
    entry["apiVersion"] = manager.api_version
    if manager in found.times:
        entry["time"] = found.times[manager]
    entry["fieldsType"] = "FieldsV1"
    entry["fieldsV1"] = fieldset.to_fields(found.fields[manager])
    if manager.subresource:
        entry["subresource"] = manager.subresource
    return entry


def updated(
    node: Node, live: Object, new: Object, manager: Manager, *, reset: Callable[[Path], bool]
) -> Object:
    """`new` with the ownership that follows from writing it over `live`.

    Fields for which `reset` holds are written by others alone.
    """
    found = owners(live)
    difference = fieldset.compare(node, _bare(live), _bare(new))
    taken = {path for path in difference.taken - UNOWNED if not reset(path)}
    found.give_up(difference.taken, but=manager)
    found.give_up(difference.removed)
    if taken:
        found.take(manager, found.fields.get(manager, set()) | taken, at=now())
    return with_owners(new, found)


def applied(
    node: Node, live: Object | None, config: Object, manager: Manager, *, force: bool
) -> Object:
    """Server-side apply of `config`; raises Failure 409 at conflicts, Undeclared."""
    before = _bare(live) if live else {}
    found = owners(live) if live else Owners()
    previous = found.fields.get(manager, set())
    wanted = fieldset.of_value(node, config)
    others = {m: paths for m, paths in found.fields.items() if m != manager}
    owned = wanted.union(*others.values())
    merged = fieldset.merged(node, before, config) if live else config
    result = fieldset.without(node, merged, _unowned(previous, owned))
    difference = fieldset.compare(node, before, result)
    conflicts = {m: paths & difference.taken for m, paths in others.items()}
    if any(conflicts.values()) and not force:
        raise conflict({m: paths for m, paths in conflicts.items() if paths})
    found.give_up(difference.taken, but=manager)
    found.give_up(difference.removed, but=manager)
    found.take(manager, wanted, at=now() if result != before else "")
    return with_owners(result, found)


def _unowned(previous: FieldSet, owned: FieldSet) -> FieldSet:
    """Of the fields applied before, with those that hold them, what nobody wants any more."""
    kept = {path[:length] for path in owned for length in range(1, len(path) + 1)}
    holders: set[Path] = {
        path[:length]
        for path in previous
        for length in range(1, len(path) + 1)
        if length == len(path) or path[length - 1].startswith("f:")
    }
    return holders - kept


def conflict(conflicts: dict[Manager, FieldSet]) -> Failure:
    """409 that names each field and who owns it."""
    found = sorted(
        (_who(manager), fieldset.shown(path))
        for manager, paths in conflicts.items()
        for path in paths
    )
    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {who}", "field": path}
        for who, path in found
    ]
    if len(found) == 1:
        text = f"Apply failed with 1 conflict: conflict with {found[0][0]}: {found[0][1]}"
    else:
        groups: dict[str, list[str]] = {}
        for who, path in found:
            groups.setdefault(who, []).append(path)
        lines = [
            f"conflicts with {who}:\n" + "\n".join(f"- {path}" for path in paths)
            for who, paths in groups.items()
        ]
        text = f"Apply failed with {len(found)} conflicts: " + "\n".join(lines)
    return Failure(409, text, details={"causes": causes})


def _who(manager: Manager) -> str:
    text = f'"{manager.name}"'
    if manager.subresource:
        text += f' with subresource "{manager.subresource}"'
    if manager.operation == "Update":
        text += f" using {manager.api_version}"
    return text


def _bare(obj: Object) -> Object:
    if "managedFields" not in obj.get("metadata", {}):
        return obj
    meta = {k: v for k, v in obj["metadata"].items() if k != "managedFields"}
    return {**obj, "metadata": meta}


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
