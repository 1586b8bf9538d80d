from threading import Event
from typing import Any

import pytest

from jhos.cluster.foresight import Question, ask_ahead, foreseeable


class Place:
    """Answers a question with how often it was asked."""

    def __init__(self) -> None:
        self.foreseen: dict[Question, Any] = {}
        self.asked: list[str] = []
        self.open = Event()
        self.open.set()

    @foreseeable
    def read(self, what: str) -> int:
        self.open.wait(10)
        if what == "nothing":
            raise KeyError(what)
        self.asked.append(what)
        return self.asked.count(what)


def test_an_answer_is_used_once() -> None:
    place = Place()
    ask_ahead(place, [("read", ("a",))])
    assert [place.read("a"), place.read("a")] == [1, 2]


def test_questions_are_asked_side_by_side() -> None:
    place = Place()
    place.open.clear()
    ask_ahead(place, [("read", ("a",)), ("read", ("b",))])
    assert place.asked == []
    place.open.set()
    assert (place.read("b"), place.read("a")) == (1, 1)


def test_what_was_not_foreseen_is_asked_when_it_is_needed() -> None:
    place = Place()
    ask_ahead(place, [("read", ("a",))])
    assert place.read("b") == 1


def test_an_error_comes_where_the_answer_is_needed() -> None:
    place = Place()
    ask_ahead(place, [("read", ("nothing",))])
    with pytest.raises(KeyError):
        place.read("nothing")
