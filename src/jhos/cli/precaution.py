"""The file in which a database is kept before a hub of another image starts."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from jhos.actions.pipeline import Deployed
    from jhos.actions.precaution import Precaution

no_backup_option = click.option(
    "--no-backup", is_flag=True,
    help="Where the hub gets another image: do not write its database into a file first.",
)  # fmt: skip


def file_of(name: str) -> Path:
    return Path(f"{name}-{time.strftime('%Y%m%d-%H%M%S')}.tar")


def precaution(name: str, *, without: bool = False) -> "Precaution | None":
    from jhos.actions.precaution import Precaution

    return None if without else Precaution(file=file_of(name))


def kept_in(done: "Deployed") -> str | None:
    return str(done.backup.path) if done.backup else None


def of_before(done: "Deployed") -> list[str]:
    """What is said of the file that stays, if one does."""
    return [f"The database as it was before the change: {done.backup.path}"] if done.backup else []
