"""Decoding of an API server's answers: null fields are left out.

A Go server writes null for an empty slice or map that its type does not leave out, and which of
them do so changes between versions and between lists and their metadata. To its own clients the
two mean the same.
"""

import json
from collections.abc import Callable

from jhos.objects import Object


def present(value: Object) -> Object:
    """Return the fields that are not null."""
    if None not in value.values():
        return value
    return {key: each for key, each in value.items() if each is not None}


def lean(value: Object) -> Object:
    """Return the fields without managed ones, which are most of an object's metadata."""
    value.pop("managedFields", None)
    return present(value)


def decoded(text: str | bytes, shape: Callable[[Object], Object] = present) -> Object:
    """Return the JSON object in `text`, each object in it by `shape`.

    Raises ValueError where the text is anything else, for example a bare null.
    """
    value = json.loads(text, object_hook=shape)
    if not isinstance(value, dict):
        raise ValueError("no JSON object")
    return value


def message_in(text: str | bytes | None) -> str:
    """Return the message of a Status; empty where the text is none."""
    try:
        return str(decoded(text or "").get("message", ""))
    except ValueError:
        return ""


def plain_text(text: str | bytes | None) -> str:
    """Return what is said without a Status, for example by a proxy."""
    return (text.decode(errors="replace") if isinstance(text, bytes) else text or "").strip()
