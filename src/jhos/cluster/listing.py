"""Lists of thousands, item by item as the bytes come: the whole is never held."""

import json
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterable, Iterator
from json import JSONDecoder
from typing import Any, TypeVar

from jhos.cluster.decoding import lean, present
from jhos.objects import Object

Kept = TypeVar("Kept")


def outlines(chunks: Iterable[bytes], keep: Callable[[Object], Kept]) -> tuple[list[Kept], Object]:
    """What `keep` makes of each item, and the metadata of the list.

    Raises ValueError where the text is no JSON object.
    """
    text = _Text(chunks)
    kept: list[Kept] = []
    rest: Object = {}
    for _ in text.parts("{", "}"):
        key = text.value()
        text.take(":")
        if key == "items" and text.next() == "[":
            kept.extend(keep(text.value()) for _ in text.parts("[", "]"))
        else:
            rest[key] = text.value()
    return kept, present(rest).get("metadata", {})


class _Text:
    """JSON of which no more is held than the value that is being read."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self.chunks, self.held, self.at = iter(chunks), "", 0
        self.characters = getincrementaldecoder("utf-8")()
        self.decoder = JSONDecoder(object_hook=lean)

    def next(self) -> str:
        """The next character that counts; it is not taken."""
        while True:
            while self.at < len(self.held) and self.held[self.at].isspace():
                self.at += 1
            if self.at < len(self.held):
                return self.held[self.at]
            if not self._more():
                raise ValueError("the text ends too early")

    def take(self, character: str) -> None:
        if self.next() != character:
            raise ValueError(f"no {character} where there should be one")
        self.at += 1

    def value(self) -> Any:
        self.next()
        while True:
            try:
                value, self.at = self.decoder.raw_decode(self.held, self.at)
            except json.JSONDecodeError:
                if not self._more():
                    raise
            else:
                return value

    def parts(self, begin: str, end: str) -> Iterator[None]:
        """Once for each part between the two, which is to be read before the next."""
        self.take(begin)
        while self.next() != end:
            yield
            if self.next() != end:
                self.take(",")
        self.take(end)

    def _more(self) -> bool:
        chunk = next(self.chunks, b"")
        self.held, self.at = self.held[self.at :] + self.characters.decode(chunk), 0
        return bool(chunk)
