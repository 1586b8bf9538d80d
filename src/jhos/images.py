"""The images that jhos builds: where their sources are, what they contain, how they travel.

The sources lie in the checkout, or in the installed package where there is none; a custom image's
in a directory or a git repository of the user's.
"""

import gzip
import hashlib
import io
import os
import re
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from jhos.errors import SettingsError
from jhos.settings.model import Resources

CONTENT_LABEL = "dev.jhos.content"  # of an image: hash of what it was built from
PYTHON = "python"  # as a tag: that of the Python version; as a builder: the cluster's Python

_PACKAGE = Path(__file__).parent
_ADDRESS = re.compile(r"[a-z+]+://|[\w.-]+@[\w.-]+:")  # of a git repository
_IGNORED = {".git", "__pycache__", ".ruff_cache", ".mypy_cache", ".ipynb_checkpoints"}


@dataclass(frozen=True, kw_only=True)
class Git:
    """Where a build clones its source; `secret`: one of the project's, for a private repository."""

    uri: str
    ref: str | None = None
    context_dir: str | None = None
    secret: str | None = None


@dataclass(frozen=True, kw_only=True)
class Image:
    """A row of `notebook-images/images.yaml`; `key` as on the command line.

    `builder` is `python`, the key of the row whose image it is built on, or an image. `app` is
    the deployment that the image belongs to alone, `hook_secret` the Secret of its webhook.
    `loosen_pins`: newer versions than those that its requirements pin will do.
    """

    key: str
    name: str
    tag: str
    source: Path | Git
    builder: str
    description: str
    labels: dict[str, str]
    versioned: str | None = None
    app: str | None = None
    hook_secret: str | None = None
    loosen_pins: bool = False
    newest_python: str | None = None

    @property
    def version(self) -> str | None:
        """Of the package `versioned`, as pinned in `requirements.txt`: a second tag."""
        if not self.versioned or isinstance(self.source, Git):
            return None
        pins = (self.source / "requirements.txt").read_text()
        match = re.search(rf"^{self.versioned}==(\S+)", pins, re.MULTILINE)
        return match[1] if match else None

    def spec(self, python: str) -> str:
        """`s2i-minimal-notebook:3.12`."""
        return f"{self.name}:{python if self.tag == PYTHON else self.tag}"

    def check_python(self, version: str) -> None:
        """Raise SettingsError where packages of the image do not exist for this Python."""
        if self.newest_python and _minor(version) > _minor(self.newest_python):
            raise SettingsError(
                f"Image {self.name} cannot be built for Python {version}.",
                f"Its packages exist up to Python {self.newest_python}: "
                f"--python {self.newest_python}",
            )

    def tags(self, pythons: Iterable[str]) -> list[str]:
        """All that it can be built as."""
        return list(pythons) if self.tag == PYTHON else [self.tag]


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """For the builds of one command. `builder`: an image in place of the cluster's Python.

    `env` is seen by the build and stays in the image, so it holds no secret; `secret` is a Secret
    whose files (pip.conf, .netrc, .npmrc, requirements.txt) lie in /tmp/build while it builds.
    `again`: what is there already, too. `follow`: the whole log is told.
    """

    python: str | None = None
    builder: str | None = None
    memory: str = "2Gi"
    secret: str | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    again: bool = False
    follow: bool = False

    @property
    def resources(self) -> Resources:
        """Return the resources of a build's pod."""
        return Resources(memory=self.memory, memory_request="512Mi", cpu="2", cpu_request="100m")


@cache
def catalog() -> dict[str, Image]:
    """By key."""
    table = yaml.safe_load((_sources() / "notebook-images/images.yaml").read_text())
    rows = (
        Image(
            key=row["key"],
            name=row["name"],
            tag=row["tag"],
            source=_sources() / row["context"],
            builder=row["builder"],
            description=row["description"],
            labels={
                **table["labels"],
                **description_labels(row["key"], row["name"], row["description"]),
                **row["labels"],
            },
            versioned=row.get("version"),
            newest_python=row.get("newest_python"),
        )
        for row in table["images"]
    )
    return {image.key: image for image in rows}


def from_git(image: Image, git: Git) -> Image:
    """The image of the catalog from a git repository shaped as that of jhos, in place of ours."""
    context = git.context_dir
    if context is None and isinstance(image.source, Path):
        context = str(image.source.relative_to(_sources()))
    return replace(image, source=replace(git, context_dir=context))


def custom(base: Image, name: str, source: Path | Git, *, app: str | None = None,
           loosen_pins: bool = False) -> Image:  # fmt: skip
    """`NAME:latest`, the source laid over the image `base` by Source-to-Image."""
    description = f"{base.description}, customized"
    return Image(
        key=name,
        name=name,
        tag="latest",
        source=source,
        builder=base.key,
        description=description,
        labels={
            **base.labels,
            **description_labels(base.key, name, description),
            "io.k8s.display-name": name,
        },
        app=app,
        loosen_pins=loosen_pins,
    )


def description_labels(key: str, name: str, description: str) -> dict[str, str]:
    """Return the labels that would otherwise describe the Python builder image."""
    option = "--hub-image" if key == "hub" else "--notebook-image"
    return {
        "name": name,
        "summary": description,
        "description": description,
        "io.k8s.description": description,
        "usage": f"jhos deploy {option} {name}",
    }


def with_parents(images: Iterable[Image]) -> list[Image]:
    """Each behind the one that it is built on, once."""
    ordered: dict[str, Image] = {}

    def add(image: Image) -> None:
        parent = catalog().get(image.builder)
        if parent and parent.key not in ordered:
            add(wanted.get(parent.key, parent))
        ordered.setdefault(image.key, image)

    wanted = {image.key: image for image in images}
    for image in wanted.values():
        add(image)
    return list(ordered.values())


def source_of(text: str, *, ref: str | None = None, context_dir: str | None = None,
              secret: str | None = None) -> Path | Git:  # fmt: skip
    """A directory of this machine, else the address of a git repository.

    Raises SettingsError for what is neither, and for a password in an address.
    """
    if _ADDRESS.match(text):
        return git_of(text, ref=ref, context_dir=context_dir, secret=secret)
    path = Path(text).expanduser() / (context_dir or "")
    if not path.is_dir():
        raise SettingsError(
            f"The source {text} is neither a directory nor the address of a git repository.",
            "For example: ./my-hub or https://example.com/me/my-hub.git",
        )
    return path.resolve()


def git_of(url: str, *, ref: str | None, context_dir: str | None, secret: str | None) -> Git:
    """Raises SettingsError for what is no address, and for one with a password."""
    if not _ADDRESS.match(url):
        raise SettingsError(
            f"{url} is not the address of a git repository.",
            "For example: https://example.com/me/notebooks.git or git@example.com:me/notebooks.git",
        )
    return Git(uri=without_password(url), ref=ref, context_dir=context_dir, secret=secret)


def without_password(url: str) -> str:
    """The address itself. Raises SettingsError where it holds a password, which would be kept."""
    if urlsplit(url).password:
        raise SettingsError(
            f"The address {urlsplit(url).hostname} comes with a password, which would be kept in "
            "objects and images for all to read.",
            "Put it into a Secret of the project: --git-secret for a repository, --build-secret "
            "with a pip.conf, .netrc or .npmrc for packages.",
        )
    return url


def content_hash(image: Image, builder: str) -> str:
    """16 hexadecimal digits that differ when a file of the source or the builder image does.

    For a git repository: when its address, reference or directory does.
    """
    total = hashlib.sha256(builder.encode())
    if image.loosen_pins:
        total.update(b"loosened")
    if isinstance(image.source, Git):
        total.update(repr(image.source).encode())
        return total.hexdigest()[:16]
    for path in _files(image.source):
        content = hashlib.sha256(_content(path)).hexdigest()
        name = os.fsencode(path.relative_to(image.source))
        total.update(name + f"\0{_mode(path)}\0{content}\n".encode())
    return total.hexdigest()[:16]


def pack(source: Path) -> bytes:
    """The source as tar.gz, the same bytes for the same content."""
    buffer = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w") as archive,
    ):
        for path in _files(source):
            entry = tarfile.TarInfo(str(path.relative_to(source)))
            entry.mode = _mode(path)
            if path.is_symlink():
                entry.type, entry.linkname = tarfile.SYMTYPE, str(path.readlink())
                archive.addfile(entry)
            else:
                content = _content(path)
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _minor(version: str) -> int:
    minor = version.partition(".")[2]
    return int(minor) if minor.isdigit() else 0


def _sources() -> Path:
    checkout = _PACKAGE.parents[1]
    return checkout if (checkout / "notebook-images").is_dir() else _PACKAGE / "_images"


def _files(context: Path) -> list[Path]:
    paths = (path for path in context.rglob("*") if path.is_file() or path.is_symlink())
    return sorted(path for path in paths if not set(path.relative_to(context).parts) & _IGNORED)


def _content(path: Path) -> bytes:
    return os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes()


def _mode(path: Path) -> int:
    """Executable or not: the rest of a file's mode is this machine's business."""
    return 0o755 if not path.is_symlink() and path.stat().st_mode & 0o100 else 0o644
