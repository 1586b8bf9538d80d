"""A stopped sandbox in which the images are built, kept for all runs that build the same ones."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jhos.sandbox.base.definition import link_or_copy

REPOSITORY = Path(__file__).parents[2]
SOURCES = ("hub-image", "notebook-images", "src/jhos/sandbox", "src/jhos/images.py",
           "src/jhos/builds.py", "uv.lock")  # fmt: skip
PROJECT = "trial"
KEPT = 2


def restore(target: Path, environment: dict[str, str]) -> None:
    """Make `target` the state directory of a sandbox that has project `trial` and its images."""
    cache = _cache()
    cache.mkdir(parents=True, exist_ok=True)
    snapshot = cache / _key()
    with _locked(cache):
        if snapshot.exists():
            snapshot.touch()  # tells that it is still in use
        else:
            _build(snapshot, environment)
            _remove_old(cache)
        _copy(snapshot, target)


def _cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "jhos/test-sandboxes"


def _key() -> str:
    """Return a hash of what the images and the sandbox are made of."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *SOURCES]
    names = subprocess.run(listed, cwd=REPOSITORY, check=True, capture_output=True, text=True)
    digest = hashlib.sha256(f"{sys.version}{sys.base_prefix}".encode())
    for name in sorted(filter(None, names.stdout.split("\0"))):
        file = REPOSITORY / name
        if file.is_file():
            digest.update(f"\0{name}\0{file.stat().st_mode & 0o111}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def _build(snapshot: Path, environment: dict[str, str]) -> None:
    new = snapshot.with_suffix(".new")
    own = {**environment, "JHOS_SANDBOX_DIR": str(new)}
    own.pop("KUBECONFIG", None)

    def jhos(*words: str) -> None:
        subprocess.run(["jhos", *words], env=own, check=True)

    if new.exists():  # of a run that was killed
        jhos("sandbox", "reset", "--yes")
    jhos("sandbox", "start")
    jhos("build-images", "-n", PROJECT, "--create-project", "--sandbox")
    jhos("sandbox", "stop")
    (new / "status.json").unlink()  # each copy has ports of its own
    shutil.rmtree(new / "run")  # sockets
    new.rename(snapshot)


def _copy(snapshot: Path, target: Path) -> None:
    """Copy all but the files of images: these are never written to, so links to them serve."""
    shutil.copytree(snapshot, target, symlinks=True, dirs_exist_ok=True, copy_function=_copy_file)


def _copy_file(source: str, target: str) -> None:
    if "/images/" in source:
        link_or_copy(source, target)
    else:
        shutil.copy2(source, target)


def _remove_old(cache: Path) -> None:
    folders = sorted(filter(Path.is_dir, cache.iterdir()), key=lambda path: path.stat().st_mtime)
    for folder in folders[:-KEPT]:
        shutil.rmtree(folder)


@contextmanager
def _locked(cache: Path) -> Iterator[None]:
    """One process builds, the others wait and copy what it has built."""
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
