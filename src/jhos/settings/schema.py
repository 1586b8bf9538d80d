"""The settings as a JSON Schema, for editors and for whoever checks a file without jhos.

`schema.json` beside this module is what it makes; a test holds the two together.
"""

import json
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from jhos.settings.auth import PROVIDERS
from jhos.settings.descriptions import DESCRIPTIONS
from jhos.settings.load import defaults
from jhos.settings.model import Settings
from jhos.settings.rules import (
    ACCESS_MODES,
    CPU,
    DATABASES,
    DURATION,
    DURATIONS,
    EGRESS,
    HOST,
    INTERFACES,
    MOUNT,
    NAME,
    NAME_LENGTH,
    NOTHING,
    PATH,
    PROFILE,
    ROUTER_TIME,
    SIZE,
    VARIABLE,
)

Schema = dict[str, Any]

_FILE = Path(__file__).parent / "schema.json"
_SIZES = ("memory", "memory_request", "size", "storage")


def published() -> str:
    """The text of `schema.json`."""
    return _FILE.read_text()


def made() -> str:
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Settings of a JupyterHub that jhos deploys",
    }
    return json.dumps({**head, **_mapping(Settings, "", defaults())}, indent=2) + "\n"


def _mapping(section: type[Any], path: str, standard: Any) -> Schema:
    """`standard`: the values of the defaults; None where an item of a list has its own."""
    hints = get_type_hints(section)
    properties = {}
    for field in fields(section):
        inner = f"{path}{field.name}"
        given = standard.get(field.name) if standard is not None else _default(field)
        properties[field.name] = _described(hints[field.name], inner, given)
    required = [each.name for each in fields(section) if standard is None and _is_required(each)]
    schema: Schema = {"type": "object", "additionalProperties": False, "properties": properties}
    return {**schema, "required": required} if required else schema


def _described(hint: Any, path: str, default: Any) -> Schema:
    schema: Schema = {"description": DESCRIPTIONS[path]}
    if is_dataclass(hint) and isinstance(hint, type):
        return {**schema, **_mapping(hint, f"{path}.", default)}
    schema |= _type(hint, path) | _rule(path)
    return schema if default is None else {**schema, "default": default}


def _type(hint: Any, path: str) -> Schema:
    if get_origin(hint) is tuple:
        return {"type": "array", "items": _item(get_args(hint)[0], path)}
    if get_origin(hint) is dict:
        return {"type": "object", "additionalProperties": {"type": ["string", "number"]}}
    allowed = get_args(hint) if isinstance(hint, UnionType) else (hint,)
    words = [word for each in allowed for word in _WORDS[each]]
    words += ["string"] if path in _durations() else []
    return {"type": words[0] if len(words) == 1 else words}


def _item(hint: Any, path: str) -> Schema:
    if is_dataclass(hint) and isinstance(hint, type):
        return _mapping(hint, f"{path}[].", None)
    if get_origin(hint) is dict:
        return {"type": "object"}
    schema: Schema = {"type": "integer" if hint is int else "string"}
    if path == "notebook.egress":
        return {**schema, **_pattern(EGRESS)}
    return {**schema, **_pattern(MOUNT)} if ".mount_" in path else schema


# A number serves as text, as in `cpu: 2`.
_WORDS: dict[Any, tuple[str, ...]] = {
    str: ("string", "number"),
    int: ("integer",),
    bool: ("boolean",),
    NoneType: ("null",),
}


def _rule(path: str) -> Schema:
    """What else must hold."""
    key = path.rpartition(".")[2]
    if path in _RULES:
        return _RULES[path]
    if path in _durations():
        return {"pattern": f"^({DURATION.pattern}|{'|'.join(NOTHING)})$", "minimum": 1}
    if key in _SIZES and path != "storage":
        return _pattern(SIZE) if path != "storage.size" else _or_nothing(SIZE)
    return _pattern(CPU) if key in ("cpu", "cpu_request") else {}


def _durations() -> tuple[str, ...]:
    return tuple(f"{section}.{key}" for section, key in DURATIONS)


def _pattern(pattern: Any) -> Schema:
    return {"pattern": f"^({pattern.pattern})$"}


def _or_nothing(pattern: Any) -> Schema:
    return {"pattern": f"^({pattern.pattern}|{'|'.join(NOTHING)})$"}


def _default(field: Any) -> Any:
    made = field.default_factory() if field.default_factory is not MISSING else field.default
    return None if made is MISSING else made


def _is_required(field: Any) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


_RULES: dict[str, Schema] = {
    "name": {"type": "string", "maxLength": NAME_LENGTH, **_pattern(NAME)},
    "profiles[].name": {"type": "string", **_pattern(PROFILE)},
    "profiles[].interface": {"enum": [*INTERFACES, None]},
    "notebook.interface": {"enum": list(INTERFACES)},
    "database.type": {"enum": list(DATABASES)},
    "storage.access_mode": {"enum": list(ACCESS_MODES)},
    "auth.type": {"enum": list(PROVIDERS)},
    "route.host": _pattern(HOST),
    "route.timeout": {"type": "string", **_pattern(ROUTER_TIME)},
    "hub.active_servers": {"minimum": 0},
    "storage.mount_path": {"type": "string", **_pattern(PATH)},
    "profiles[].mount_path": {"type": ["string", "null"], **_pattern(PATH)},
    "notebook.environment": {"propertyNames": _pattern(VARIABLE)},
    "profiles[].environment": {"propertyNames": _pattern(VARIABLE)},
}
