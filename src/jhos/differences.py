"""Where two states of an object differ, field by field, purely."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any

import yaml

from jhos.configuration import USER_KEYS, masked_lines
from jhos.objects import HIDDEN, SECRET_FIELDS, Object

# What tells the items of a list apart, as the API's own merge keys do.
_KEYS = ("name", "mountPath", "containerPort", "port", "key", "type")
_COUNTED = ("managedFields", "resourceVersion", "generation")
_SETTINGS = "data[settings.yaml]"  # a document in a ConfigMap, whose fields people know
_WORD = re.compile(r"[A-Za-z][\w-]*")


@dataclass(frozen=True)
class Difference:
    """`path` as `spec.template.spec.containers[hub].image`; None: not there on that side."""

    path: str
    before: Any
    after: Any


def content(obj: Object) -> Object:
    """Without what the server counts and notes."""
    meta = {key: value for key, value in obj["metadata"].items() if key not in _COUNTED}
    return {**obj, "metadata": meta, "status": None}


def differences(before: Object, after: Object) -> tuple[Difference, ...]:
    """In the order of the fields; the values of what is secret are hidden."""
    kind = after["kind"]
    secret = SECRET_FIELDS.get(kind, ())
    found = (_hidden(each, secret) for each in _compared("", content(before), content(after)))
    # Others write secrets into a ConfigMap, and so did the first jhos.
    return tuple(map(_without_literals, found) if kind == "ConfigMap" else found)


def _compared(path: str, before: Any, after: Any) -> Iterator[Difference]:
    if before == after:
        return
    pairs = _pairs(path, before, after)
    if pairs is None:
        yield Difference(path, before, after)
        return
    for inner, old, new in pairs:
        yield from _compared(inner, old, new)


def _pairs(path: str, before: Any, after: Any) -> list[tuple[str, Any, Any]] | None:
    """What stands at the same place on both sides; None where there is nothing to go into."""
    if path == _SETTINGS:
        before, after = _parsed(before), _parsed(after)
    if isinstance(before, dict) and isinstance(after, dict):
        keys = [*before, *(key for key in after if key not in before)]
        return [(join(path, key), before.get(key), after.get(key)) for key in keys]
    if not (isinstance(before, list) and isinstance(after, list)):
        return None
    key = next((key for key in _KEYS if _tells_apart(key, [before, after])), None)
    if key is None:
        return list(_aligned(path, before, after))
    old, new = ({item[key]: item for item in items} for items in (before, after))
    return [(f"{path}[{name}]", old.get(name), new.get(name)) for name in {**old, **new}]


def _aligned(path: str, before: list[Any], after: list[Any]) -> Iterator[tuple[str, Any, Any]]:
    """Items that have no name: those that are the same find each other."""
    old_texts, new_texts = ([json.dumps(each, sort_keys=True) for each in items]
                            for items in (before, after))  # fmt: skip
    matcher = SequenceMatcher(None, old_texts, new_texts, autojunk=False)
    for word, first, last, start, end in matcher.get_opcodes():
        if word == "equal":
            continue
        for number, (old, new) in enumerate(zip_longest(before[first:last], after[start:end])):
            place = (first if new is None else start) + number
            yield f"{path}[{place}]", old, new


def _parsed(document: Any) -> Any:
    """None for what somebody wrote that is no YAML."""
    try:
        return yaml.safe_load(document)
    except (yaml.YAMLError, AttributeError):
        return None


def _tells_apart(key: str, lists: list[list[Any]]) -> bool:
    """Whether no two items of one list have the same, and all have one."""
    if not all(isinstance(item, dict) and item.get(key) for items in lists for item in items):
        return False
    return all(len({item[key] for item in items}) == len(items) for items in lists)


def join(path: str, key: str) -> str:
    """Return the path of field `key` below `path`."""
    if not _WORD.fullmatch(key):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else key


def _hidden(found: Difference, secret: tuple[str, ...]) -> Difference:
    if not any(re.match(rf"{re.escape(field)}($|\.|\[)", found.path) for field in secret):
        return found
    before, after = (None if side is None else HIDDEN for side in (found.before, found.after))
    return replace(found, before=before, after=after)


def _without_literals(found: Difference) -> Difference:
    if found.path == "data":
        masks = [_files_masked(side) for side in (found.before, found.after)]
        return replace(found, before=masks[0], after=masks[1])
    for file in USER_KEYS:
        if found.path == f"data[{file}]":
            texts = [_masked(file, side) for side in (found.before, found.after)]
            return replace(found, before=texts[0], after=texts[1])
    return found


def _files_masked(files: Any) -> Any:
    return files and {
        key: _masked(key, text) if key in USER_KEYS else text for key, text in files.items()
    }


def _masked(file: str, text: Any) -> Any:
    return text and "\n".join(masked_lines(file, text))
