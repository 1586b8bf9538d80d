"""The life of a whole sandbox: real daemon, real node, in a directory of its own."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jhos.sandbox import daemon
from jhos.sandbox.daemon import Status
from jhos.sandbox.errors import SandboxError
from jhos.sandbox.layout import Layout, layout

DEADLINE_S = 30.0


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Layout]:
    where = layout(tmp_path / "sandbox")
    yield where
    daemon.stop(where)


def kubectl(where: Layout, *arguments: str) -> str:
    """Its output, as the cluster admin."""
    command = ["kubectl", "--kubeconfig", str(where.admin_kubeconfig), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def until(found: Callable[[], Any]) -> Any:
    ends = time.monotonic() + DEADLINE_S
    while not (answer := found()):
        assert time.monotonic() < ends, "this did not come"
        time.sleep(0.05)
    return answer


def is_alive(pid: int) -> bool:
    try:
        return "zombie" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def children(pid: int | None) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in text.split()]


def test_start_ends_with_a_node_that_is_ready(sandbox: Layout) -> None:
    messages: list[str] = []
    status = daemon.start(sandbox, messages.append)
    assert status.state == "running"
    assert messages[0] == "Starting the sandbox cluster"
    assert kubectl(sandbox, "get", "node", "sandbox").split()[6] == "Ready"


def test_a_second_start_changes_nothing(sandbox: Layout) -> None:
    assert daemon.start(sandbox) == daemon.start(sandbox)


def test_objects_and_addresses_are_the_same_after_a_restart(sandbox: Layout) -> None:
    before = daemon.start(sandbox)
    kubectl(sandbox, "create", "-f", write_config_map(sandbox))
    daemon.stop(sandbox)
    after = daemon.start(sandbox)
    assert (after.api, after.router) == (before.api, before.router)
    assert "kept" in kubectl(sandbox, "get", "configmaps", "-o", "name")


def write_config_map(where: Layout) -> str:
    path = where.root / "object.json"
    obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kept"}}
    path.write_text(json.dumps(obj))
    return str(path)


def test_stop_leaves_no_process_behind(sandbox: Layout) -> None:
    status = daemon.start(sandbox)
    node = children(status.node_pid)
    daemon.stop(sandbox)
    assert not any(is_alive(pid or 0) for pid in (status.pid, status.node_pid, *node))
    assert daemon.status(sandbox) == Status(api=status.api, router=status.router)


def test_a_node_that_dies_is_started_again(sandbox: Layout) -> None:
    before = daemon.start(sandbox)
    assert before.node_pid
    os.kill(before.node_pid, signal.SIGKILL)
    until(lambda: daemon.status(sandbox).state == "degraded")
    until(lambda: daemon.status(sandbox).state == "running")
    assert daemon.status(sandbox).node_pid != before.node_pid


def test_the_node_dies_with_a_killed_daemon(sandbox: Layout) -> None:
    status = daemon.start(sandbox)
    assert status.pid
    node = children(status.node_pid)
    os.kill(status.pid, signal.SIGKILL)
    until(lambda: not any(is_alive(pid) for pid in node))
    assert daemon.start(sandbox).state == "running"


def test_two_sandboxes_live_side_by_side(sandbox: Layout, tmp_path: Path) -> None:
    other = layout(tmp_path / "other")
    one, two = daemon.start(sandbox), daemon.start(other)
    try:
        assert one.api != two.api
        kubectl(other, "create", "-f", write_config_map(other))
        assert "kept" not in kubectl(sandbox, "get", "configmaps", "-o", "name")
    finally:
        daemon.stop(other)


def test_a_long_path_has_its_sockets_elsewhere(tmp_path: Path) -> None:
    where = layout(tmp_path / ("long" * 25))
    try:
        assert daemon.start(where).state == "running"
    finally:
        daemon.reset(where)
    assert not where.sockets.exists()


def test_reset_leaves_nothing(sandbox: Layout) -> None:
    daemon.start(sandbox)
    daemon.reset(sandbox)
    assert not sandbox.root.exists()


def test_a_daemon_that_cannot_start_shows_its_log(
    sandbox: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SandboxError, match="openssl is missing"):
        daemon.start(sandbox)


def test_what_was_never_started_is_stopped(sandbox: Layout) -> None:
    daemon.stop(sandbox)
    assert daemon.status(sandbox).state == "stopped"


def test_reset_spares_a_directory_that_is_no_sandbox(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(SandboxError, match="other things"):
        daemon.reset(layout(tmp_path))
    assert (tmp_path / "thesis.tex").exists()
