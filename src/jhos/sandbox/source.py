"""The source of a build: an uploaded archive or a git repository, unpacked into a directory."""

import asyncio
import os
import shutil
import stat
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

from jhos.sandbox.client import Object

OnLog = Callable[[bytes], object]


class BuildFailed(Exception):
    """`reason` is OpenShift's, as in `build.status.reason`."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason, self.message = reason, message


async def fetch(
    build: Object,
    archive: Path | None,
    target: Path,
    on_log: OnLog,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Fill `target` with the source, only its context directory where one is named.

    `environment`: of git, over its own.
    """
    source = build["spec"].get("source") or {}
    context = source.get("contextDir", "")
    whole = target.with_name("whole") if context else target
    whole.mkdir()
    if archive is not None:
        on_log(b"Receiving source from STDIN as archive ...\n")
        await unpack(archive, whole, source.get("binary") or {}, on_log)
    elif git := source.get("git"):
        await clone(git, whole, on_log, environment or {})
    if context:
        choose(whole, context, target)


async def unpack(archive: Path, target: Path, binary: Object, on_log: OnLog) -> None:
    """Raises BuildFailed. `tar` itself keeps members from leaving the target."""
    if as_file := binary.get("asFile"):
        shutil.copyfile(archive, target / PurePosixPath(as_file).name)
    elif zipfile.is_zipfile(archive):
        await asyncio.to_thread(unzip, archive, target)
    else:
        options = ("--no-same-owner", "--no-same-permissions", "--directory", str(target))
        await _run(["tar", "--extract", *options, "--file", str(archive)], on_log)


def unzip(archive: Path, target: Path) -> None:
    """With the modes that the archive has, which zipfile leaves out."""
    with zipfile.ZipFile(archive) as files:
        for info in files.infolist():
            path = Path(files.extract(info, target))
            if mode := stat.S_IMODE(info.external_attr >> 16):
                path.chmod(mode | stat.S_IRUSR | stat.S_IWUSR)


async def clone(git: Object, target: Path, on_log: OnLog, environment: Mapping[str, str]) -> None:
    on_log(f'Cloning "{git["uri"]}" ...\n'.encode())
    quietly = ("--quiet", "--recurse-submodules")
    await _run(["git", "clone", *quietly, "--", git["uri"], str(target)], on_log, environment)
    if ref := git.get("ref"):
        command = ["git", "-C", str(target), "checkout", *quietly, ref, "--"]
        await _run(command, on_log, environment)


def choose(whole: Path, context: str, target: Path) -> None:
    chosen = (whole / context.strip("/")).resolve()
    if not chosen.is_dir() or not chosen.is_relative_to(whole.resolve()):
        message = f"the source has no directory {context} (contextDir)"
        raise BuildFailed("FetchSourceFailed", message)
    chosen.rename(target)


def inside(path: Path, root: Path) -> Path | None:
    """The path, None when it is not there or a symbolic link leads it out of `root`."""
    found = path.resolve()
    return found if found.exists() and found.is_relative_to(root.resolve()) else None


async def _run(
    command: list[str], on_log: OnLog, environment: Mapping[str, str] | None = None
) -> None:
    process = await asyncio.create_subprocess_exec(
        *("env", "GIT_TERMINAL_PROMPT=0", "GIT_ALLOW_PROTOCOL=https:http:git:ssh:file"),
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, **(environment or {})},
    )
    try:
        output, _ = await process.communicate()
    except BaseException:
        process.kill()
        raise
    on_log(output)
    if process.returncode != 0:
        last = output.decode(errors="replace").strip().rpartition("\n")[2]
        raise BuildFailed("FetchSourceFailed", f"{command[0]} failed: {last}")
