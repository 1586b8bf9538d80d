"""Commands in running pods, by the clients that people use: kubectl and Python's."""

import json
import subprocess
from typing import Any

import pytest
from kubernetes import client, config
from kubernetes.stream import stream
from kubernetes.stream.ws_client import RESIZE_CHANNEL

from tests.sandbox.running import Project, is_running

BINARY = bytes(range(256)) * 4096


async def running(project: Project, script: str = "sleep 600") -> str:
    await project.run("box", script)
    await project.until("box", is_running)
    return "box"


def kubectl(
    project: Project, *arguments: str, stdin: bytes = b"", code: int = 0
) -> subprocess.CompletedProcess[bytes]:
    """As the cluster's admin, in the project."""
    access = ("--kubeconfig", str(project.layout.admin_kubeconfig), "-n", project.name)
    done = subprocess.run(
        ["kubectl", *access, *arguments], input=stdin, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == code, done.stderr
    return done


def python_exec(project: Project, *command: str, **options: Any) -> Any:
    """The client of a websocket, by the library that pods and scripts use."""
    api = config.new_client_from_config(str(project.layout.admin_kubeconfig))
    return stream(
        client.CoreV1Api(api).connect_get_namespaced_pod_exec,
        "box", project.name, command=list(command), stdout=True, stderr=True, **options,
    )  # fmt: skip


async def test_kubectl_exec_runs_as_the_container_does(project: Project) -> None:
    await running(project)
    done = kubectl(project, "exec", "box", "--", "sh", "-c", "id -u; hostname; pwd; echo bad >&2")
    uid, *rest = done.stdout.decode().split()
    assert (int(uid) >= 10**9, rest) == (True, ["box", "/opt/app-root/src"])
    assert done.stderr == b"bad\n"


async def test_a_command_is_run_as_it_was_written(project: Project) -> None:
    await running(project)
    script = "echo 'a&b=1+1%41' &&\necho \"c  d\""
    done = kubectl(project, "exec", "box", "--", "sh", "-c", script)
    assert done.stdout.decode() == "a&b=1+1%41\nc  d\n"


async def test_the_exit_code_comes_back(project: Project) -> None:
    await running(project)
    done = kubectl(project, "exec", "box", "--", "sh", "-c", "exit 42", code=42)
    assert b"exit code 42" in done.stderr


async def test_bytes_go_in_and_out_unchanged(project: Project) -> None:
    await running(project)
    done = kubectl(project, "exec", "-i", "box", "--", "cat", stdin=BINARY)
    assert done.stdout == BINARY


async def test_a_terminal_has_a_name_a_size_and_control(project: Project) -> None:
    await running(project)
    call = python_exec(
        project, "bash", "-c", "read; tty; stty size; echo hello > /dev/tty",
        tty=True, stdin=True, _preload_content=False,
    )  # fmt: skip
    call.write_channel(RESIZE_CHANNEL, json.dumps({"Width": 120, "Height": 40}))
    call.write_stdin("\n")
    call.run_forever(timeout=30)
    assert call.read_all().split() == ["/dev/pts/0", "40", "120", "hello"]


@pytest.mark.parametrize("binary", [False, True])
async def test_pythons_client_reads_output_and_exit_code(project: Project, binary: bool) -> None:
    await running(project)
    call = python_exec(
        project, "sh", "-c", "echo out; exit 3", binary=binary, _preload_content=False
    )
    call.run_forever(timeout=30)
    assert call.read_stdout() == (b"out\n" if binary else "out\n")
    assert call.returncode == 3


async def test_pythons_client_sends_bytes_and_ends_them(project: Project) -> None:
    await running(project)
    call = python_exec(
        project, "sh", "-c", "cat > /tmp/copy; wc -c < /tmp/copy", binary=True, stdin=True,
        _preload_content=False,
    )  # fmt: skip
    for start in range(0, len(BINARY), 2**16):
        call.write_stdin(BINARY[start : start + 2**16])
    call.close_channel(0)
    call.run_forever(timeout=30)
    assert int(call.read_stdout()) == len(BINARY)


async def test_a_command_does_not_outlive_its_client(project: Project) -> None:
    await running(project)
    call = python_exec(project, "sleep", "4242", _preload_content=False)
    call.close()
    script = "until ! grep -qz '424[2]' /proc/[0-9]*/cmdline; do sleep 0.05; done"
    kubectl(project, "exec", "box", "--", "timeout", "20", "bash", "-c", script)


async def test_a_container_that_does_not_run_is_said(project: Project) -> None:
    await running(project, "true")
    done = kubectl(project, "exec", "box", "-c", "other", "--", "true", code=1)
    assert b"other" in done.stderr
