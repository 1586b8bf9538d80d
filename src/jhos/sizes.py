"""Limits of a cluster on the sizes of objects, purely.

Source: https://kubernetes.io/docs/concepts/configuration/secret/ and the limits of the API server:
1 MiB of data, 256 KiB of annotations, 1.5 MiB stored in etcd, 3 MiB in one request.
"""

import json
from collections.abc import Iterable
from typing import NamedTuple

from jhos.configuration import USER_KEYS
from jhos.errors import SettingsError
from jhos.objects import Object, ObjectRef, annotations_of

_KIB = 2**10
_DATA, _ANNOTATIONS = 1024 * _KIB, 256 * _KIB
_STORED, _BODY = 1536 * _KIB, 3072 * _KIB


class _Part(NamedTuple):
    """A part of an object whose size is limited: its size in bytes, and the sizes of its pieces."""

    title: str
    limit: int
    size: int
    pieces: dict[str, int]


def check_sizes(objects: Iterable[Object]) -> None:
    """Raises SettingsError for the first object that is too large, with what makes it so."""
    for obj in objects:
        for part in _parts(obj):
            if part.size > part.limit:
                raise _too_large(ObjectRef.of(obj), part)


def _too_large(ref: ObjectRef, part: _Part) -> SettingsError:
    largest = max(part.pieces, key=lambda name: part.pieces[name], default="")
    most = f" The largest is {largest}: {_shown(part.pieces[largest])}." if largest else ""
    if largest in USER_KEYS:
        hint = (
            f"Make {largest} smaller: what it loads can be part of a hub image of your own "
            "(--hub-image), or be read from an address."
        )
    elif ref.kind == "Secret":
        hint = "Give it a smaller file with --secret-file, or read it from an address."
    else:
        hint = "Make the settings smaller, or put what is large into an image."
    return SettingsError(
        f"{ref} would have {_shown(part.size)} of {part.title}; a cluster accepts "
        f"{_shown(part.limit)} at most.{most}",
        hint,
    )


def _parts(obj: Object) -> Iterable[_Part]:
    notes = {key: _bytes(f"{key}{value}") for key, value in annotations_of(obj).items()}
    yield _Part("annotations", _ANNOTATIONS, sum(notes.values()), notes)
    if obj["kind"] in ("ConfigMap", "Secret"):
        is_plain = obj["kind"] == "ConfigMap"
        data = obj.get("data") or {}
        pieces = {
            key: _bytes(value) if is_plain else _decoded(value) for key, value in data.items()
        }
        yield _Part("data", _DATA, sum(pieces.values()), pieces)
    else:
        yield _Part("content", _STORED, _bytes(json.dumps(obj, ensure_ascii=False)), {})
        pieces = {}
    # The client writes every letter beyond ASCII as an escape of six.
    yield _Part("content in one request", _BODY, len(json.dumps(obj)), pieces)


def _bytes(text: str) -> int:
    return len(text.encode())


def _decoded(text: str) -> int:
    """The bytes that base64 stands for."""
    return len(text) * 3 // 4 - text[-2:].count("=")


def _shown(size: int) -> str:
    """Return KiB: whole MiB would hide what is a little too much."""
    return f"{-(-size // _KIB)} KiB"
