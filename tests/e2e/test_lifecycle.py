"""Deployments next to each other, torn down and brought back."""

import json
import subprocess
from typing import Any

import pytest

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


def test_a_lost_secret_is_replaced_in_the_database_too(
    jhos: Run, kubectl: Run, project: str
) -> None:
    jhos("deploy", "--name", "beta", "-n", project)
    before = secret(kubectl, project, "beta")
    kubectl("delete", "secret", "beta-secrets", "-n", project)
    assert "All users must log in again" in jhos("deploy", "--name", "beta", "-n", project).stderr
    assert secret(kubectl, project, "beta")["database-password"] != before["database-password"]
    assert json.loads(jhos("status", "beta", "-n", project, "-o", "json").stdout)["ready"]
