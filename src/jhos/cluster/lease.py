"""One run at a time changes a deployment: a Lease with a holder, which expires by itself.

Source: https://kubernetes.io/docs/concepts/architecture/leases/
"""

import getpass
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from threading import Event as Flag
from threading import Thread

from jhos.cluster.client import Cluster
from jhos.errors import Busy, Conflict, JhosError
from jhos.objects import Object, ObjectRef
from jhos.render import labels

DURATION_S = 15
RENEW_S = 5


@contextmanager
def held(
    cluster: Cluster, name: str, wait_s: float, waiting: Callable[[str], None]
) -> Iterator[None]:
    """Hold the deployment's Lease. `waiting` is told who has it meanwhile.

    Raises Busy when another run has it for longer than `wait_s`.
    """
    lease = _acquire(cluster, name, wait_s, waiting)
    done = Flag()
    renewing = Thread(target=_renew, args=(cluster, lease, done), daemon=True)
    renewing.start()
    try:
        yield
    finally:
        done.set()
        renewing.join(RENEW_S)
        with suppress(JhosError):
            cluster.delete(ObjectRef.of(lease))


def _acquire(cluster: Cluster, name: str, wait_s: float, waiting: Callable[[str], None]) -> Object:
    deadline = time.monotonic() + wait_s
    while True:
        current = cluster.get(ObjectRef("Lease", f"{name}-jhos"))
        try:
            if current is None:
                return cluster.create(_lease(name))
            if _free(current["spec"]):
                meta = {**_lease(name)["metadata"],
                        "resourceVersion": current["metadata"]["resourceVersion"]}  # fmt: skip
                return cluster.replace({**_lease(name), "metadata": meta})
        except Conflict:
            continue  # somebody was faster: look again
        holder = current["spec"].get("holderIdentity", "somebody")
        if time.monotonic() > deadline:
            raise Busy(
                f"{holder} is changing {name} right now.", "Try again when that run has ended."
            )
        waiting(holder)
        time.sleep(1)


def _free(spec: Object) -> bool:
    """Expired, given up, or of a run on this machine that is no more."""
    if not spec.get("holderIdentity"):
        return True
    renewed = datetime.fromisoformat(spec["renewTime"])
    if datetime.now(UTC) > renewed + timedelta(seconds=spec["leaseDurationSeconds"]):
        return True
    user_host, _, pid = spec["holderIdentity"].rpartition(":")
    return user_host == _here() and not os.path.exists(f"/proc/{pid}")


def _renew(cluster: Cluster, lease: Object, done: Flag) -> None:
    while not done.wait(RENEW_S):
        with suppress(JhosError):
            cluster.merge(ObjectRef.of(lease), {"spec": {"renewTime": _now()}})


def _lease(name: str) -> Object:
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": f"{name}-jhos", "labels": labels(name, "lease")},
        "spec": {
            "holderIdentity": f"{_here()}:{os.getpid()}",
            "leaseDurationSeconds": DURATION_S,
            "acquireTime": _now(),
            "renewTime": _now(),
        },
    }


def _here() -> str:
    return f"{getpass.getuser()}@{socket.gethostname()}"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
