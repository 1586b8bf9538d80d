"""What a check of a configuration finds, as values that travel between two processes."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    ERROR = "error"  # the hub would not start, or not do what is written
    WARNING = "warning"  # cannot be known here, or will end one day
    NOTE = "note"  # is read in another way than it is written


@dataclass(frozen=True, kw_only=True)
class Finding:
    """`line` counts from 1; None: of no line. `excerpt`: the line, a caret below the place."""

    level: Level
    message: str
    hint: str = ""
    file: str = ""
    line: int | None = None
    excerpt: str = ""

    @property
    def where(self) -> str:
        """`jupyterhub_config.py:3`."""
        return f"{self.file}:{self.line}" if self.line else self.file

    def __str__(self) -> str:
        head = f"{self.where}: {self.message}" if self.where else self.message
        excerpt = [f"    {line}" for line in self.excerpt.splitlines()]
        return "\n".join([head, *excerpt, *([self.hint] if self.hint else [])])
