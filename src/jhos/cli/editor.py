"""A text in the user's editor, until it is right or given up; never lost."""

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import click

from jhos.errors import JhosError

_MARK = "#! "  # begins the lines on top that are not part of the text


class Draft:
    """A text that is being edited, in a file of its own; `done` removes it."""

    def __init__(self, text: str, suffix: str, title: str) -> None:
        self.original, self.title = text, title
        self.editor = _editor()
        handle, path = tempfile.mkstemp(prefix="jhos-", suffix=suffix)
        os.close(handle)
        self.path = Path(path)

    def edit(self, accept: Callable[[str], None]) -> str | None:
        """The text that `accept` takes; None where nothing was changed.

        What it raises stands on top when the editor opens again; the same text twice ends it.
        """
        text, message = self.original, self.title
        while True:
            written = self._open(message, text)
            if written == self.original:
                self.done()
                return None
            try:
                accept(written)
            except JhosError as error:
                if written == text:
                    raise self.kept(error) from error
                text, message = written, f"{error.message}\n\n{_AGAIN}"
            else:
                return written

    def kept(self, error: JhosError) -> JhosError:
        """The error, with where the text is."""
        hint = f"{error.hint} Your text is kept in {self.path}".strip()
        return type(error)(error.message, hint)

    def done(self) -> None:
        self.path.unlink(missing_ok=True)

    def _open(self, message: str, text: str) -> str:
        self.path.write_text("".join(f"{_MARK}{line}\n" for line in message.splitlines()) + text)
        try:
            click.edit(filename=str(self.path), editor=self.editor)
        except click.ClickException as error:
            raise self.kept(JhosError(error.format_message(), "Choose one with EDITOR.")) from error
        lines = self.path.read_text().splitlines(keepends=True)
        while lines and lines[0].startswith(_MARK.rstrip()):
            lines.pop(0)
        written = "".join(lines)
        self.path.write_text(written)
        return written


_AGAIN = "Mend it and save, or close without a change to give up."


def _editor() -> str | None:
    """None: the one that click finds, for whom there is a terminal."""
    chosen = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not chosen and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.UsageError("There is no terminal to edit on; say --config FILE or --set.")
    return chosen
