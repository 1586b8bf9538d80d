"""Sets of field paths, and typed values seen as such sets: the arithmetic of server-side apply.

A path is a tuple of elements as `FieldsV1` writes them: `f:spec`, `k:{"name":"c"}`, `v:"x"`.
"""

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from jhos.sandbox.schema import ANY, Node

Object = dict[str, Any]
Path = tuple[str, ...]
FieldSet = set[Path]

KEY_DEFAULTS = {"protocol": "TCP"}  # part of a list's key, though it may be left out


class Undeclared(ValueError):
    """The value does not fit its schema, by a duplicate key for example."""


def to_fields(paths: Iterable[Path]) -> Object:
    """`{("f:data", "f:a")}` → `{"f:data": {"f:a": {}}}`."""
    tree: Object = {}
    found = sorted(paths, key=len)
    for path in found:
        node = tree
        for element in path:
            node = node.setdefault(element, {})
        node["."] = {}
    return _without_leaf_dots(tree)


def _without_leaf_dots(tree: Object) -> Object:
    if tree.keys() == {"."}:
        return {}
    return {
        sys.intern(k): v if k == "." else _without_leaf_dots(v) for k, v in sorted(tree.items())
    }


def from_fields(tree: Object, path: Path = ()) -> FieldSet:
    found: FieldSet = set()
    for element, below in tree.items():
        if element == ".":
            found.add(path)
        elif not below:
            found.add((*path, element))
        else:
            found |= from_fields(below, (*path, element))
    return found


def shown(path: Path) -> str:
    """`.spec.containers[name="c"].image`, as in messages."""
    text = ""
    for element in path:
        kind, _, rest = element.partition(":")
        if kind == "f":
            text += f".{rest}"
        elif kind == "k":
            pairs = json.loads(rest).items()
            text += "[" + ",".join(f"{k}={json.dumps(v)}" for k, v in pairs) + "]"
        else:
            text += f"[={rest}]"
    return text


def element_of(node: Node, entry: Any) -> str:
    """The path element of an entry of a list with keys, or of a set."""
    if node.keys:
        keys = {key: entry.get(key, KEY_DEFAULTS.get(key)) for key in node.keys}
        present = {key: value for key, value in sorted(keys.items()) if value is not None}
        return "k:" + json.dumps(present, separators=(",", ":"))
    return "v:" + json.dumps(entry, separators=(",", ":"))


def is_leaf(node: Node, value: Any) -> bool:
    """Owned as one: scalars, atomic maps and lists, lists of which nothing is declared."""
    if isinstance(value, dict):
        return node.atomic
    if isinstance(value, list):
        return node is ANY or node.atomic
    return True


def _alike(one: Any, other: Any) -> bool:
    """Both of them maps, or both lists."""
    return any(isinstance(one, kind) and isinstance(other, kind) for kind in (dict, list))


def children(
    node: Node, value: Any, path: Path, *, unique: bool = False
) -> Iterator[tuple[str, Node, Any]]:
    """What lies directly below a value that is not a leaf.

    With `unique` entries of one key raise Undeclared; else it is validation that refuses them.
    """
    if isinstance(value, dict):
        for key, entry in value.items():
            yield f"f:{key}", node.child(key), entry
        return
    seen: set[str] = set()
    for entry in value:
        element = element_of(node, entry)
        if unique and element in seen:
            key = shown((element,))
            raise Undeclared(f"{shown(path)}: duplicate entries for key {key}")
        seen.add(element)
        yield element, node.item, entry


def of_value(node: Node, value: Any, path: Path = ()) -> FieldSet:
    """Every field that an applied value names; raises Undeclared."""
    if is_leaf(node, value):
        return {path}
    found: FieldSet = set()
    for element, child, entry in children(node, value, path, unique=True):
        below = (*path, element)
        found |= of_value(child, entry, below)
        is_entry = isinstance(value, list) or node.type == "map"
        if is_entry or (isinstance(entry, dict) and not entry):
            found.add(below)
    return found


@dataclass
class Comparison:
    """What differs between two values."""

    added: FieldSet = field(default_factory=set)
    modified: FieldSet = field(default_factory=set)
    removed: FieldSet = field(default_factory=set)

    @property
    def taken(self) -> FieldSet:
        return self.added | self.modified


def compare(node: Node, old: Any, new: Any) -> Comparison:
    """Of two objects of the same kind."""
    result = Comparison()
    _compare(node, old, new, (), result)
    return result


def _compare(node: Node, old: Any, new: Any, path: Path, result: Comparison) -> None:
    if is_leaf(node, old) or is_leaf(node, new) or not _alike(old, new):
        if old != new:
            result.modified.add(path)
        return
    before = {element: (child, v) for element, child, v in children(node, old, path)}
    after = {element: (child, v) for element, child, v in children(node, new, path)}
    for element, (child, value) in after.items():
        below = (*path, element)
        if element in before:
            _compare(child, before[element][1], value, below, result)
        else:
            result.added |= _whole(child, value, below, node)
    for element in before.keys() - after.keys():
        child, value = before[element]
        result.removed |= _whole(child, value, (*path, element), node)


def _whole(node: Node, value: Any, path: Path, parent: Node) -> FieldSet:
    """A value that is there on one side only: its fields, its maps and lists themselves."""
    if is_leaf(node, value):
        return {path}
    found: FieldSet = set()
    name = path[-1].removeprefix("f:")
    is_entry = not path[-1].startswith("f:") or parent.type == "map"
    collection = node.type in ("map", "list") and name not in parent.required
    if is_entry or collection or not value:
        found.add(path)
    for element, child, entry in children(node, value, path):
        found |= _whole(child, entry, (*path, element), node)
    return found


def merged(node: Node, live: Any, config: Any) -> Any:
    """The applied value laid over the live one, list entries by their keys."""
    if is_leaf(node, config) or not _alike(live, config):
        return config
    if isinstance(config, dict):
        result = dict(live)
        for key, value in config.items():
            result[key] = merged(node.child(key), live[key], value) if key in live else value
        return result
    return _merged_list(node, live, config)


def _merged_list(node: Node, live: list[Any], config: list[Any]) -> list[Any]:
    """Applied entries in their order, those of others where they stood."""
    old = {element_of(node, entry): entry for entry in live}
    new = {element_of(node, entry): entry for entry in config}
    waiting, result = list(new), []
    for element, entry in old.items():
        if element not in new:
            result.append(entry)
            continue
        while element in waiting:
            head = waiting.pop(0)
            result.append(merged(node.item, old[head], new[head]) if head in old else new[head])
    return result + [new[element] for element in waiting]


def without(node: Node, value: Any, gone: FieldSet, path: Path = ()) -> Any:
    """The value with everything at the paths of `gone` taken out."""
    if is_leaf(node, value):
        return value
    kept = [
        (element, without(child, entry, gone, (*path, element)))
        for element, child, entry in children(node, value, path)
        if (*path, element) not in gone
    ]
    if isinstance(value, dict):
        return {element.removeprefix("f:"): entry for element, entry in kept}
    return [entry for _, entry in kept]
