"""A body held to the schema of its kind, as the API keeps it.

Unknown fields and nulls are dropped, wrong types refused, quantities written in their canonical
form. What comes out is a copy that may be changed in place.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Any

from jhos.sandbox import quantity
from jhos.sandbox.schema import Node

Object = dict[str, Any]
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
GO_TYPES = {"object": "map[string]interface {}", "list": "[]interface {}", "boolean": "bool"}


class Undecodable(ValueError):
    """A value is not of the type that its field has."""


def decode(node: Node, value: Object, kind: str) -> tuple[Object, list[str]]:
    """The object as the API keeps it, and the paths of the fields that it does not know.

    Raises Undecodable.
    """
    unknown: list[str] = []
    decoder = _Decoder(kind, unknown)
    return decoder.object(node, value, ""), unknown


@dataclass(frozen=True)
class _Decoder:
    kind: str
    unknown: list[str]

    def value(self, node: Node, value: Any, path: str) -> Any:
        match node.type:
            case "object":
                return self.object(node, value, path)
            case "map":
                items = self._expect(value, dict, node, path).items()
                return {k: self.value(node.item, v, path) for k, v in items if v is not None}
            case "list":
                return self.list(node, value, path)
            case "any":
                return without_nulls(value)
            case _:
                return self.scalar(node, value, path)

    def object(self, node: Node, value: Any, path: str) -> Object:
        fields, result = node.fields, {}
        free = node.definition.get("additionalProperties") is True
        for key, entry in self._expect(value, dict, node, path).items():
            where = f"{path}.{key}" if path else key
            if entry is None:
                continue
            if (child := fields.get(key)) is None:
                if free:
                    result[key] = without_nulls(entry)
                else:
                    self.unknown.append(where)
                continue
            decoded = self.value(child, entry, where)
            if decoded in ({}, []) and child.type in ("map", "list") and key not in node.required:
                continue
            result[key] = decoded
        return result

    def list(self, node: Node, value: Any, path: str) -> list[Any]:
        entries = enumerate(self._expect(value, list, node, path))
        item = node.item
        return [self.value(item, e, f"{path}[{i}]") for i, e in entries if e is not None]

    def scalar(self, node: Node, value: Any, path: str) -> Any:
        match node.type:
            case "quantity":
                if not isinstance(value, str | int | float):
                    raise self._mismatch(value, "string", path)
                try:
                    return quantity.canonical(value)
                except ValueError as error:
                    raise Undecodable(str(error)) from error
            case "int-or-string":
                if not isinstance(value, str | int):
                    raise self._mismatch(value, "intstr.IntOrString", path)
            case "string":
                self._expect(value, str, node, path)
                if node.format == "byte":
                    _check_base64(value)
                elif node.format == "date-time":
                    _check_time(value)
            case "integer":
                if isinstance(value, float) and value.is_integer():
                    return int(value)
                if isinstance(value, bool) or not isinstance(value, int):
                    raise self._mismatch(value, node.format or "int64", path)
            case "boolean":
                self._expect(value, bool, node, path)
        return value

    def _expect(self, value: Any, wanted: type, node: Node, path: str) -> Any:
        if not isinstance(value, wanted):
            raise self._mismatch(value, _go_type(node), path)
        return value

    def _mismatch(self, value: Any, wanted: str, path: str) -> Undecodable:
        where = f" field {self.kind}.{path}" if path else ""
        where = where.replace("]", "").replace("[", ".")
        return Undecodable(
            f"json: cannot unmarshal {_json_type(value)} into Go struct{where} of type {wanted}"
        )


def without_nulls(value: Any) -> Any:
    """The value with every null taken out, also from lists."""
    if isinstance(value, dict):
        return {k: without_nulls(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [without_nulls(v) for v in value if v is not None]
    return value


def _go_type(node: Node) -> str:
    if node.type == "list":
        return f"[]{_go_type(node.item)}"
    if node.type == "map":
        return f"map[string]{_go_type(node.item)}"
    if node.name:
        package, name = node.name.rsplit(".", 2)[1:]
        return f"{package}.{name}"
    return GO_TYPES.get(node.type, node.type)


def _json_type(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, dict):
        return "object"
    if isinstance(value, list):
        return "array"
    return "string" if isinstance(value, str) else "number"


def _check_time(text: str) -> None:
    if not TIME.fullmatch(text):
        raise Undecodable(
            f'parsing time "{text}" as "2006-01-02T15:04:05Z07:00": cannot parse "{text}" as "2006"'
        )


def _check_base64(text: str) -> None:
    try:
        base64.b64decode(text, validate=True)
    except binascii.Error as error:
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
        at = next((i for i, c in enumerate(text) if c not in alphabet), len(text))
        raise Undecodable(f"illegal base64 data at input byte {at}") from error
