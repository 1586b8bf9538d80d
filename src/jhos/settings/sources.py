"""Where settings come from: files, variables, options; laid over another, and told apart."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from typing import Any, NamedTuple, get_args, get_origin, get_type_hints

import yaml

from jhos.errors import SettingsError, nearest
from jhos.settings.load import Layer, load, merge
from jhos.settings.model import Settings

PREFIX = "JHOS_"
RESERVED = ("JHOS_NAMESPACE", "JHOS_SANDBOX_DIR")  # no settings of a deployment
DEFAULT = "default"

# A variable that only resembles one may belong to another program: pods have JHOS_HUB_SERVICE_HOST
# and the like of a deployment that is named jhos.
_RESEMBLANCE = 0.85


class Source(NamedTuple):
    """`name` as people know it: `jhos.yaml`, `JHOS_HUB_MEMORY`, `--hub-memory`."""

    name: str
    layer: Layer


@dataclass(frozen=True)
class Origin:
    """One setting, and the source that its value is from."""

    setting: str
    value: Any
    source: str


def leaves(section: type = Settings, path: str = "") -> Iterator[tuple[str, Any]]:
    """(path, type) of every setting, in the order of the model; profiles are one."""
    for key, hint in get_type_hints(section).items():
        if is_dataclass(hint) and isinstance(hint, type):
            yield from leaves(hint, f"{path}{key}.")
        else:
            yield f"{path}{key}", hint


def variable(setting: str) -> str:
    """`hub.memory_request` → `JHOS_HUB_MEMORY_REQUEST`."""
    return PREFIX + setting.replace(".", "_").upper()


def of_environment(environment: Mapping[str, str]) -> list[Source]:
    """One source a variable. Raises SettingsError for one that is mistyped, or means nothing."""
    given = {name: text for name, text in environment.items()
             if name.startswith(PREFIX) and name not in RESERVED and text}  # fmt: skip
    if not given:
        return []
    known = {variable(path): (path, hint) for path, hint in leaves()}
    for name in given.keys() - known.keys():
        near = " or ".join(_inside(name, known)[:3]) or nearest(name, known, _RESEMBLANCE)
        if near:
            raise SettingsError(f"Variable {name} is no setting.", f"Did you mean {near}?")
    return [
        Source(name, nested(path, _value(name, hint, given[name])))
        for name, (path, hint) in known.items()
        if name in given
    ]


def _inside(name: str, known: Mapping[str, tuple[str, Any]]) -> list[str]:
    """Variables of the settings in a section, where `name` is that of one: `JHOS_STORAGE`."""
    return [each for each, (path, _) in known.items()
            if "." in path and name == variable(path.partition(".")[0])]  # fmt: skip


def merged(sources: Sequence[Source]) -> Layer:
    """A later one wins, key by key."""
    layer: Layer = {}
    for source in sources:
        layer = merge(layer, source.layer)
    return layer


def explain(sources: Sequence[Source]) -> list[Origin]:
    """Of every setting: the last source that has it, unless that says what the defaults say."""
    values = load(merged(sources)).as_dict()
    standard = load().as_dict()
    found = []
    for path, _ in leaves():
        value = value_at(values, path)
        givers = [source.name for source in sources if has(source.layer, path)]
        is_default = value == value_at(standard, path) or not givers
        found.append(Origin(path, value, DEFAULT if is_default else givers[-1]))
    return found


def beyond_defaults(layer: Layer) -> Layer:
    """Of `Settings.as_dict`, only what differs from the defaults."""
    found: Layer = {}
    standard = load().as_dict()
    for path, _ in leaves():
        if has(layer, path) and value_at(layer, path) != value_at(standard, path):
            found = merge(found, nested(path, value_at(layer, path)))
    return found


def nested(path: str, value: Any) -> Layer:
    """`("hub.image", "x")` → `{"hub": {"image": "x"}}`."""
    for key in reversed(path.split(".")):
        value = {key: value}
    layer: Layer = value
    return layer


def has(layer: Layer, path: str) -> bool:
    inner: Any = layer
    for key in path.split("."):
        if not isinstance(inner, dict) or key not in inner:
            return False
        inner = inner[key]
    return True


def value_at(layer: Layer, path: str) -> Any:
    value: Any = layer
    for key in path.split("."):
        value = value[key]
    return value


def _value(name: str, hint: Any, text: str) -> Any:
    """Of a variable. Lists as `a,b`, mappings as `A=b,C=d`; both also as YAML."""
    kind = get_origin(hint) or hint
    if kind is tuple:
        return _yaml(name, text) if text.startswith("[") else text.split(",")
    if kind is dict:
        return _yaml(name, text) if text.startswith("{") else _pairs(name, text)
    allowed = get_args(hint) or (hint,)
    if bool in allowed or (int in allowed and text.isdigit()):
        return _yaml(name, text)
    return text


def _pairs(name: str, text: str) -> dict[str, str]:
    pairs = [each.partition("=") for each in text.split(",")]
    if not all(key and equals for key, equals, _ in pairs):
        raise SettingsError(f"Variable {name} is {text!r}.", "Write NAME=VALUE,NAME=VALUE.")
    return {key: value for key, _, value in pairs}


def _yaml(name: str, text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise SettingsError(f"Variable {name} is {text!r}, which is no YAML: {error}") from error
