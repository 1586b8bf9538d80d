"""Layers of settings, merged and checked into `Settings`."""

import json
import re
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import yaml

from jhos.errors import SettingsError, nearest
from jhos.settings.auth import PROVIDERS, check_auth
from jhos.settings.model import Profile, Settings
from jhos.settings.rules import (
    ACCESS_MODES,
    CPU,
    DATABASES,
    DURATION,
    DURATIONS,
    HOST,
    INTERFACES,
    MOUNT,
    NOTHING,
    PATH,
    PROFILE,
    ROUTER_TIME,
    SIZE,
    VARIABLE,
    check_name,
    parse_network,
)

Layer = dict[str, Any]

_LEAST_SIZE = 2**24  # bytes; less was meant in another unit
_UNITS = {"": 1, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12,
          "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}  # fmt: skip
_FAST: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # for our own files, free of mistakes
_DURATION_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def load(*layers: Layer) -> Settings:
    """The defaults under `layers`, of which a later one wins key by key.

    Raises SettingsError for unknown keys (with the nearest known), wrong types and bad values.
    """
    settings = _read(*layers)
    _check_together(settings)
    return settings


def check_alone(layer: Layer) -> None:
    """Raises SettingsError for what no other layer below `layer` could mend."""
    _read(layer)


def _read(*layers: Layer) -> Settings:
    merged = dict(defaults())
    for layer in layers:
        merged = merge(merged, layer)
    _check_keys(Settings, merged, "")  # before their values: what is mistyped has none
    for section in ("hub", "proxy", "database", "notebook"):
        if isinstance(merged[section], dict):
            merged[section] = _with_requests_in_limits(section, merged[section])
    _read_durations(merged)
    if isinstance(merged["storage"], dict) and merged["storage"].get("size") in NOTHING:
        merged["storage"] = {**merged["storage"], "size": None}
    settings: Settings = _build(Settings, merged, "")
    check_name(settings.name)
    _check_values(settings)
    return settings


@cache
def defaults() -> Layer:
    """To be read; who changes them takes a copy."""
    layer: Layer = yaml.load((Path(__file__).parent / "defaults.yaml").read_text(), _FAST)
    return layer


def parse(document: str, source: str) -> Layer:
    """A YAML document of settings; raises SettingsError with the place where it is none."""
    try:
        layer = yaml.load(document, _Loader) or {}
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise SettingsError(f"The settings of {source}{line}: {error.problem}.") from error
    except yaml.YAMLError as error:
        raise SettingsError(f"The settings of {source} are no YAML: {error}") from error
    if not isinstance(layer, dict):
        raise SettingsError(
            f"The settings of {source} are no mapping.",
            "Write for example: notebook: {memory: 1Gi}",
        )
    return layer


def line_of(text: str, message: str) -> int | None:
    """Of YAML that `parse` takes, the line of the setting that an error's message names."""
    document = yaml.compose(text, Loader=_Loader)
    named = (
        (len(path), line)
        for path, line in _lines(document, "")
        if re.search(rf"(?<![\w.]){re.escape(path)}(?!\w|\[|\.\w)", message)
    )
    return max(named, default=(0, None))[1]


def _lines(node: yaml.Node | None, path: str) -> Iterator[tuple[str, int]]:
    """Every setting below `node`, as messages name it, with its line."""
    below: list[tuple[str, yaml.Node, yaml.Node]] = []
    if isinstance(node, yaml.MappingNode):
        below = [(_join(path, key.value), key, value) for key, value in node.value]
    elif isinstance(node, yaml.SequenceNode):
        below = [(f"{path}[{n}]", value, value) for n, value in enumerate(node.value)]
    for where, start, value in below:
        yield where, start.start_mark.line + 1
        yield from _lines(value, where)


class _Loader(yaml.SafeLoader):
    """Takes no key twice: the first would be lost without a word."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"{key.value} is there twice", problem_mark=key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def preset(name: str) -> Layer:
    """Of `presets.yaml`."""
    presets: dict[str, Layer] = yaml.safe_load((Path(__file__).parent / "presets.yaml").read_text())
    return presets[name]


def merge(below: Layer, above: Layer) -> Layer:
    """Key by key; what `above` has wins."""
    merged = dict(below)
    for key, value in above.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = merge(merged[key], value) if both and key != "environment" else value
    return merged


_hints = cache(get_type_hints)


def _build(cls: Any, values: Any, path: str) -> Any:
    if not isinstance(values, dict):
        raise SettingsError(f"Setting {path} must be a mapping, not {_as_yaml(values)}.")
    _check_keys(cls, values, path)
    hints = _hints(cls)
    return cls(**{f.name: _value(hints[f.name], _given(values, f, path), _join(path, f.name))
                  for f in fields(cls)})  # fmt: skip


def _check_keys(cls: Any, values: Any, path: str) -> None:
    """Raises SettingsError for what is no setting of `cls` or of its sections."""
    if not isinstance(values, dict):
        return
    hints = _hints(cls)
    for key in values:
        if key not in hints:
            near = nearest(str(key), hints)
            raise SettingsError(
                f"There is no setting {_join(path, key)}.",
                f"Did you mean {_join(path, near)}?" if near else f"There are: {', '.join(hints)}.",
            )
        if is_dataclass(hints[key]):
            _check_keys(hints[key], values[key], _join(path, key))


def _given(values: Layer, field: "Field[Any]", path: str) -> Any:
    """Sections are whole, by the defaults; items of a list have defaults of their own."""
    if field.name in values:
        return values[field.name]
    if field.default is MISSING and field.default_factory is MISSING:
        raise SettingsError(f"Setting {path} has no {field.name}.")
    return field.default if field.default_factory is MISSING else field.default_factory()


def _value(hint: Any, value: Any, path: str) -> Any:
    if is_dataclass(hint):
        return _build(hint, value, path)
    if get_origin(hint) is tuple:
        return _items(get_args(hint)[0], value, path)
    allowed = get_args(hint) if isinstance(hint, UnionType) else (get_origin(hint) or hint,)
    if isinstance(value, bool) and bool not in allowed:
        raise SettingsError(
            f"Setting {path} must be {_words(allowed)}, not {_as_yaml(value)}.",
            f'Write "{_as_yaml(value)}" where that is meant.' if str in allowed else "",
        )
    if str in allowed and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, allowed):
        raise SettingsError(f"Setting {path} must be {_words(allowed)}, not {_as_yaml(value)}.")
    if isinstance(value, dict):
        return {str(key): _value(str, each, _join(path, str(key))) for key, each in value.items()}
    return value


def _items(hint: Any, values: Any, path: str) -> tuple[Any, ...]:
    if not isinstance(values, list | tuple):
        raise SettingsError(f"Setting {path} must be a list, not {_as_yaml(values)}.")
    if get_origin(hint) is dict:
        return tuple(_build_mapping(value, f"{path}[{n}]") for n, value in enumerate(values))
    return tuple(_value(hint, value, f"{path}[{n}]") for n, value in enumerate(values))


def _build_mapping(value: Any, path: str) -> Layer:
    if not isinstance(value, dict):
        raise SettingsError(f"Setting {path} must be a mapping, not {_as_yaml(value)}.")
    return value


def _read_durations(merged: Layer) -> None:
    """`90m` → 5400, `never` → None, in place. Raises SettingsError for other words."""
    for section, key in DURATIONS:
        values = merged[section]
        value = values.get(key) if isinstance(values, dict) else None
        if isinstance(value, str):
            match = DURATION.fullmatch(value)
            if value in NOTHING:
                merged[section] = values = {**values, key: None}
            elif match:
                seconds = int(match[1]) * _DURATION_UNITS[match[2]]
                merged[section] = values = {**values, key: seconds}
            else:
                raise SettingsError(
                    f"Setting {section}.{key} is no time: {value!r}.",
                    "Write for example 1h, 90m or 3600 (seconds).",
                )


def _with_requests_in_limits(section: str, values: Layer) -> Layer:
    """What is set aside is never more than the limit, which is what people choose."""
    fitted = dict(values)
    for what, pattern in (("memory", SIZE), ("cpu", CPU)):
        limit = _number(f"{section}.{what}", values[what], pattern)
        if _number(f"{section}.{what}_request", values[f"{what}_request"], pattern) > limit:
            fitted[f"{what}_request"] = values[what]
    return fitted


def _number(path: str, quantity: Any, pattern: re.Pattern[str]) -> float:
    """Bytes or cores. Raises SettingsError for what is no such quantity, or too little."""
    match = pattern.fullmatch(str(quantity))
    number = float(match[1]) * _UNITS[match[2]] if match else 0
    if number < (_LEAST_SIZE if pattern is SIZE else _UNITS["m"]):
        example = "512Mi or 2Gi" if pattern is SIZE else "500m or 2"
        raise SettingsError(
            f"Setting {path} is {_as_yaml(quantity)}, which cannot be.",
            f"Write for example {example}.",
        )
    return number


def _check_values(settings: Settings) -> None:
    _number("database.storage", settings.database.storage, SIZE)
    _check_choice("auth.type", settings.auth.type, tuple(PROVIDERS))
    _check_storage(settings)
    _check_profiles(settings.profiles)
    _check_choice("database.type", settings.database.type, DATABASES)
    _check_choice("notebook.interface", settings.notebook.interface, INTERFACES)
    host = settings.route.host
    if host and not HOST.fullmatch(host):
        raise SettingsError(
            f"Setting route.host is no host name: {host!r}.",
            "Write it without https:// and path, as hub.example.com.",
        )
    if not ROUTER_TIME.fullmatch(settings.route.timeout):
        raise SettingsError(
            f"Setting route.timeout is no time of a router: {settings.route.timeout!r}.",
            "Write it with its unit, as 1h or 90m.",
        )
    if (settings.hub.active_servers or 0) < 0:
        raise SettingsError(
            f"Setting hub.active_servers is {settings.hub.active_servers}, below 0."
        )
    _check_variables("notebook.environment", settings.notebook.environment)
    for path, seconds in (
        ("notebook.start_timeout", settings.notebook.start_timeout),
        ("notebook.http_timeout", settings.notebook.http_timeout),
        ("cull.idle", settings.cull.idle),
        ("cull.max_age", settings.cull.max_age),
    ):
        if seconds is not None and seconds < 1:
            raise SettingsError(f"Setting {path} is {seconds}: it must be 1 second at least.")


def _check_variables(path: str, environment: dict[str, str]) -> None:
    for name in environment:
        if not VARIABLE.fullmatch(name):
            raise SettingsError(f"{name!r} in {path} cannot be the name of a variable.")


def _check_path(path: str, value: str) -> None:
    if not PATH.fullmatch(value):
        raise SettingsError(f"Setting {path} is no path in a server: {value!r}.", "Begin with /.")


def _check_storage(settings: Settings) -> None:
    storage = settings.storage
    _check_path("storage.mount_path", storage.mount_path)
    _check_choice("storage.access_mode", storage.access_mode, ACCESS_MODES)
    for mount in (*settings.notebook.mount_secrets, *settings.notebook.mount_pvcs):
        if not MOUNT.fullmatch(mount):
            raise SettingsError(f"{mount!r} is no mount.", "Write NAME=/path.")
    for target in settings.notebook.egress:
        _check_egress(target)
    if storage.size:
        _number("storage.size", storage.size, SIZE)


def _check_egress(target: str) -> None:
    try:
        parse_network(target)
    except ValueError as error:
        raise SettingsError(
            f"Servers cannot have access to {target!r}: it is neither a network nor a project.",
            "Write a network (10.1.0.0/16), an address (10.1.2.3) or the name of a project: "
            "network policies do not accept host names.",
        ) from error


def _check_together(settings: Settings) -> None:
    check_auth(settings.auth)
    if settings.storage.size and settings.auth.type == "anonymous":
        raise SettingsError(
            "Volumes for users need users that come back: without a login every visit is a new "
            "user, and volumes would pile up that nobody can reach again.",
            "Choose a login with --auth, or leave out --storage. Where your jupyterhub_config.py "
            "sets an authenticator, say --auth custom.",
        )


def _check_profiles(profiles: tuple[Profile, ...]) -> None:
    names = [profile.name for profile in profiles]
    for number, profile in enumerate(profiles):
        path = f"profiles[{number}]"
        if not PROFILE.fullmatch(profile.name):
            raise SettingsError(
                f"Profile name {profile.name!r} cannot be used.",
                "Use lower-case letters, digits and hyphens; the title may be anything.",
            )
        if profile.name in names[:number]:
            raise SettingsError(f"There are two profiles named {profile.name}.")
        for key, pattern in (("memory", SIZE), ("memory_request", SIZE), ("cpu", CPU),
                             ("cpu_request", CPU)):  # fmt: skip
            if getattr(profile, key) is not None:
                _number(f"{path}.{key}", getattr(profile, key), pattern)
        _check_variables(f"{path}.environment", profile.environment)
        if profile.mount_path:
            _check_path(f"{path}.mount_path", profile.mount_path)
        if profile.interface:
            _check_choice(f"{path}.interface", profile.interface, INTERFACES)
    if sum(profile.default for profile in profiles) > 1:
        raise SettingsError("Only one profile can be the default.")


def _check_choice(path: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        near = nearest(value, choices)
        raise SettingsError(
            f"Setting {path} is {value!r}; possible: {', '.join(choices)}.",
            f"Did you mean {near}?" if near else "",
        )


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _as_yaml(value: Any) -> str:
    """As one writes it, so that it is found again."""
    return json.dumps(value) if value is None or isinstance(value, bool) else repr(value)


def _words(types: tuple[Any, ...]) -> str:
    words = {str: "text", int: "a whole number", dict: "a mapping", bool: "true or false"}
    return " or ".join(words.get(each, "null") for each in types)
