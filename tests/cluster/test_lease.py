"""The lease against a store of objects that keeps versions as an API server does."""

import copy
import os
import subprocess
import sys
import time
from typing import Any

import pytest

from jhos.cluster import lease
from jhos.errors import Busy, Conflict
from jhos.events import silent
from jhos.objects import ObjectRef


class Server:
    """Of a cluster, one object with optimistic locking."""

    def __init__(self) -> None:
        self.obj: dict[str, Any] | None = None
        self.version = 0

    def get(self, _ref: ObjectRef) -> dict[str, Any] | None:
        return copy.deepcopy(self.obj)

    def create(self, obj: dict[str, Any]) -> dict[str, Any]:
        if self.obj:
            raise Conflict("exists")
        return self.put(obj)

    def replace(self, obj: dict[str, Any]) -> dict[str, Any]:
        if not self.obj or obj["metadata"]["resourceVersion"] != str(self.version):
            raise Conflict("changed")
        return self.put(obj)

    def put(self, obj: dict[str, Any]) -> dict[str, Any]:
        self.version += 1
        self.obj = copy.deepcopy(obj)
        self.obj["metadata"] |= {"resourceVersion": str(self.version), "uid": "1"}
        return copy.deepcopy(self.obj)

    def delete(self, _ref: ObjectRef, *, uid: str, version: str) -> None:
        if not self.obj or (uid, version) != ("1", str(self.version)):
            raise Conflict("changed")
        self.obj = None


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    monkeypatch.setattr(lease, "DURATION_S", 1.0)
    monkeypatch.setattr(lease, "RENEW_S", 0.1)
    monkeypatch.setattr(lease, "_LOOK_S", 0.05)
    return Server()


def held(server: Server, wait_s: float = 5, *, last: bool = False) -> Any:
    return lease.held(server, "alpha", "Deployment alpha", wait_s, silent, last=last)  # type: ignore[arg-type] # all it uses


def of(holder: str) -> dict[str, Any]:
    spec = {
        "holderIdentity": holder,
        "leaseDurationSeconds": 1,
        "renewTime": "2099-01-01T00:00:00Z",
    }
    return {"kind": "Lease", "metadata": {"name": "alpha-jhos"}, "spec": spec}


def holder(server: Server) -> str | None:
    assert server.obj
    found: str | None = server.obj["spec"].get("holderIdentity")
    return found


def test_a_lease_has_a_holder_while_it_is_held(server: Server) -> None:
    with held(server):
        assert holder(server)
    assert holder(server) is None


def test_the_last_run_takes_the_lease_away(server: Server) -> None:
    with held(server, last=True):
        assert server.obj
    assert server.obj is None


def test_who_reads_before_knows_if_another_run_was_there_meanwhile(server: Server) -> None:
    with held(server) as first:
        assert first.is_new
    with held(server) as second:
        assert not second.is_new


def test_a_lease_that_is_renewed_keeps_others_out(server: Server) -> None:
    server.put(of("them@there/x:1"))
    with pytest.raises(Busy, match="them@there is at work"), held(server, wait_s=0.3):
        pass
    assert server.obj


def test_an_expired_lease_is_taken_over_whatever_its_clock_says(server: Server) -> None:
    server.put(of("them@there/x:1"))
    began = time.monotonic()
    with held(server) as mine:
        assert time.monotonic() - began >= 1
        mine.check()


def test_a_lease_of_a_process_that_is_no_more_is_taken_at_once(server: Server) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    server.put(of(f"{lease._machine()}:{gone.pid}"))
    began = time.monotonic()
    with held(server):
        assert time.monotonic() - began < 1


def test_a_lease_of_a_living_process_is_not(server: Server) -> None:
    server.put(of(f"{lease._machine()}:{os.getppid()}"))
    with pytest.raises(Busy), held(server, wait_s=0.3):
        pass


def test_who_lost_the_lease_is_told_and_leaves_it_alone(server: Server) -> None:
    with held(server) as mine:
        server.put(of("them@there/x:1"))
        ends = time.monotonic() + 5
        while not mine.lost and time.monotonic() < ends:
            mine.done.wait(0.05)
        with pytest.raises(Busy, match="took over"):
            mine.check()
    assert server.obj
    assert server.obj["spec"]["holderIdentity"] == "them@there/x:1"
