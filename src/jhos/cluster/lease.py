"""One run at a time changes a deployment: a Lease with a holder, which expires by itself.

Nobody's clock is compared with another's: a lease has expired when it was not renewed for its
duration while we looked.
Source: https://kubernetes.io/docs/concepts/architecture/leases/
"""

import getpass
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from threading import Event as Flag
from threading import Thread

from jhos.cluster.client import Cluster
from jhos.cluster.parallel import together
from jhos.errors import Busy, Conflict, JhosError
from jhos.events import Event, Report, State
from jhos.objects import Object, ObjectRef, labels

DURATION_S = 15.0
RENEW_S = 5.0
_LOOK_S = 1.0
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Lease:
    """A lease that is held; `check` before each write.

    `is_new`: no run has held it yet, so that what was read before it was taken holds. `beside`:
    whether what was to be done at the same time is done.
    """

    def __init__(self, obj: Object, *, is_new: bool, beside: bool = False) -> None:
        self.obj, self.is_new, self.beside = obj, is_new, beside
        self.lost = False
        self.done = Flag()

    def check(self) -> None:
        """Raises Busy when another run has taken over meanwhile."""
        if self.lost:
            raise Busy(
                "Another run took over: this one stood still for too long.",
                "Look at what that one did before you run the command again.",
            )

    def renew_until_done(self, cluster: Cluster) -> None:
        while not self.done.wait(RENEW_S):
            with suppress(JhosError):
                self._renew(cluster)

    def _renew(self, cluster: Cluster) -> None:
        self.obj["spec"]["renewTime"] = _now()
        try:
            self.obj = cluster.replace(self.obj)
        except Conflict:
            current = cluster.get(ObjectRef.of(self.obj)) or {"spec": {}}
            self.lost = not _is_ours(current["spec"])
            self.obj = self.obj if self.lost else current


@contextmanager
def held(
    cluster: Cluster,
    name: str,
    subject: str,
    wait_s: float,
    report: Report,
    *,
    first: bool = False,
    beside: Callable[[], bool] = lambda: False,
    last: bool = False,
) -> Iterator[Lease]:
    """Hold the Lease `NAME-jhos`; `report` tells as `subject` who has it meanwhile.

    It stays when it is given up, and is deleted with the `last` run that there is to be, or
    `report` tells that it could not be. `first`: most likely none has held it yet; then `beside`
    is done at the same time.

    Raises Busy when another run has it for longer than `wait_s`.
    """
    lease = _first(cluster, name, beside) if first else None
    lease = lease or _acquire(cluster, name, subject, wait_s, report)
    renewing = Thread(target=lease.renew_until_done, args=(cluster,), daemon=True)
    renewing.start()
    try:
        yield lease
    finally:
        lease.done.set()
        _end(cluster, lease, report, last=last)


def ref_of(name: str) -> ObjectRef:
    return ObjectRef("Lease", f"{name}-jhos")


def holder(cluster: Cluster, name: str) -> str:
    """Return who changes the deployment just now, as `user@host`; empty: nobody."""
    current = cluster.get(ObjectRef("Lease", f"{name}-jhos")) or {"spec": {}}
    return str(current["spec"].get("holderIdentity") or "").partition("/")[0]


def _first(cluster: Cluster, name: str, beside: Callable[[], bool]) -> Lease | None:
    """None where somebody has it or had it."""

    def create() -> Object | None:
        with suppress(Conflict):
            return cluster.create(_lease(name))
        return None

    obj, done = together(create, beside)
    return Lease(obj, is_new=True, beside=done) if obj else None


def _acquire(cluster: Cluster, name: str, subject: str, wait_s: float, report: Report) -> Lease:
    deadline = time.monotonic() + wait_s
    ref, seen, since = ref_of(name), "", time.monotonic()
    while True:
        current = cluster.get(ref)
        version = current["metadata"]["resourceVersion"] if current else ""
        if version != seen:
            seen, since = version, time.monotonic()
        if current is None or _is_free(current["spec"], time.monotonic() - since):
            with suppress(Conflict):  # somebody was faster: look again
                return Lease(_take(cluster, name, version), is_new=not version)
        holder = (current or {"spec": {}})["spec"].get("holderIdentity", "another run")
        holder = holder.partition("/")[0]
        if time.monotonic() > deadline:
            raise Busy(f"{holder} is at work on it right now.", "Try again when that has ended.")
        report(Event(subject, State.RUNNING, f"{holder} is at work on it: waiting"))
        time.sleep(_LOOK_S)


def _take(cluster: Cluster, name: str, version: str) -> Object:
    """New, or in place of the one of `version`. Raises Conflict where it is not that any more."""
    lease = _lease(name)
    if not version:
        return cluster.create(lease)
    return cluster.replace({**lease, "metadata": {**lease["metadata"], "resourceVersion": version}})


def _end(cluster: Cluster, lease: Lease, report: Report, *, last: bool) -> None:
    """Delete the lease after the last run, else give it up: it expires by itself."""
    if last:
        try:
            _give_up(cluster, lease.obj, last=True)
            return
        except JhosError as error:
            message = f"is not deleted: {error.message} The next run deletes it."
            report(Event(str(ObjectRef.of(lease.obj)), State.WARNING, message))
    with suppress(JhosError):
        _give_up(cluster, lease.obj, last=False)


def _give_up(cluster: Cluster, obj: Object, *, last: bool) -> None:
    try:
        _release(cluster, obj, last=last)
    except Conflict:  # it was renewed just now, or somebody took over
        current = cluster.get(ObjectRef.of(obj))
        if current and _is_ours(current["spec"]):
            _release(cluster, current, last=last)


def _release(cluster: Cluster, obj: Object, *, last: bool) -> None:
    meta = obj["metadata"]
    if last:
        cluster.delete(ObjectRef.of(obj), uid=meta["uid"], version=meta["resourceVersion"])
    else:
        spec = {key: value for key, value in obj["spec"].items() if key != "holderIdentity"}
        cluster.replace({**obj, "spec": spec})


def _is_free(spec: Object, unchanged_s: float) -> bool:
    """Given up, expired, or of a process of this machine that is no more."""
    holder = spec.get("holderIdentity")
    if not holder or unchanged_s > spec.get("leaseDurationSeconds", DURATION_S):
        return True
    machine, _, pid = holder.rpartition(":")
    return machine == _machine() and _is_gone(int(pid))


def _is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _is_ours(spec: Object) -> bool:
    return bool(spec.get("holderIdentity") == _holder())


def _lease(name: str) -> Object:
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": ref_of(name).name, "labels": labels(name, "lease")},
        "spec": {
            "holderIdentity": _holder(),
            "leaseDurationSeconds": round(DURATION_S),
            "acquireTime": _now(),
            "renewTime": _now(),
        },
    }


def _holder() -> str:
    return f"{_machine()}:{os.getpid()}"


@cache
def _machine() -> str:
    """`user@host`, and what tells one boot and one set of process ids from another."""
    try:
        processes = f"{_BOOT_ID.read_text()[:8]}-{os.stat('/proc/self/ns/pid').st_ino}"
    except OSError:
        processes = f"{os.getpid()}-{time.monotonic_ns()}"  # never the same: no shortcut here
    return f"{who()}/{processes}"


def who() -> str:
    """Runs this: `user@host`."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a uid without a name, as in a pod
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
