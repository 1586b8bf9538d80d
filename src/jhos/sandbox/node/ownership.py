"""Permissions that the kubelet sets in a volume for the pod's `fsGroup`.

All files of the sandbox belong to the one group that its containers have, so that only their
modes change.

Source: pkg/volume/volume_linux.go of Kubernetes.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from jhos.sandbox.client import Object

WRITABLE, READABLE = 0o660, 0o440
DIRECTORY = stat.S_ISGID | 0o110


def has_group(pod: Object) -> bool:
    return "fsGroup" in (pod["spec"].get("securityContext") or {})


def share(pod: Object, root: Path) -> None:
    """Give the group of a pod that has one what lies in a writable volume."""
    if has_group(pod):
        _open(root, WRITABLE)


def share_claimed(pod: Object, root: Path) -> None:
    """The same for a persistent volume, of which `OnRootMismatch` spares what was shared before."""
    context = pod["spec"].get("securityContext") or {}
    if context.get("fsGroupChangePolicy") != "OnRootMismatch" or not _is_shared(root):
        share(pod, root)


def share_fixed(pod: Object, root: Path) -> None:
    """The same for the files of a config map, secret or projected volume, to read them."""
    if has_group(pod):
        _open(root, READABLE)


def _is_shared(root: Path) -> bool:
    wanted = WRITABLE | DIRECTORY
    return root.stat().st_mode & wanted == wanted


def _open(root: Path, mask: int) -> None:
    for path in _deepest_first(root):
        with suppress(OSError):  # another pod of the same volume may have deleted it
            mode = path.lstat().st_mode
            if not stat.S_ISLNK(mode):
                path.chmod(stat.S_IMODE(mode) | mask | (DIRECTORY if stat.S_ISDIR(mode) else 0))


def _deepest_first(root: Path) -> Iterator[Path]:
    for directory, _, files in os.walk(root, topdown=False):
        yield from (Path(directory, name) for name in files)
        yield Path(directory)
