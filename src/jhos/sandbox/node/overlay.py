"""Mounts: the layers of an image below, what a container writes on top.

All of it happens in a mount namespace of our own, so nothing is left behind by a crash.
"""

import ctypes
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

MS_NOSUID_NODEV = 2 | 4
MNT_DETACH = 2

_libc = ctypes.CDLL(None, use_errno=True)


def mount_layers(layers: Sequence[Path], writable: Path, target: Path) -> None:
    """Shows `layers` (lowest first) at `target`; changes go to `writable/upper`.

    Where that file system cannot be an overlay's upper one, changes go to memory, and where
    overlays are refused altogether `target` becomes a copy.
    """
    target.mkdir(parents=True, exist_ok=True)
    if not layers:
        return
    try:
        mount_overlay(layers, writable, target)
    except OSError:
        mount_in_memory(layers, writable, target)


def mount_in_memory(layers: Sequence[Path], writable: Path, target: Path) -> None:
    mount_tmpfs(writable)
    try:
        mount_overlay(layers, writable, target)
    except OSError:
        copy_layers(layers, target)


def mount_overlay(layers: Sequence[Path], writable: Path, target: Path) -> None:
    """Raises OSError where the kernel or the file system refuses it."""
    upper, work = writable / "upper", writable / "work"
    for directory in (upper, work, target):
        directory.mkdir(parents=True, exist_ok=True)
    lower = ":".join(_escaped(layer) for layer in reversed(layers))
    # trusted.* attributes, the default, are not allowed in a user namespace
    options = f"userxattr,lowerdir={lower},upperdir={_escaped(upper)},workdir={_escaped(work)}"
    mount("overlay", target, "overlay", options)


def mount_tmpfs(target: Path, options: str = "mode=0755") -> None:
    target.mkdir(parents=True, exist_ok=True)
    mount("tmpfs", target, "tmpfs", options)


def copy_layers(layers: Sequence[Path], target: Path) -> None:
    """A full copy, which knows nothing of files that an upper layer deleted."""
    for layer in layers:
        shutil.copytree(layer, target, symlinks=True, dirs_exist_ok=True, ignore=_whiteouts)


def mount(source: str, target: Path, kind: str, options: str) -> None:
    result = _libc.mount(
        source.encode(), os.fsencode(target), kind.encode(), MS_NOSUID_NODEV, options.encode()
    )
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"mount {kind}: {os.strerror(number)}", str(target))


def unmount(target: Path) -> None:
    """Not mounted is well."""
    _libc.umount2(os.fsencode(target), MNT_DETACH)


def remove_tree(tree: Path) -> None:
    """Deletes it all, also the closed `work` directory that every overlay leaves."""
    if not tree.exists():
        return
    for parent, directories, _ in os.walk(tree):
        for name in directories:
            path = Path(parent, name)
            if not path.is_symlink() and not os.access(path, os.R_OK | os.W_OK | os.X_OK):
                path.chmod(0o700)
    shutil.rmtree(tree)


def _escaped(path: Path) -> str:
    text = str(path)
    for sign in ("\\", ",", ":"):
        text = text.replace(sign, "\\" + sign)
    return text


def _whiteouts(directory: str, names: list[str]) -> list[str]:
    return [name for name in names if Path(directory, name).is_char_device()]
