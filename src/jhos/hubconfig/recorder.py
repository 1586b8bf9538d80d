"""A traitlets Config that notes where a user's file touches which trait."""

import sys
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from traitlets.config import Config


@dataclass(frozen=True)
class Use:
    """`c.SECTION.TRAIT` in a line of a file; without trait: the section alone."""

    section: str
    trait: str
    file: str
    line: int


@dataclass
class Notes:
    """`files`: whose uses are noted, by the name that Python knows them by."""

    files: Collection[str]
    uses: list[Use] = field(default_factory=list)

    def take(self, section: str, trait: str) -> None:
        place = self._place()
        if place:
            self.uses.append(Use(section, trait, *place))

    def _place(self) -> tuple[str, int] | None:
        frame = sys._getframe(2)
        while frame:
            if frame.f_code.co_filename in self.files:
                return frame.f_code.co_filename, frame.f_lineno
            frame = frame.f_back  # type: ignore[assignment] # None ends the loop
        return None


class Recorder(Config):  # type: ignore[misc] # traitlets is not followed
    """Where a trait is set, and where one that is not set is read: `.append`, `.update`."""

    notes: Notes | None = None
    section = ""

    @classmethod
    def of(cls, notes: Notes, section: str = "") -> "Recorder":
        made = cls()
        dict.__setattr__(made, "notes", notes)  # Config's own would make it a trait
        dict.__setattr__(made, "section", section)
        return made

    def __getitem__(self, key: str) -> Any:
        absent = self.notes is not None and not dict.__contains__(self, key)
        if absent and self.notes and not key.startswith("_"):
            self._note(key)
            if not self.section and key[0].isupper():
                dict.__setitem__(self, key, Recorder.of(self.notes, key))
        return super().__getitem__(key)

    def __setitem__(self, key: str, value: Any) -> None:
        self._note(key)
        super().__setitem__(key, value)

    def _note(self, key: str) -> None:
        if self.notes:
            self.notes.take(*((self.section, key) if self.section else (key, "")))
