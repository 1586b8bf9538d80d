"""What a container sees: the host's system files read-only, its image, its volumes.

`arguments` turns a `Box` into the options of bwrap. Home directories of the host, its
configuration and its temporary files are not in it.
"""

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

APP_ROOT = "/opt/app-root"
ROOT_LINKS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
# /usr/local and /usr/libexec stay open for what images put there
USR_NOT_SHARED = {"local", "libexec", "src", "games", "tmp"}
ETC_SHARED = (
    "alternatives", "ca-certificates", "crypto-policies", "fonts", "gai.conf", "host.conf",
    "inputrc", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "mime.types",
    "pki/ca-trust", "pki/tls/cert.pem", "pki/tls/certs", "pki/tls/openssl.cnf", "protocols",
    "services", "ssl/cert.pem", "ssl/certs", "ssl/openssl.cnf", "terminfo", "timezone",
)  # fmt: skip
ISOLATION = (
    "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--as-pid-1",
    "--new-session", "--die-with-parent", "--cap-drop", "ALL",
)  # fmt: skip
NSSWITCH = "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n"


@dataclass(frozen=True, kw_only=True)
class Mount:
    """`source` of the host (or the node) at `target` in the container."""

    source: str
    target: str
    read_only: bool = False


@dataclass(frozen=True, kw_only=True)
class Box:
    """One container process and all that it sees; `app_root` is a path outside of it."""

    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    workdir: str = "/"
    uid: int = 1001
    gid: int = 0
    hostname: str = "localhost"
    app_root: str
    read_only_root: bool = False
    mounts: Sequence[Mount] = ()


def arguments(box: Box) -> list[str]:
    """The options of bwrap, without the command."""
    return [
        *ISOLATION,
        *("--uid", str(box.uid), "--gid", str(box.gid), "--hostname", box.hostname),
        *environment(box.env),
        *system(),
        *binds(box),
        *(("--remount-ro", APP_ROOT) if box.read_only_root else ()),
        *("--dir", inner(box.workdir), "--remount-ro", "/", "--chdir", box.workdir),
    ]


def environment(env: Mapping[str, str]) -> list[str]:
    settings = (part for name, value in env.items() for part in ("--setenv", name, value))
    return ["--clearenv", *settings]


def binds(box: Box) -> Iterator[str]:
    """Outer ones first, so that a mount inside another one shows."""
    root = Mount(source=box.app_root, target=APP_ROOT)  # in which other mounts may need a place
    for mount in sorted((root, *box.mounts), key=lambda mount: inner(mount.target).count("/")):
        yield "--ro-bind" if mount.read_only else "--bind"
        yield from (mount.source, inner(mount.target))


def inner(target: str) -> str:
    """The path with the symbolic links of the root resolved: bwrap does not mount through them."""
    path = posixpath.normpath(target)
    if path == "/var/run" or path.startswith("/var/run/"):
        return path.removeprefix("/var")
    first, _, rest = path.removeprefix("/").partition("/")
    return f"/usr/{first}/{rest}" if first in ROOT_LINKS and rest else path


@cache
def system() -> tuple[str, ...]:
    """The host's programs and libraries, an empty rest, the devices every container has."""
    directories = ("usr", "usr/libexec", "etc", "opt", "var", "run", "home", "srv", "mnt")
    return (
        *(part for name in directories for part in ("--dir", f"/{name}")),
        *("--symlink", "../run", "/var/run", "--proc", "/proc", "--dev", "/dev"),
        *root_links(),
        *shared(Path("/usr"), _names(Path("/usr"), USR_NOT_SHARED)),
        *shared(Path("/usr/libexec"), _names(Path("/usr/libexec"), set())),
        *shared(Path("/etc"), ETC_SHARED),
    )


def root_links() -> Iterator[str]:
    for name in ROOT_LINKS:
        path = Path("/", name)
        if path.is_symlink():
            yield from ("--symlink", str(path.readlink()), str(path))
        elif path.is_dir():
            yield from ("--ro-bind", str(path), str(path))


def shared(parent: Path, names: Iterable[str]) -> Iterator[str]:
    for name in names:
        path = parent / name
        if path.is_symlink() and path.is_dir():
            yield from ("--symlink", str(path.readlink()), str(path))
        elif path.exists():
            yield from ("--ro-bind", str(path.resolve()), str(path))


def identity(uid: int, home: str) -> dict[str, str]:
    """Files of /etc by which programs find the name of an arbitrary uid, as CRI-O writes them."""
    users = [
        "root:x:0:0:root:/root:/bin/bash",
        f"default:x:1001:0:Default Application User:{home}:/bin/bash",
    ]
    if uid not in (0, 1001):
        users.append(f"{uid}:x:{uid}:0:{uid} user:{home}:/sbin/nologin")
    return {
        "passwd": "\n".join([*users, "nobody:x:65534:65534::/:/bin/false", ""]),
        "group": "root:x:0:\nnobody:x:65534:\n",
        "nsswitch.conf": NSSWITCH,
    }


def _names(parent: Path, without: set[str]) -> list[str]:
    return sorted(path.name for path in parent.iterdir() if path.name not in without)
