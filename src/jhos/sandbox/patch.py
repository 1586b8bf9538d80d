"""The three patches besides apply: JSON merge patch, JSON patch and strategic merge patch.

All are pure: what goes in is never changed, parts of it may be shared by the result.
"""

from typing import Any

from jhos.sandbox.schema import ANY, Node

Object = dict[str, Any]


class PatchError(ValueError):
    """A JSON patch that cannot be carried out."""


def merge(target: Any, patch: Any) -> Any:
    """RFC 7396: null removes, lists are replaced."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result


def json_patch(target: Any, operations: list[Object]) -> Any:
    """RFC 6902; raises PatchError when a test fails or a place is not there."""
    for operation in operations:
        try:
            target = _operate(target, operation)
        except (KeyError, IndexError, ValueError, TypeError) as error:
            raise PatchError(f"{operation.get('op')} {operation.get('path')}") from error
    return target


def _operate(target: Any, operation: Object) -> Any:
    path = _pointer(operation["path"])
    match operation["op"]:
        case "add":
            return _changed(target, path, "add", operation["value"])
        case "replace":
            _at(target, path)
            return _changed(target, path, "replace", operation["value"])
        case "remove":
            _at(target, path)
            return _changed(target, path, "remove", None)
        case "copy":
            return _changed(target, path, "add", _at(target, _pointer(operation["from"])))
        case "move":
            origin = _pointer(operation["from"])
            value = _at(target, origin)
            return _changed(_changed(target, origin, "remove", None), path, "add", value)
        case "test":
            if _at(target, path) != operation["value"]:
                raise PatchError
            return target
        case other:
            raise PatchError(other)


def _pointer(text: str) -> list[str]:
    if text and not text.startswith("/"):
        raise PatchError(text)
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:]]


def _at(node: Any, path: list[str]) -> Any:
    for part in path:
        node = node[int(part)] if isinstance(node, list) else node[part]
    return node


def _changed(node: Any, path: list[str], how: str, value: Any) -> Any:
    """A copy of `node` with the change made at `path`."""
    if not path:
        return value
    head, rest = path[0], path[1:]
    if isinstance(node, list):
        return _changed_list(list(node), head, rest, how, value)
    result = dict(node)
    if rest:
        result[head] = _changed(result[head], rest, how, value)
    elif how == "remove":
        del result[head]
    else:
        result[head] = value
    return result


def _changed_list(result: list[Any], head: str, rest: list[str], how: str, value: Any) -> Any:
    index = len(result) if head == "-" else int(head)
    if index < 0 or index > len(result):
        raise IndexError(head)
    if rest:
        result[index] = _changed(result[index], rest, how, value)
    elif how == "add":
        result.insert(index, value)
    elif how == "remove":
        del result[index]
    else:
        result[index] = value
    return result


def strategic(target: Any, patch: Object, node: Node) -> Object:
    """Strategic merge: lists merge by the keys of the schema, `$patch` and its kin direct."""
    if patch.get("$patch") == "replace":
        return {key: value for key, value in patch.items() if key != "$patch"}
    if patch.get("$patch") == "delete":
        return {}
    result = dict(target) if isinstance(target, dict) else {}
    if (kept := patch.get("$retainKeys")) is not None:
        result = {key: value for key, value in result.items() if key in kept}
    for key, value in patch.items():
        if key.startswith("$setElementOrder/") or key == "$retainKeys":
            continue
        if key.startswith("$deleteFromPrimitiveList/"):
            _drop(result, key.partition("/")[2], value)
        elif value is None:
            result.pop(key, None)
        else:
            result[key] = _merged(result.get(key), value, node.child(key))
    _reorder(result, patch, node)
    return result


def _merged(target: Any, patch: Any, node: Node) -> Any:
    if isinstance(patch, dict):
        if "replace" in node.strategies:
            return patch
        return strategic(target, patch, node)
    if isinstance(patch, list) and "merge" in node.strategies:
        return _merged_list(target or [], patch, node)
    return patch


def _merged_list(target: list[Any], patch: list[Any], node: Node) -> list[Any]:
    if not node.merge_key:
        return [*target, *(entry for entry in patch if entry not in target)]
    if any(entry.get("$patch") == "replace" for entry in patch):
        return [entry for entry in patch if entry.get("$patch") != "replace"]
    key, result = node.merge_key, list(target)
    for entry in patch:
        index = next((i for i, old in enumerate(result) if old.get(key) == entry.get(key)), None)
        if entry.get("$patch") == "delete":
            result = [old for old in result if old.get(key) != entry.get(key)]
        elif index is None:
            result.append(strategic({}, entry, node.item))
        else:
            result[index] = strategic(result[index], entry, node.item)
    return result


def _drop(result: Object, key: str, values: list[Any]) -> None:
    if key in result:
        result[key] = [entry for entry in result[key] if entry not in values]


def _reorder(result: Object, patch: Object, node: Node) -> None:
    """Honour `$setElementOrder/x`: listed entries in that order, the rest after them."""
    for directive, order in patch.items():
        if not directive.startswith("$setElementOrder/"):
            continue
        key = directive.partition("/")[2]
        merge_key = node.child(key).merge_key if node is not ANY else ""
        wanted = [entry.get(merge_key) if merge_key else entry for entry in order]
        if key in result:
            result[key] = _sorted(result[key], wanted, merge_key)


def _sorted(entries: list[Any], wanted: list[Any], merge_key: str) -> list[Any]:
    def place(entry: Any) -> int:
        value = entry.get(merge_key) if merge_key else entry
        return wanted.index(value) if value in wanted else len(wanted)

    return sorted(entries, key=place)
