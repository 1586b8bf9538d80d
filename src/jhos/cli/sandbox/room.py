"""What all commands of the sandbox share: where it keeps its state, and its errors in our words."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from jhos.errors import JhosError

if TYPE_CHECKING:
    from jhos.sandbox.layout import Layout


def layout_of(state_dir: Path | None) -> "Layout":
    """Imports only now: `--help` shall be quick."""
    from jhos.sandbox.layout import layout

    return layout(state_dir)


@contextmanager
def errors() -> Iterator[None]:
    """Lets a SandboxError out as a JhosError."""
    from jhos.sandbox.errors import SandboxError

    try:
        yield
    except SandboxError as error:
        raise JhosError(error.message, error.hint) from error
