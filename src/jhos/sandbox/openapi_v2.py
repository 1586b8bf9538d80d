"""`/openapi/v2` as protobuf, the only form in which kubectl asks for it.

Source: https://github.com/google/gnostic/blob/main/openapiv2/OpenAPIv2.proto
"""

import json
from collections.abc import Iterable
from typing import Any

Object = dict[str, Any]
Part = tuple[int, bytes | str]

ASKED_FOR = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
MEDIA = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"


def encode(document: Object) -> bytes:
    """Swagger, info and definitions of a document."""
    info = _message((1, document["info"]["title"]), (2, document["info"]["version"]))
    definitions = _message(*_named(document["definitions"]))
    return _message((1, document["swagger"]), (2, info), (8, b""), (9, definitions))


def _named(schemas: Object) -> Iterable[Part]:
    for name, schema in schemas.items():
        yield 1, _message((1, name), (2, _schema(schema)))


def _schema(schema: Object) -> bytes:
    parts: list[Part] = []
    for key, value in schema.items():
        match key:
            case "$ref":
                parts.append((1, value))
            case "format":
                parts.append((2, value))
            case "required":
                parts += ((19, name) for name in value)
            case "additionalProperties" if isinstance(value, dict):
                parts.append((21, _message((1, _schema(value)))))
            case "type":
                parts.append((22, _message((1, value))))
            case "items":
                parts.append((23, _message((1, _schema(value)))))
            case "properties":
                parts.append((25, _message(*_named(value))))
            case _ if key.startswith("x-"):
                parts.append((31, _message((1, key), (2, _message((2, json.dumps(value)))))))
    return _message(*parts)


def _message(*parts: Part) -> bytes:
    """Texts and messages by the numbers of their fields."""
    return b"".join(_field(number, content) for number, content in parts)


def _field(number: int, content: bytes | str) -> bytes:
    raw = content.encode() if isinstance(content, str) else content
    return _varint(number << 3 | 2) + _varint(len(raw)) + raw


def _varint(value: int) -> bytes:
    found = bytearray()
    while value >= 0x80:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])
