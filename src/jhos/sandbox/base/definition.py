"""What a base image is made of, and the parts that are copies of installed wheels and scripts."""

import hashlib
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

SCRIPTS = Path(__file__).with_name("scripts")
Maker = Callable[[Path], None]


class MissingWheel(Exception):
    """A package of the `sandbox` extra is not installed."""


@dataclass(frozen=True, kw_only=True)
class BaseImage:
    """An image by its content: the names of `layers` and `parts/…` change with what is in them.

    `makers` fill the directory of a layer or part, by its name.
    """

    stream: str
    tags: Sequence[str]
    layers: Sequence[str] = ()
    binds: Mapping[str, str]
    env: Mapping[str, str]
    labels: Mapping[str, str]
    cmd: Sequence[str]
    workdir: str
    user: str
    exposed_ports: Sequence[str] = ()
    volumes: Sequence[str] = ()
    makers: Mapping[str, Maker] = field(default_factory=dict)


@dataclass(frozen=True)
class Wheel:
    """An installed package whose files an image takes over."""

    version: str
    site_packages: Path


@cache
def wheel(name: str) -> Wheel:
    try:
        found = distribution(name)
    except PackageNotFoundError:
        raise MissingWheel(f"{name} is not installed: pip install 'jhos[sandbox]'") from None
    return Wheel(found.version, Path(str(found.locate_file(""))))


@cache
def scripts_hash(directory: str) -> str:
    """Of the scripts below `scripts/DIRECTORY`, twelve digits."""
    digest = hashlib.sha256()
    for file in sorted((SCRIPTS / directory).rglob("*")):
        if file.is_file():
            digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:12]


def copy_scripts(directory: str) -> Maker:
    def make(target: Path) -> None:
        shutil.copytree(SCRIPTS / directory, target, dirs_exist_ok=True)
        for file in target.rglob("*"):
            file.chmod(0o755)  # a wheel does not keep the mode

    return make


def link_tree(source: Path, target: Path) -> None:
    """A copy for reading only: layers and parts lie below overlays or are bound read-only."""
    copy = link_or_copy
    shutil.copytree(source, target, symlinks=True, copy_function=copy, dirs_exist_ok=True)


def link_or_copy(source: str | Path, target: str | Path) -> None:
    """Give the file a second name, as creating thousands of files takes seconds."""
    try:
        os.link(source, target)
    except OSError:  # another file system, or the file of another user
        shutil.copy2(source, target)
