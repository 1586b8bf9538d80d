"""What the core tells whoever watches it work."""

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple


class State(StrEnum):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    WARNING = "warning"
    SAID = "said"  # a line of its output: none replaces another


class Event(NamedTuple):
    """A step or a wait, named by `subject` (`Deployment hub`), and how it stands.

    Events of one subject tell of one thing: the last one replaces those before it.
    """

    subject: str
    state: State
    message: str = ""


Report = Callable[[Event], None]


def silent(_: Event) -> None:
    """A `Report` for whoever does not want to know."""
