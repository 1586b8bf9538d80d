"""The /tmp of a build: what the builder image left there, the source and its scripts over it.

S2I copies them there as layers of the new image, so whatever assemble leaves stays in it.
Source: openshift/source-to-image, pkg/build/strategies/dockerfile/dockerfile.go
"""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from jhos.sandbox.images import Image, ImageStore
from jhos.sandbox.source import inside

TMP = "/tmp/"
SCRIPTS = "/tmp/scripts"
OVERRIDES = ("assemble", "run", "save-artifacts")


def inherit(store: ImageStore, builder: Image, scratch: Path) -> None:
    """Copy what the builder image has in /tmp."""
    for target, source in builder.binds.items():
        if target.startswith(TMP):
            merge(store.root / source, scratch / target.removeprefix(TMP))


def upload(source: Path, scratch: Path) -> set[str]:
    """Move the source to `src` and its own S2I scripts to `scripts`; return their names."""
    scripts, target = take_scripts(source, scratch), scratch / "src"
    if target.exists():
        merge(source, target)
    else:
        source.rename(target)
    return scripts


def take_scripts(source: Path, scratch: Path) -> set[str]:
    """Move assemble, run and save-artifacts out of `.s2i/bin`, and no other file."""
    folder = source / ".s2i/bin"
    names = {name for name in OVERRIDES if is_file_of(folder / name, source)}
    for name in names:
        (scratch / "scripts").mkdir(exist_ok=True)
        (folder / name).replace(scratch / "scripts" / name)
        (scratch / "scripts" / name).chmod(0o755)
    return names


def is_file_of(path: Path, source: Path) -> bool:
    return not path.is_symlink() and path.is_file() and inside(path, source) is not None


def merge(source: Path, target: Path) -> None:
    """Copy over `target` as the instruction COPY does: its other files stay."""
    options = ("--recursive", "--preserve=mode,links", "--remove-destination")
    command = ["cp", *options, "--no-target-directory", "--", str(source), str(target)]
    subprocess.run(command, check=True)


def keep(store: ImageStore, scratch: Path, layer: str) -> Mapping[str, str]:
    """Move what assemble left into a part of the store, and return its binds."""
    # a link at the top would be followed outside of the box
    left = sorted(path.name for path in scratch.iterdir() if not path.is_symlink())
    if not left:
        return {}
    part = f"tmp-{layer}"
    store.parts.mkdir(parents=True, exist_ok=True)
    scratch.rename(store.parts / part)
    return {f"{TMP}{name}": f"parts/{part}/{name}" for name in left}
