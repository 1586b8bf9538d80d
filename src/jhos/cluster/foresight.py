"""Answers that are asked for side by side before they are needed, one after the other.

On a cluster that is far away the way there and back is what takes the time.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")
Question = tuple[str, tuple[Any, ...]]


class Foreseeing(Protocol):
    foreseen: dict[Question, "Future[Any]"]


Method = Callable[Concatenate[Any, Arguments], Answer]


def foreseeable(method: Method[Arguments, Answer]) -> Method[Arguments, Answer]:
    """Of a method that reads: an answer that was asked for before is used, and only once."""

    @wraps(method)
    def call(
        cluster: Foreseeing, /, *arguments: Arguments.args, **keywords: Arguments.kwargs
    ) -> Answer:
        found = cluster.foreseen.pop((method.__name__, arguments), None) if not keywords else None
        answer: Answer = found.result() if found else method(cluster, *arguments, **keywords)
        return answer

    return call


def ask_ahead(cluster: Foreseeing, questions: Iterable[Question]) -> None:
    """Each the name of a method and its arguments, just as they will be."""
    wanted = list(questions)
    pool = ThreadPoolExecutor(len(wanted))
    for name, arguments in wanted:
        cluster.foreseen[name, arguments] = pool.submit(_ask, cluster, name, arguments)
    pool.shutdown(wait=False)


def _ask(cluster: Foreseeing, name: str, arguments: tuple[Any, ...]) -> Any:
    """By the method itself, which does not look for an answer to its own question."""
    method = getattr(type(cluster), name).__wrapped__
    return method(cluster, *arguments)
