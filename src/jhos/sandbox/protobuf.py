"""Objects as kubectl's typed commands send them: protobuf, read into what JSON would say.

Only reading: whoever sends protobuf also accepts JSON. The numbers of the fields are those of
`data/protobuf.json`. Source:
https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding
"""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import resources
from typing import Any

Object = dict[str, Any]
Field = tuple[str, str]  # name and type, as make-protobuf writes them
Wire = int | bytes

MAGIC = b"k8s\0"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
VARINT, LENGTH = 0, 2  # wire types; Kubernetes uses no other


class Unreadable(ValueError):
    """Bytes are not protobuf, or hold what there is no field for."""


def decode(body: bytes) -> Object:
    """The object that an envelope of Kubernetes holds.

    Raises Unreadable.
    """
    if not body.startswith(MAGIC):
        raise Unreadable("the body does not begin as protobuf of Kubernetes does")
    envelope = _parts(body[len(MAGIC) :])
    head = _parts(envelope.get(1, b""))
    version, kind = (_bytes(head.get(number, b"")).decode() for number in (1, 2))
    message = _message_of(version, kind)
    if message is None:
        raise Unreadable(f"{kind} of {version}")
    return {"apiVersion": version, "kind": kind, **_object(message, _bytes(envelope.get(2, b"")))}


@cache
def _messages() -> dict[str, dict[str, Field]]:
    text = resources.files(__package__).joinpath("data/protobuf.json").read_text()
    loaded: dict[str, dict[str, Field]] = json.loads(text)
    return loaded


def _message_of(version: str, kind: str) -> str | None:
    group, _, number = version.rpartition("/")
    names = (f"{group.split('.')[0] or 'core'}/{number}.{kind}", f"meta/v1.{kind}")
    return next((name for name in names if name in _messages()), None)


def _object(message: str, data: bytes) -> Object:
    fields = _messages()[message]
    found: Object = {}
    for number, wire in _fields(data):
        if (field := fields.get(str(number))) is None:
            if wire:  # what is empty says nothing
                raise Unreadable(f"field {number} of {message.rpartition('.')[2]}")
            continue
        name, kind = field
        _add(found, name, kind, wire)
    return found


def _add(found: Object, name: str, kind: str, wire: Wire) -> None:
    if not name:
        found |= _object(kind, _bytes(wire))
    elif kind.startswith("[]"):
        found.setdefault(name, []).append(_value(kind[2:], wire))
    elif kind.startswith("{}"):
        entry = _parts(wire)
        key = _bytes(entry.get(1, b"")).decode()
        found.setdefault(name, {})[key] = _value(kind[2:], entry.get(2, b""))
    else:
        value = _value(kind.removeprefix("?"), wire)
        if value is not None and (value or not kind.startswith("?")):
            found[name] = value


def _value(kind: str, wire: Wire) -> Any:
    match kind:
        case "int":
            return _signed(wire)
        case "bool":
            return bool(wire)
        case "string":
            return _bytes(wire).decode()
        case "bytes":
            return base64.b64encode(_bytes(wire)).decode()
        case "strings":
            return [_bytes(each).decode() for _, each in _fields(_bytes(wire))]
        case "quantity":
            return _bytes(_parts(wire).get(1, b"")).decode() or "0"
        case "json":
            text = _bytes(_parts(wire).get(1, b""))
            return json.loads(text) if text else None
        case "int-or-string":
            parts = _parts(wire)
            return _bytes(parts.get(3, b"")).decode() if parts.get(1) else _signed(parts.get(2, 0))
        case "time":
            return _time(_parts(wire))
    return _object(kind, _bytes(wire))


def _time(parts: dict[int, Wire]) -> str | None:
    if not parts:
        return None
    moment = EPOCH + timedelta(seconds=_signed(parts.get(1, 0)))
    if moment.year == 1:  # Go's time of nothing
        return None
    micros = _signed(parts.get(2, 0)) // 1000
    return f"{moment:%Y-%m-%dT%H:%M:%S}{f'.{micros:06}' if micros else ''}Z"


def _parts(wire: Wire) -> dict[int, Wire]:
    """The fields of a message of which each comes once."""
    return dict(_fields(_bytes(wire)))


def _bytes(wire: Wire) -> bytes:
    if not isinstance(wire, bytes):
        raise Unreadable("a number where a text or a message is expected")
    return wire


def _signed(wire: Wire) -> int:
    if not isinstance(wire, int):
        raise Unreadable("a text or a message where a number is expected")
    return wire - 2**64 if wire >= 2**63 else wire


def _fields(data: bytes) -> Iterator[tuple[int, Wire]]:
    """Each field as it comes: its number and what it holds."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, wire_type = key >> 3, key & 7
        size, at = _varint(data, at)
        if wire_type == VARINT:
            yield number, size
        elif wire_type == LENGTH and at + size <= len(data):
            yield number, data[at : at + size]
            at += size
        else:
            raise Unreadable(f"field {number}, which is cut off or of wire type {wire_type}")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data):
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
    raise Unreadable("a number without an end")
