"""Deployments side by side, interrupted, torn down and brought back."""

import json
import signal
import subprocess
from base64 import b64decode
from typing import Any

import pytest
import yaml

from tests.e2e.programs import Run, objects
from tests.shells import completing

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


# What the command says of its work: the k-th write, or a wait.
MOMENTS = (("write", 1), ("write", 4), ("write", 9), ("write", 14), ("wait", 1))


def kill_deploy(environment: dict[str, str], project: str, what: str, count: int) -> None:
    """kill -9 once the command has told of its `count`-th write or wait."""
    process = subprocess.Popen(
        ["jhos", "deploy", "-v", "--name", "killed", "-n", project],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    for line in process.stderr:
        writes = line.startswith(("PATCH", "POST")) and "selfsubject" not in line
        waits = "waiting for the pod" in line
        count -= writes if what == "write" else waits
        if count == 0:
            process.send_signal(signal.SIGKILL)
            break
    process.communicate()
    assert process.returncode == -signal.SIGKILL, f"it ended before {what} {count}"


def test_a_deployment_killed_at_any_point_converges(
    jhos: Run, kubectl: Run, environment: dict[str, str], project: str
) -> None:
    first: dict[str, Any] = {}
    for what, count in MOMENTS:
        if what == "write" and first:
            jhos("teardown", "killed", "-n", project, "--yes")
        kill_deploy(environment, project, what, count)
        found = objects(kubectl, project, "secrets", "app=killed,component=secrets")
        first = first or (found[0]["data"] if found else {})
        assert not found or found[0]["data"] == first
    jhos("deploy", "--name", "killed", "-n", project)
    assert secret(kubectl, project, "killed") == first
    jhos("deploy", "--name", "whole", "-n", project)
    assert [
        (kind, name.replace("killed", "")) for kind, name in names(kubectl, project, "killed")
    ] == [(kind, name.replace("whole", "")) for kind, name in names(kubectl, project, "whole")]
    pods = objects(kubectl, project, "pods", "app=killed")
    parts = [pod["metadata"]["labels"]["component"] for pod in pods]
    assert sorted(parts) == ["database", "hub", "proxy"]
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
    (lease,) = objects(kubectl, project, "leases", "app=twice")
    assert not lease["spec"].get("holderIdentity")
    jhos("teardown", "twice", "-n", project, "--yes", "--delete-storage")
    assert not objects(kubectl, project, "leases", "app=twice")


def test_tearing_one_down_leaves_the_other(
    jhos: Run, kubectl: Run, project: str, environment: dict[str, str]
) -> None:
    for name in ("alpha", "beta"):
        jhos("deploy", "--name", name, "-n", project)
    before = names(kubectl, project, "beta")
    jhos("teardown", "alpha", "-n", project, "--yes", "--delete-storage")
    assert names(kubectl, project, "alpha") == []
    assert not objects(kubectl, project, "pods", "app=alpha")
    assert names(kubectl, project, "beta") == before
    result = json.loads(jhos("deploy", "--name", "beta", "-n", project, "-o", "json").stdout)
    assert {change["action"] for change in result["changes"]} == {"unchanged"}
    listed = json.loads(jhos("list", "-n", project, "-o", "json").stdout)
    assert {each["name"]: each["ready"] for each in listed}["beta"] is True
    assert "alpha" not in {each["name"] for each in listed}
    assert result["url"] in jhos("list", "-n", project).stdout
    assert "beta" in completed(environment, f"jhos teardown -n {project} be")


def completed(environment: dict[str, str], line: str) -> list[str]:
    """What bash is offered for the last word of `line`."""
    done = subprocess.run(
        ["jhos"], env=environment | completing(line), capture_output=True, text=True, check=True
    )
    return [each.partition(",")[2] for each in done.stdout.splitlines()]


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
    assert "torn down, data kept" in jhos("list", "-n", project).stdout
    again = jhos("teardown", "kept", "-n", project, "--yes")
    assert "Torn down already" in again.stdout
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


def test_no_secret_stands_outside_the_secret(jhos: Run, kubectl: Run, project: str) -> None:
    said = jhos("deploy", "--name", "canary", "-n", project, "-v", "-o", "json")
    encoded = set(secret(kubectl, project, "canary").values())
    values = encoded | {b64decode(value).decode() for value in encoded}
    kinds = "cm,deploy,rs,pods,events,svc,routes,is,bc,builds,leases,sa,roles,rolebindings"
    everything = kubectl("get", kinds, "-n", project, "-o", "yaml").stdout
    for value in values:
        assert value not in everything
        assert value not in said.stdout + said.stderr
    jhos("teardown", "canary", "-n", project, "--yes", "--delete-storage")


def test_what_somebody_edits_is_kept_and_no_obstacle(jhos: Run, kubectl: Run, project: str) -> None:
    jhos("deploy", "--name", "edited", "-n", project, "--no-wait")
    line = "c.KubeSpawner.start_timeout = 180"
    patch = json.dumps({"data": {"jupyterhub_config.py": line}})
    kubectl("patch", "cm", "edited-cfg", "-n", project, "--type=merge", "-p", patch)
    jhos("deploy", "--name", "edited", "-n", project, "--hub-memory", "700Mi", "--no-wait")
    stored = json.loads(kubectl("get", "cm", "edited-cfg", "-n", project, "-o", "json").stdout)
    assert stored["data"]["jupyterhub_config.py"] == line
    assert "memory: 700Mi" in stored["data"]["settings.yaml"]
    jhos("teardown", "edited", "-n", project, "--yes", "--delete-storage")


def test_results_come_as_yaml_and_as_names(jhos: Run, project: str) -> None:
    names = jhos("deploy", "--name", "forms", "-n", project, "--no-wait", "-o", "name").stdout
    assert "deployment/forms-proxy" in names.split()
    answer = jhos("deploy", "--name", "forms", "-n", project, "--no-wait", "-o", "yaml").stdout
    assert yaml.safe_load(answer)["openToAll"] is True
    jhos("teardown", "forms", "-n", project, "--yes", "--delete-storage")
