"""Settings as a document for an editor: whole, each with what it is for."""

from collections.abc import Iterator
from typing import Any

import yaml

from jhos.settings.descriptions import DESCRIPTIONS
from jhos.settings.load import Layer, load


def document(layer: Layer) -> str:
    """YAML of `layer` over the defaults, in the order of the model."""
    lines = [line for key, value in load(layer).as_dict().items() for line in _entry(key, value)]
    return "\n".join([*lines, ""])


def _entry(key: str, value: Any) -> Iterator[str]:
    if not isinstance(value, dict):
        yield from _commented(key, {key: value}, "")
        return
    yield ""
    yield f"{key}:  # {DESCRIPTIONS[key]}"
    for inner, each in value.items():
        yield from _commented(f"{key}.{inner}", {inner: each}, "  ")


def _commented(path: str, pair: Layer, indent: str) -> Iterator[str]:
    """Beside the value where that is one line, else above it."""
    lines = yaml.safe_dump(pair, sort_keys=False, allow_unicode=True, width=1000).splitlines()
    words = DESCRIPTIONS[path]
    if len(lines) == 1:
        yield f"{indent}{lines[0]:<28}  # {words}"
        return
    yield f"{indent}# {words}"
    yield from (indent + line for line in lines)
