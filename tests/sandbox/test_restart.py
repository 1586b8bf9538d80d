"""Killed at any time and started again: nothing is lost, pods run again."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jhos.sandbox import daemon
from jhos.sandbox.layout import Layout, layout
from tests.sandbox.running import PYTHON

DEADLINE_S = 60.0
KILL_AFTER_S = 2.0


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Layout]:
    where = layout(tmp_path / "sandbox")
    daemon.start(where)
    yield where
    daemon.reset(where)


def kubectl(where: Layout, *arguments: str, stdin: str = "") -> str:
    command = ["kubectl", "--kubeconfig", str(where.admin_kubeconfig), *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=60)
    return done.stdout if done.returncode == 0 else ""


def until(found: Callable[[], Any]) -> Any:
    ends = time.monotonic() + DEADLINE_S
    while not (answer := found()):
        assert time.monotonic() < ends, "this did not come"
        time.sleep(0.1)
    return answer


def run_pod(where: Layout) -> None:
    container = {"name": "main", "image": PYTHON, "command": ["sleep", "600"]}
    spec = {"containers": [container], "terminationGracePeriodSeconds": 1}
    meta = {"name": "box", "namespace": "default"}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}
    kubectl(where, "apply", "-f", "-", stdin=json.dumps(pod))
    until(lambda: is_ready(where))


def is_ready(where: Layout) -> bool:
    text = kubectl(where, "get", "pod", "box", "-o", "json")
    conditions = json.loads(text or "{}").get("status", {}).get("conditions", [])
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def restarts(where: Layout) -> int:
    path = "jsonpath={.status.containerStatuses[0].restartCount}"
    return int(kubectl(where, "get", "pod", "box", "-o", path) or 0)


def kill(pid: int | None) -> None:
    assert pid
    os.kill(pid, signal.SIGKILL)


def test_a_killed_daemon_comes_back_with_objects_and_pods(sandbox: Layout) -> None:
    run_pod(sandbox)
    kill(daemon.status(sandbox).pid)
    until(lambda: daemon.status(sandbox).state == "stopped")
    daemon.start(sandbox)
    until(lambda: is_ready(sandbox) and restarts(sandbox) == 1)


def test_the_pods_of_a_killed_node_run_again(sandbox: Layout) -> None:
    run_pod(sandbox)
    kill(daemon.status(sandbox).node_pid)
    until(lambda: is_ready(sandbox) and restarts(sandbox) == 1)


def test_what_was_answered_is_kept_when_the_daemon_is_killed_amid_writes(sandbox: Layout) -> None:
    told: list[int] = []
    killer = threading.Timer(KILL_AFTER_S, kill, [daemon.status(sandbox).pid])
    killer.start()
    number = 0
    while killer.is_alive() or daemon.status(sandbox).state != "stopped":
        if kubectl(sandbox, "create", "-f", "-", stdin=config_map(number)):
            told.append(number)
        number += 1
    daemon.start(sandbox)
    names = kubectl(sandbox, "get", "configmaps", "-o", "name").split()
    assert {f"configmap/n{number}" for number in told} <= set(names)
    assert told


def config_map(number: int) -> str:
    meta = {"name": f"n{number}", "namespace": "default"}
    return json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta})


def test_a_second_daemon_does_not_share_the_directory(sandbox: Layout) -> None:
    command = [sys.executable, "-m", "jhos.sandbox.daemon", "--state", str(sandbox.root)]
    second = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (second.returncode, second.stderr) == (1, "another daemon has this sandbox\n")
    assert daemon.status(sandbox).state == "running"
