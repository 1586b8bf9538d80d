"""The life of a whole sandbox: its real daemon and node are started, stopped and killed."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from jhos.sandbox import daemon
from jhos.sandbox.client import ApiClient, Object
from jhos.sandbox.daemon import Status
from jhos.sandbox.errors import SandboxError
from jhos.sandbox.layout import Layout, layout
from tests.sandbox.running import Project, is_ready, restarts

DEADLINE_S = 60.0
CONFIG_MAPS, NAMESPACE = "api/v1/configmaps", "default"
WRITERS, KILLED_AFTER_WRITES = 8, 100


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Layout]:
    """The place of this module's own sandbox, with a path too long for a socket's."""
    where = layout(tmp_path_factory.mktemp("daemon") / ("long" * 25))
    yield where
    daemon.reset(where)


@pytest.fixture
def own(directory: Layout) -> Layout:
    """The sandbox of this module, running; a test may end it."""
    daemon.start(directory)
    return directory


def kubectl(where: Layout, *arguments: str) -> str:
    """Its output, as the cluster admin."""
    command = ["kubectl", "--kubeconfig", str(where.admin_kubeconfig), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def until(found: Callable[[], Any]) -> Any:
    ends = time.monotonic() + DEADLINE_S
    while not (answer := found()):
        assert time.monotonic() < ends, "this did not come"
        time.sleep(0.02)
    return answer


def is_alive(pid: int) -> bool:
    try:
        return "zombie" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def children(pid: int | None) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in text.split()]


def config_map(name: str) -> Object:
    meta = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta}


def config_maps(where: Layout) -> set[str]:
    async def names() -> set[str]:
        async with ApiClient(where.api_socket) as client:
            found = await client.list(CONFIG_MAPS, NAMESPACE)
            return {obj["metadata"]["name"] for obj in found}

    return asyncio.run(names())


def create_config_map(where: Layout, name: str) -> None:
    async def create() -> None:
        async with ApiClient(where.api_socket) as client:
            await client.create(CONFIG_MAPS, config_map(name))

    asyncio.run(create())


@dataclass(frozen=True, kw_only=True)
class Restarted:
    """What was seen of a sandbox with the config map `kept`, before, between and after."""

    before: Status
    stopped: Status
    left_behind: list[int]
    messages: list[str]
    after: Status
    node: str
    config_maps: set[str]


@pytest.fixture(scope="module")
def restarted(directory: Layout) -> Restarted:
    before = daemon.start(directory)
    processes = [before.pid or 0, before.node_pid or 0, *children(before.node_pid)]
    create_config_map(directory, "kept")
    daemon.stop(directory)
    left_behind = [pid for pid in processes if is_alive(pid)]
    stopped = daemon.status(directory)
    messages: list[str] = []
    after = daemon.start(directory, messages.append)
    return Restarted(
        before=before,
        stopped=stopped,
        left_behind=left_behind,
        messages=messages,
        after=after,
        node=kubectl(directory, "get", "node", "sandbox", "--no-headers"),
        config_maps=config_maps(directory),
    )


def test_stop_leaves_no_process_behind(restarted: Restarted) -> None:
    assert restarted.left_behind == []
    before = restarted.before
    assert restarted.stopped == Status(api=before.api, router=before.router)


def test_start_ends_with_a_node_that_is_ready(restarted: Restarted) -> None:
    assert restarted.after.state == "running"
    assert restarted.messages[0] == "Starting the sandbox cluster"
    assert restarted.node.split()[1] == "Ready"


def test_objects_and_addresses_are_the_same_after_a_restart(restarted: Restarted) -> None:
    before, after = restarted.before, restarted.after
    assert (after.api, after.router) == (before.api, before.router)
    assert "kept" in restarted.config_maps


@dataclass(frozen=True, kw_only=True)
class Killed:
    """What was seen of a sandbox whose daemon was killed amid writes, and started again."""

    answered: set[str]  # names of objects whose creation was confirmed
    kept: set[str]
    pod: Object


@pytest.fixture(scope="module")
def killed(directory: Layout) -> Killed:
    """Fails if a process of the node outlives the daemon."""
    return asyncio.run(kill_amid_writes(directory, daemon.start(directory)))


async def kill_amid_writes(where: Layout, status: Status) -> Killed:
    assert status.pid
    node, answered = children(status.node_pid), set[str]()
    async with ApiClient(where.api_socket) as client:
        project = Project(client, where, NAMESPACE)
        await project.run("box", "exec sleep 600")
        await project.until("box", is_ready)
        writers = (write(client, number, answered, status.pid) for number in range(WRITERS))
        await asyncio.gather(*writers)
    until(lambda: not any(is_alive(pid) for pid in (status.pid or 0, *node)))
    daemon.start(where)
    async with ApiClient(where.api_socket) as client:
        project = Project(client, where, NAMESPACE)
        pod = await project.until("box", lambda pod: is_ready(pod) and restarts(pod))
        found = await client.list(CONFIG_MAPS, NAMESPACE)
    return Killed(answered=answered, kept={obj["metadata"]["name"] for obj in found}, pod=pod)


async def write(client: ApiClient, number: int, answered: set[str], pid: int) -> None:
    """Create objects until the server is gone; one of the writers kills it."""
    with suppress(aiohttp.ClientError):
        for turn in count():
            name = f"n{number}-{turn}"
            await client.create(CONFIG_MAPS, config_map(name))
            answered.add(name)
            if len(answered) == KILLED_AFTER_WRITES:
                os.kill(pid, signal.SIGKILL)


def test_what_was_answered_is_kept_when_the_daemon_is_killed_amid_writes(killed: Killed) -> None:
    assert len(killed.answered) >= KILLED_AFTER_WRITES
    assert killed.answered <= killed.kept


def test_the_pods_of_a_killed_daemon_run_again(killed: Killed) -> None:
    assert restarts(killed.pod) == 1


def test_a_node_that_dies_is_started_again(own: Layout) -> None:
    before = daemon.status(own)
    assert before.node_pid
    os.kill(before.node_pid, signal.SIGKILL)
    until(lambda: daemon.status(own).state == "degraded")
    until(lambda: daemon.status(own).state == "running")
    assert daemon.status(own).node_pid != before.node_pid


def test_a_second_start_changes_nothing(own: Layout) -> None:
    assert daemon.start(own) == daemon.start(own)


def test_a_second_daemon_does_not_share_the_directory(own: Layout) -> None:
    command = [sys.executable, "-m", "jhos.sandbox.daemon", "--state", str(own.root)]
    second = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (second.returncode, second.stderr) == (1, "another daemon has this sandbox\n")
    assert daemon.status(own).state == "running"


def test_two_sandboxes_live_side_by_side(own: Layout, sandbox: Layout) -> None:
    one, two = daemon.status(own), daemon.status(sandbox)
    assert (one.state, two.state) == ("running", "running")
    assert one.api != two.api
    create_config_map(own, "of-one")
    assert "of-one" not in config_maps(sandbox)


def test_a_long_path_has_its_sockets_elsewhere(own: Layout) -> None:
    assert own.api_socket.is_socket()
    assert not own.sockets.is_relative_to(own.root)


def test_reset_leaves_nothing(own: Layout) -> None:
    daemon.reset(own)
    assert not own.root.exists()
    assert not own.sockets.exists()


def test_a_daemon_that_cannot_start_shows_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SandboxError, match="openssl is missing"):
        daemon.start(layout(tmp_path / "sandbox"))


def test_what_was_never_started_is_stopped(tmp_path: Path) -> None:
    where = layout(tmp_path / "sandbox")
    daemon.stop(where)
    assert daemon.status(where).state == "stopped"


def test_reset_spares_a_directory_that_is_no_sandbox(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(SandboxError, match="other things"):
        daemon.reset(layout(tmp_path))
    assert (tmp_path / "thesis.tex").exists()
