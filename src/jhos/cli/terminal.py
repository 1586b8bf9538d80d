"""How the core's events look: live lines on a terminal, plain lines elsewhere; on stderr.

Results go to stdout, through `click.echo`.
"""

import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import Event as Flag
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any

import click

from jhos.cli.options import QUIET
from jhos.events import Event, Report, State, silent

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from jhos.cluster.client import Cluster

_CONTROL = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?"  # OSC: titles, links
    r"|\x1b.?|[\x00-\x08\x0b-\x1f\x7f-\x9f]"
)
_REPEAT_S = 15  # a wait is said again after so long where lines cannot be rewritten
_FRAME_S = 0.1
_ECHO = 5  # columns, for `^C` twice
_COLOURS = {"ok": "green", "warning": "yellow", "problem": "red"}
_MARKS = {State.DONE: ("✓", "green"), State.FAILED: ("✗", "red"), State.WARNING: ("!", "yellow")}


@contextmanager
def progress() -> Iterator[Report]:
    """A `Report` that shows what goes on until the block ends."""
    if _is_quiet():
        yield silent
    elif sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        with Live() as report:
            yield report
    else:
        yield Lines().report


class Lines:
    """One line for each change, with the seconds since the start."""

    def __init__(self) -> None:
        self.started, self.lock = time.monotonic(), Lock()
        self.last: dict[str, tuple[State, str, float]] = {}

    def report(self, event: Event) -> None:
        with self.lock:
            if event.state is State.SAID:
                _tell(f"{event.subject} | {clean(event.message)}")
                return
            elapsed = time.monotonic() - self.started
            state, message, said = self.last.get(event.subject, (None, "", 0.0))
            if event.state is state:
                fresh = event.message != message
                if event.state is not State.RUNNING or elapsed - said < (1 if fresh else _REPEAT_S):
                    return
            self.last[event.subject] = (event.state, event.message, elapsed)
            if event.message:
                _tell(f"{elapsed:4.0f}s {event.subject}: {clean(event.message)}")


class Live:
    """Finished steps scroll by; what runs keeps a line of its own, with its time."""

    def __init__(self) -> None:
        self.bar, self.lock, self.ended = _bar(), Lock(), Flag()
        self.tasks: dict[str, TaskID] = {}
        self.settled: dict[str, str] = {}
        self.drawing = Thread(target=self._draw, daemon=True)

    def __enter__(self) -> Report:
        self.drawing.start()
        return self.report

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.drawing.join()
        self.bar.stop()

    def _draw(self) -> None:
        """Never while a line is printed: rich's own thread would, and leave old lines standing."""
        while not self.ended.wait(_FRAME_S):
            with self.lock:
                self.bar.refresh()

    def report(self, event: Event) -> None:
        message = clean(event.message)
        with self.lock:
            match event.state:
                case State.SAID:
                    self._said(event.subject, message)
                case State.RUNNING:
                    self._running(event.subject, message)
                case _:
                    self._ended(event, message)

    def _said(self, subject: str, message: str) -> None:
        from rich.text import Text

        line = Text.assemble((f"{subject} | ", "dim"), message)
        self.bar.console.print(line, soft_wrap=True)

    def _running(self, subject: str, message: str) -> None:
        self.bar.start()  # not before: a question may come first
        if subject not in self.tasks:
            self.tasks[subject] = self.bar.add_task(subject, message="", total=None)
        self.bar.update(self.tasks[subject], message=message.rsplit("\n", 1)[-1])

    def _ended(self, event: Event, message: str) -> None:
        from rich.text import Text

        if event.subject in self.tasks:
            self.bar.remove_task(self.tasks.pop(event.subject))
        if message and self.settled.get(event.subject) != message:
            self.settled[event.subject] = message
            mark, colour = _MARKS[event.state]
            line = Text.assemble((mark, colour), f" {event.subject} ", (message, "dim"))
            self.bar.console.print(line)


def _bar() -> "Progress":
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, Task, TextColumn, TimeElapsedColumn
    from rich.table import Column, Table

    console = Console(stderr=True, highlight=False)

    class Bar(Progress):
        def make_tasks_table(self, tasks: Iterable[Task]) -> Table:
            table = super().make_tasks_table(tasks)
            # A full line would break where the terminal shows `^C`, and be left standing.
            table.width = max(1, console.width - _ECHO)
            return table

    return Bar(
        SpinnerColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
        TextColumn(
            "{task.fields[message]}",
            markup=False,
            style="dim",
            table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1),
        ),
        console=console,
        auto_refresh=False,
        transient=True,
        expand=True,
    )


def checklist(rows: Iterable[tuple[str, str, str, str]]) -> str:
    """Of (verdict, subject, message, hint): `ok`, `warning` or `problem`, a line each."""
    found = list(rows)
    width = max(len(subject) for _, subject, _, _ in found)
    lines = []
    for verdict, subject, message, hint in found:
        mark = click.style(f"{verdict:<7}", fg=_COLOURS[verdict])
        lines.append(f"{mark} {subject:<{width}}  {message}")
        if hint:
            lines.append(f"{'':<7} {'':<{width}}  {hint}")
    return "\n".join(lines)


def say(text: str) -> None:
    """A remark beside the result."""
    if not _is_quiet():
        _tell(text)


def tell_where(cluster: "Cluster") -> None:
    say(f"Project {cluster.namespace} (context {cluster.context})")


def _tell(text: str) -> None:
    """The work goes on when nobody reads any more (`2>&1 | head`)."""
    try:
        click.echo(text, err=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def remarks() -> Report:
    """For commands that are over at once: warnings, and once what they wait for."""
    if _is_quiet():
        return silent
    waited: set[str] = set()

    def report(event: Event) -> None:
        waits = event.state is State.RUNNING and event.subject not in waited
        if waits:
            waited.add(event.subject)
        if waits:
            _tell(clean(event.message))
        elif event.state is State.WARNING:
            _tell(clean(f"{event.subject}: {event.message}"))

    return report


def _is_quiet() -> bool:
    return bool((context := click.get_current_context(silent=True)) and context.meta.get(QUIET))


def clean(text: str) -> str:
    """Without control sequences: logs and events are strangers' words."""
    return _CONTROL.sub("", text)


def confirm(question: str, *, yes: bool) -> bool:
    """Raises UsageError where nobody can be asked."""
    return yes or _asked(lambda: click.confirm(question, err=True))


def confirm_by_name(request: str, name: str, *, yes: bool) -> bool:
    """For what cannot be undone: whether `name` was typed."""
    return yes or _asked(lambda: click.prompt(request, "", show_default=False, err=True) == name)


def _asked(ask: Callable[[], bool]) -> bool:
    if not sys.stdin.isatty():
        raise click.UsageError("There is no terminal to ask on; say --yes to go on without.")
    with asking():
        return ask()


def prompt_secret(what: str, **options: Any) -> str:
    """What is typed is not shown."""
    with asking():
        typed: str = click.prompt(what, hide_input=True, err=True, **options)
        return typed


@contextmanager
def asking() -> Iterator[None]:
    """Ctrl-C at a question, or Ctrl-D, interrupts the command as it does at any other time."""
    try:
        yield
    except click.Abort as interrupted:
        raise KeyboardInterrupt from interrupted
