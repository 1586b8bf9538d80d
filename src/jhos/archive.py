"""The file of a backup: a tar that says what it is first, and what it must contain last.

    backup.json                what it is of, in which format
    settings.yaml              as in the cluster, without secrets
    configuration/NAME         the user's files
    secrets.encrypted          where a passphrase was given
    database.dump              of pg_dump, or database.sqlite
    SHA256SUMS                 of all above; a file that was cut off has none

It is made under another name and takes its own once it is whole. Nothing in it is run or
unpacked when it is read; whoever wants to can: `tar xf FILE && sha256sum -c SHA256SUMS`.
"""

import hashlib
import io
import json
import os
import tarfile
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from jhos import __version__
from jhos.errors import JhosError, SettingsError
from jhos.versions import is_newer

FORMAT = 1  # of what this jhos writes, and the newest that it reads
KIND = "jhos backup"
ABOUT, SUMS = "backup.json", "SHA256SUMS"
SETTINGS, SECRETS = "settings.yaml", "secrets.encrypted"
CONFIGURATION = "configuration/"
_CHUNK = 1 << 20
_SMALL = 16 << 20  # bytes; of all but the database
_SPOOLED = 8 << 20  # bytes that wait in memory for their number to be known


class Writer:
    """Adds members to the file; what was added is in its sums."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self.tar, self.sums = tar, ""

    def add(self, name: str, content: bytes) -> None:
        self._add(name, io.BytesIO(content), len(content), hashlib.sha256(content).hexdigest())

    def add_stream(self, name: str, chunks: Iterable[bytes], folder: Path) -> int:
        """A member whose size is known at its end only; returns that. `folder` has room for it."""
        digest = hashlib.sha256()
        with tempfile.SpooledTemporaryFile(_SPOOLED, dir=str(folder)) as spool:
            for chunk in chunks:
                digest.update(chunk)
                spool.write(chunk)
            size: int = spool.tell()
            spool.seek(0)
            self._add(name, spool, size, digest.hexdigest())
        return size

    def _add(self, name: str, content: Any, size: int, digest: str) -> None:
        member = tarfile.TarInfo(name)
        member.size, member.mode, member.mtime = size, 0o600, int(time.time())
        self.tar.addfile(member, content)
        self.sums += f"{digest}  {name}\n"


@contextmanager
def writing(path: Path) -> Iterator[Writer]:
    """The file is there, whole and for its owner's eyes only, once the block has ended well."""
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise _not_written(path, error) from error
    part = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            with tarfile.open(fileobj=stream, mode="w") as tar:
                writer = Writer(tar)
                yield writer
                writer.add(SUMS, writer.sums.encode())
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    except OSError as error:
        raise _not_written(path, error) from error
    finally:
        with suppress(FileNotFoundError):
            part.unlink()


@dataclass(frozen=True, kw_only=True)
class Backup:
    """What a file holds that is whole. `about` is its first member.

    `secrets` as `encryption.encrypt` made them; None: they were left out. `database`: the name of
    that member; None: it was left out.
    """

    path: Path
    about: dict[str, Any]
    settings: str
    configuration: dict[str, str]
    secrets: bytes | None
    database: str | None
    database_size: int
    digest: str  # of the file's sums, so of all of it

    def dump(self) -> Iterator[bytes]:
        """The database, in pieces."""
        with tarfile.open(self.path, "r:") as tar:
            stream = tar.extractfile(self.database or "")
            assert stream is not None
            yield from iter(lambda: stream.read(_CHUNK), b"")


def read(path: Path) -> Backup:
    """Raises SettingsError for a file that is none, is not whole, or is of a newer jhos."""
    try:
        with tarfile.open(path, "r:") as tar:
            about = _about(path, tar)
            return _read(path, tar, about)
    except tarfile.TarError as error:
        raise SettingsError(f"{path} is no backup of jhos: {error}.") from error
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror or error}.") from error


def _about(path: Path, tar: tarfile.TarFile) -> dict[str, Any]:
    """The first member, before anything else is looked at."""
    first = tar.next()
    try:
        about: Any = json.loads(_content(tar, first)) if first and first.name == ABOUT else None
    except (ValueError, EOFError):
        about = None
    if not isinstance(about, dict) or about.get("kind") != KIND:
        raise SettingsError(f"{path} is no backup of jhos: it does not begin with {ABOUT}.")
    maker = str(about.get("jhos"))
    if not isinstance(about.get("format"), int) or about["format"] > FORMAT or is_newer(maker):
        raise SettingsError(
            f"{path} was made by a newer jhos: {maker}, and this one is {__version__}.",
            f"Restore with jhos {maker}.",
        )
    return about


def _read(path: Path, tar: tarfile.TarFile, about: dict[str, Any]) -> Backup:
    small: dict[str, bytes] = {}
    sums, database, size, last = "", None, 0, ""
    for member in _members(path, tar):
        last = member.name
        if last == SUMS:
            continue
        digest, content = _digest(path, tar, member)
        sums += f"{digest}  {last}\n"
        if last.startswith("database."):
            database, size = last, member.size
        else:
            small[last] = content
    if last != SUMS or _content(tar, tar.getmember(SUMS)).decode(errors="replace") != sums:
        raise _damaged(path)
    return Backup(
        path=path,
        about=about,
        settings=small[SETTINGS].decode(),
        configuration={name.removeprefix(CONFIGURATION): content.decode()
                       for name, content in small.items() if name.startswith(CONFIGURATION)},
        secrets=small.get(SECRETS),
        database=database,
        database_size=size,
        digest=hashlib.sha256(sums.encode()).hexdigest(),
    )  # fmt: skip


def _members(path: Path, tar: tarfile.TarFile) -> list[tarfile.TarInfo]:
    """Raises SettingsError where the file ends too early, or holds what no backup does."""
    try:
        members = tar.getmembers()
    except (tarfile.TarError, EOFError, OSError) as error:
        raise _damaged(path) from error
    if not all(member.isreg() for member in members) or len({m.name for m in members}) != len(
        members
    ):
        raise _damaged(path)
    return members


def _digest(path: Path, tar: tarfile.TarFile, member: tarfile.TarInfo) -> tuple[str, bytes]:
    """With the content, but for the database, which may be large."""
    keep = not member.name.startswith("database.")
    if keep and member.size > _SMALL:
        raise _damaged(path)
    stream, digest, content = _opened(tar, member), hashlib.sha256(), b""
    try:
        for chunk in iter(lambda: stream.read(_CHUNK), b""):
            digest.update(chunk)
            content += chunk if keep else b""
    except (tarfile.TarError, EOFError) as error:
        raise _damaged(path) from error
    return digest.hexdigest(), content


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    if not member.isreg() or member.size > _SMALL:
        return b""
    return _opened(tar, member).read()


def _opened(tar: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    stream = tar.extractfile(member)
    assert stream is not None, "a regular member has content"
    return stream


def _damaged(path: Path) -> SettingsError:
    return SettingsError(
        f"{path} is not whole: it was cut off or changed after it was made.",
        "Take another copy or an older backup; nothing was sent.",
    )


def _not_written(path: Path, error: OSError) -> JhosError:
    return JhosError(f"{path} cannot be written: {error.strerror or error}.")
