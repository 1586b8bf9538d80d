"""The images that jhos builds: where their sources are, what they contain, how they travel.

The sources lie in the checkout, or in the installed package where there is none.
"""

import gzip
import hashlib
import io
import re
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

CONTENT_LABEL = "dev.jhos.content"  # of an image: hash of what it was built from

_PACKAGE = Path(__file__).parent
_IGNORED = ("__pycache__", ".ruff_cache", ".mypy_cache")


@dataclass(frozen=True)
class Image:
    """A row of `notebook-images/images.yaml`; `key` as on the command line.

    `tag` is `python` where the tag is the builder's Python version.
    """

    key: str
    name: str
    tag: str
    context: Path
    description: str
    labels: dict[str, str]
    versioned: str | None

    @property
    def version(self) -> str | None:
        """Of the package `versioned`, as pinned in `requirements.txt`: a second tag."""
        pins = (self.context / "requirements.txt").read_text()
        match = self.versioned and re.search(rf"^{self.versioned}==(\S+)", pins, re.MULTILINE)
        return match[1] if match else None

    def spec(self, python: str) -> str:
        """`s2i-minimal-notebook:3.12`."""
        return f"{self.name}:{python if self.tag == 'python' else self.tag}"

    def tags(self, pythons: Iterable[str]) -> list[str]:
        """All that it can be built as."""
        return list(pythons) if self.tag == "python" else [self.tag]


@cache
def catalog() -> dict[str, Image]:
    """By key."""
    table = yaml.safe_load((_source("notebook-images") / "images.yaml").read_text())
    rows = (
        Image(
            key=row["key"],
            name=row["name"],
            tag=row["tag"],
            context=_source(row["context"]),
            description=row["description"],
            labels={**table["labels"], **row["labels"]},
            versioned=row.get("version"),
        )
        for row in table["images"]
    )
    return {image.key: image for image in rows}


def content_hash(image: Image, builder: str) -> str:
    """16 hexadecimal digits that differ when a file of the source or the builder image does."""
    total = hashlib.sha256(builder.encode())
    for path in _files(image.context):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        total.update(f"{path.relative_to(image.context)}\0{_mode(path)}\0{content}\n".encode())
    return total.hexdigest()[:16]


def pack(image: Image) -> bytes:
    """The source as tar.gz, the same bytes for the same content."""
    buffer = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w") as archive,
    ):
        for path in _files(image.context):
            entry = tarfile.TarInfo(str(path.relative_to(image.context)))
            content = path.read_bytes()
            entry.size, entry.mode = len(content), _mode(path)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _source(folder: str) -> Path:
    checkout = _PACKAGE.parents[1] / folder
    return checkout if checkout.is_dir() else _PACKAGE / "_images" / folder


def _files(context: Path) -> list[Path]:
    paths = (path for path in context.rglob("*") if path.is_file())
    return sorted(path for path in paths if not set(path.parts) & set(_IGNORED))


def _mode(path: Path) -> int:
    """Executable or not: the rest of a file's mode is this machine's business."""
    return 0o755 if path.stat().st_mode & 0o100 else 0o644
