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
        raise JhosError(_sentence(error.message), _sentence(error.hint)) from error


def _sentence(text: str) -> str:
    """As our errors are; what quotes a log keeps its lines."""
    whole = text[:1].upper() + text[1:]
    return whole if not whole or "\n" in whole or whole.endswith(".") else f"{whole}."
