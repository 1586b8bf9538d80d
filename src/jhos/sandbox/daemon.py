"""The life of a sandbox: start, stop, status and reset, as commands and tests use it.

`python -m jhos.sandbox.daemon --state DIR` is the process itself.
"""

import argparse
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from jhos.sandbox.errors import SandboxError
from jhos.sandbox.layout import Layout, layout
from jhos.sandbox.node.overlay import remove_tree

STARTED_WITHIN_S = 60.0
STOPPED_WITHIN_S = 10.0
POLL_S = 0.03
LOG_BYTES = 10 * 2**20
SHOWN_LINES = 15
DOCTOR = "`jhos sandbox doctor` tells what this machine lacks"

Report = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Status:
    """`state`: stopped, starting (the API answers), running (pods can run) or degraded.

    `api` is a URL, `router` is `127.0.0.1:PORT`, `started` a timestamp; empty when not known.
    `api_only`: there is neither node nor router. `no_registry`: no integrated image registry.
    """

    state: str = "stopped"
    api: str = ""
    router: str = ""
    pid: int | None = None
    node_pid: int | None = None
    started: str = ""
    message: str = ""
    api_only: bool = False
    no_registry: bool = False


def start(
    where: Layout,
    report: Report = lambda _: None,
    *,
    api_only: bool = False,
    no_registry: bool = False,
) -> Status:
    """Have the sandbox run, its node ready; raises SandboxError with the log's last lines.

    With `api_only` nothing runs pods, builds or routes: these stay as they are made. With
    `no_registry` no build can push its image, as on a cluster without an integrated registry.
    """
    present = status(where)
    if present.state == "running":
        _check_kind(present, api_only, no_registry)
        return present
    process = None
    if not _is_locked(where):
        report("Starting the sandbox cluster")
        process = _spawn(where, api_only, no_registry)
    return _await_running(where, process, report)


def stop(where: Layout) -> None:
    """End the sandbox and all its pods; what it keeps stays. Stopped already is well."""
    pid = _daemon_pid(where)
    if pid is None:
        return
    _kill(pid, signal.SIGTERM)
    if not _unlocked_within(where, STOPPED_WITHIN_S):
        _kill(pid, signal.SIGKILL)
        _unlocked_within(where, STOPPED_WITHIN_S)


def status(where: Layout) -> Status:
    """What the daemon last wrote of itself; of one that is gone only its addresses."""
    known = read_status(where)
    if _is_locked(where):
        return known if known.pid == _daemon_pid(where) else Status(state="starting")
    return Status(api=known.api, router=known.router)


def reset(where: Layout) -> None:
    """Stop the sandbox and remove all it keeps, but not the shared package cache."""
    if where.root.exists() and not where.lock.exists() and any(where.root.iterdir()):
        raise SandboxError(
            f"{where.root} holds other things than a sandbox", "name another --state-dir"
        )
    stop(where)
    remove_tree(where.sockets)
    for path in where.root.glob("*"):
        if path.is_dir():
            remove_tree(path)
        elif path != where.lock:  # last, since it tells that this is a sandbox
            path.unlink()
    remove_tree(where.root)


def last_lines(where: Layout, count: int = SHOWN_LINES) -> str:
    """The end of the log."""
    if not where.log.exists():
        return ""
    return "\n".join(where.log.read_text(errors="replace").splitlines()[-count:])


def write_status(where: Layout, present: Status) -> None:
    new = where.status.with_suffix(".new")
    new.write_text(json.dumps(asdict(present), indent=2) + "\n")
    new.rename(where.status)


def _check_kind(present: Status, api_only: bool, no_registry: bool) -> None:
    """Raise SandboxError where the running sandbox was started with other options."""
    for differs, runs in (
        (present.api_only != api_only, "without a node" if present.api_only else "with its node"),
        (
            present.no_registry != no_registry,
            "without a registry" if present.no_registry else "with its registry",
        ),
    ):
        if differs:
            raise SandboxError(
                f"the sandbox runs already, {runs}", "stop it first: jhos sandbox stop"
            )


def _spawn(where: Layout, api_only: bool, no_registry: bool) -> subprocess.Popen[bytes]:
    if sys.platform != "linux":
        raise SandboxError(
            f"the sandbox needs Linux, this is {sys.platform}", "run it in a Linux virtual machine"
        )
    where.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    if where.log.exists() and where.log.stat().st_size > LOG_BYTES:
        where.log.rename(where.log.with_suffix(".log.1"))
    command = [sys.executable, "-m", "jhos.sandbox.daemon", "--state", str(where.root)]
    command += ["--api-only"] if api_only else []
    command += ["--no-registry"] if no_registry else []
    with where.log.open("ab") as log:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )


def _await_running(
    where: Layout, process: subprocess.Popen[bytes] | None, report: Report
) -> Status:
    """`process` is None where another call has started the daemon."""
    began, told = time.monotonic(), False
    while time.monotonic() - began < STARTED_WITHIN_S:
        present = status(where)
        if present.state == "running":
            return present
        if process and present.state == "degraded":
            break
        if not _is_locked(where) and (process is None or process.poll() is not None):
            raise SandboxError(f"the sandbox ended while it started:\n{last_lines(where)}", DOCTOR)
        node_next = present.state == "starting" and present.api and not present.api_only
        if node_next and not told:
            report("Starting its node")
            told = True
        time.sleep(POLL_S)
    problem, log = status(where).message or "out of time", last_lines(where)
    if process:
        stop(where)
    raise SandboxError(f"the sandbox's node does not come up: {problem}\n{log}", DOCTOR)


def read_status(where: Layout) -> Status:
    """What the file says, true or not; ports stay the same over a restart by it."""
    try:
        return Status(**json.loads(where.status.read_text()))
    except (OSError, ValueError, TypeError):
        return Status()


def _is_locked(where: Layout) -> bool:
    """Whether a daemon lives: the lock goes with its process."""
    try:
        with where.lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _daemon_pid(where: Layout) -> int | None:
    if not _is_locked(where):
        return None
    written = where.lock.read_text().strip()
    return int(written) if written else None


def _unlocked_within(where: Layout, seconds: float) -> bool:
    ends = time.monotonic() + seconds
    while _is_locked(where):
        if time.monotonic() > ends:
            return False
        time.sleep(POLL_S)
    return True


def _kill(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _hold_lock(where: Layout) -> None:
    """Until the process is gone: the descriptor is never closed."""
    lock = os.open(where.lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit("another daemon has this sandbox")
    os.truncate(lock, 0)
    os.write(lock, str(os.getpid()).encode())


def main() -> None:
    parser = argparse.ArgumentParser(prog="jhos-sandbox")
    parser.add_argument("--state", type=Path, required=True, help="the state directory")
    parser.add_argument("--api-only", action="store_true", help="without node and router")
    parser.add_argument("--no-registry", action="store_true", help="without an image registry")
    arguments = parser.parse_args()
    where = layout(arguments.state)
    where.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    _hold_lock(where)
    from jhos.sandbox import control_plane  # here, as `start` and `status` shall be quick

    control_plane.main(where, api_only=arguments.api_only, no_registry=arguments.no_registry)


if __name__ == "__main__":
    main()
