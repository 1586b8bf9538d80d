"""Deployments side by side, interrupted, torn down and brought back."""

import json
import signal
import subprocess
import time
from typing import Any

import pytest

from tests.e2e.programs import Run, objects

pytestmark = pytest.mark.e2e


def names(kubectl: Run, project: str, name: str) -> list[tuple[str, str]]:
    """Kind and name of all that bears the deployment's label, but for pods and leases."""
    what = "deployments,services,configmaps,secrets,pvc,roles,rolebindings,networkpolicies,sa"
    found = objects(kubectl, project, what, f"app={name}")
    return sorted((each["kind"], each["metadata"]["name"]) for each in found)


def secret(kubectl: Run, project: str, name: str) -> dict[str, Any]:
    answer = kubectl("get", "secret", f"{name}-secrets", "-n", project, "-o", "json").stdout
    data: dict[str, Any] = json.loads(answer)["data"]
    return data


def test_a_deployment_killed_at_any_point_converges(
    jhos: Run, kubectl: Run, environment: dict[str, str], project: str
) -> None:
    first: dict[str, Any] = {}
    for moment_s in (0.7, 1.0, 1.4, 2.5, 6.0):
        process = subprocess.Popen(
            ["jhos", "deploy", "--name", "killed", "-n", project],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(moment_s)
        process.send_signal(signal.SIGKILL)
        process.wait()
        there = objects(kubectl, project, "secrets", "app=killed")
        if first and there:
            assert there[0]["data"] == first
        first = first or (there[0]["data"] if there else {})
    jhos("deploy", "--name", "killed", "-n", project)
    found = names(kubectl, project, "killed")
    assert len(found) == len(set(found))
    assert not first or secret(kubectl, project, "killed") == first
    jhos("deploy", "--name", "whole", "-n", project)
    whole = names(kubectl, project, "whole")
    assert [(kind, name.replace("killed", "")) for kind, name in found] == [
        (kind, name.replace("whole", "")) for kind, name in whole
    ]
    for name in ("killed", "whole"):
        jhos("teardown", name, "-n", project, "--yes", "--delete-storage")


def test_two_runs_at_once_end_in_one_deployment(
    jhos: Run, kubectl: Run, environment: dict[str, str], project: str
) -> None:
    command = ["jhos", "deploy", "--name", "twice", "-n", project, "-o", "json"]
    both = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    results = [process.communicate(timeout=300) for process in both]
    assert [process.returncode for process in both] == [0, 0], results
    created = [
        sum(change["action"] == "create" for change in json.loads(stdout)["changes"])
        for stdout, _ in results
    ]
    assert sorted(created) == [0, max(created)]
    assert not objects(kubectl, project, "leases", "app=twice")
    jhos("teardown", "twice", "-n", project, "--yes", "--delete-storage")


def test_tearing_one_down_leaves_the_other(jhos: Run, kubectl: Run, project: str) -> None:
    for name in ("alpha", "beta"):
        jhos("deploy", "--name", name, "-n", project)
    before = names(kubectl, project, "beta")
    jhos("teardown", "alpha", "-n", project, "--yes", "--delete-storage")
    assert names(kubectl, project, "alpha") == []
    assert not objects(kubectl, project, "pods", "app=alpha")
    assert names(kubectl, project, "beta") == before
    result = json.loads(jhos("deploy", "--name", "beta", "-n", project, "-o", "json").stdout)
    assert {change["action"] for change in result["changes"]} == {"unchanged"}


def test_a_teardown_keeps_data_and_a_deployment_finds_it(
    jhos: Run, kubectl: Run, project: str
) -> None:
    jhos("deploy", "--name", "kept", "-n", project, "--notebook-memory", "640Mi")
    before = secret(kubectl, project, "kept")
    volume = objects(kubectl, project, "pvc", "app=kept")[0]["metadata"]["uid"]
    result = jhos("teardown", "kept", "-n", project, "--yes")
    assert "--delete-storage" in result.stdout
    assert {kind for kind, _ in names(kubectl, project, "kept")} == {
        "ConfigMap",
        "PersistentVolumeClaim",
        "Secret",
    }
    again = jhos("teardown", "kept", "-n", project, "--yes")
    assert "nothing to tear down" in again.stdout
    jhos("deploy", "--name", "kept", "-n", project)
    assert secret(kubectl, project, "kept") == before
    assert objects(kubectl, project, "pvc", "app=kept")[0]["metadata"]["uid"] == volume
    stored = kubectl("get", "cm", "kept-cfg", "-n", project, "-o", "json").stdout
    assert "memory: 640Mi" in json.loads(stored)["data"]["settings.yaml"]
    jhos("teardown", "kept", "-n", project, "--yes", "--delete-storage")
    assert names(kubectl, project, "kept") == []


def test_a_teardown_asks_and_needs_a_terminal_to_ask(jhos: Run, project: str) -> None:
    jhos("deploy", "--name", "asked", "-n", project, "--no-wait")
    result = jhos("teardown", "asked", "-n", project, code=2)
    assert "--yes" in result.stderr
    assert "Deployment asked" in result.stderr
    jhos("teardown", "asked", "-n", project, "--yes", "--delete-storage")
