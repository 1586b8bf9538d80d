"""Deployments that are taken away where not all is as it should be."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.programs import Run, objects

pytestmark = pytest.mark.e2e

FOREIGN = ("--hub-image", "quay.io/some/hub:1", "--notebook-image", "quay.io/some/notebook:1")
WHERE = ("-n", "torn")
ALL = "all,cm,secret,pvc,sa,role,rolebinding,networkpolicy,lease"


def deploy(jhos: Run, name: str, *more: str) -> None:
    jhos("deploy", "--name", name, *WHERE, "--create-project", "--no-wait", *FOREIGN, *more)


def create(environment: dict[str, str], *items: dict[str, Any]) -> None:
    """As the administrator of the cluster."""
    manifests = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
    command = ["kubectl", "apply", "--server-side", "--validate=false", *WHERE, "-f-"]
    subprocess.run(command, input=manifests, text=True, env=environment, check=True)


@pytest.fixture(scope="module")
def admin(jhos: Run, environment: dict[str, str]) -> dict[str, str]:
    config = jhos("sandbox", "kubeconfig", "--admin").stdout.strip()
    return {**environment, "KUBECONFIG": config}


def test_what_is_left_of_a_half_deleted_deployment_goes(jhos: Run, kubectl: Run) -> None:
    deploy(jhos, "half")
    kubectl("delete", *WHERE, "deploy/half", "cm/half-inventory", "cm/half-cfg")
    kubectl("delete", *WHERE, "secret/half-secrets")
    jhos("teardown", "half", *WHERE, "--yes", "--delete-storage")
    assert not objects(kubectl, "torn", ALL, "app=half")


def test_the_image_of_its_own_goes_unless_it_is_to_be_kept(
    jhos: Run, kubectl: Run, admin: dict[str, str]
) -> None:
    made_by_jhos = {"app.kubernetes.io/managed-by": "jhos"}
    for name, labels in (("own-nb", {"app": "own"}), ("shared", {})):
        meta = {"name": name, "labels": {**labels, **made_by_jhos}}
        stream = {"apiVersion": "image.openshift.io/v1", "kind": "ImageStream", "metadata": meta}
        create(admin, stream)

    def streams() -> list[str]:
        return [each["metadata"]["name"] for each in objects(kubectl, "torn", "is")]

    for options, left in (
        (["--keep-images"], ["own-nb", "shared"]),
        ([], ["shared"]),
        (["--delete-images"], []),
    ):
        deploy(jhos, "own")
        jhos("teardown", "own", *WHERE, "--yes", "--delete-storage", *options)
        assert streams() == left


def test_a_right_that_lacks_for_one_kind_is_named_before_anything_goes(
    jhos: Run, kubectl: Run, admin: dict[str, str], tmp_path: Path
) -> None:
    deploy(jhos, "guarded")
    rbac = "rbac.authorization.k8s.io"
    some = ["get", "list", "watch", "create", "update", "patch"]
    there = ["", "apps", "build.openshift.io", "coordination.k8s.io", "image.openshift.io",
             "networking.k8s.io", rbac]  # fmt: skip
    rules = [
        {"apiGroups": ["*"], "resources": ["*"], "verbs": some},
        {"apiGroups": there, "resources": ["*"], "verbs": ["delete", "deletecollection"]},
    ]
    create(
        admin,
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "guest"}},
        {"apiVersion": f"{rbac}/v1", "kind": "Role", "metadata": {"name": "guest"}, "rules": rules},
        {"apiVersion": f"{rbac}/v1", "kind": "RoleBinding", "metadata": {"name": "guest"},
         "roleRef": {"apiGroup": rbac, "kind": "Role", "name": "guest"},
         "subjects": [{"kind": "ServiceAccount", "name": "guest", "namespace": "torn"}]},
    )  # fmt: skip
    before = objects(kubectl, "torn", ALL, "app=guarded,component!=revision")
    guest = {**admin, "KUBECONFIG": str(tmp_path / "config")}
    server = kubectl("config", "view", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}")
    token = kubectl("create", "token", "guest", *WHERE).stdout
    login = ["jhos", "login", server.stdout, "--insecure-skip-tls-verify"]
    subprocess.run(login, env=guest, input=token, text=True, check=True)
    done = subprocess.run(
        ["jhos", "teardown", "guarded", *WHERE, "--yes"],
        env=guest, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 4, done.stderr
    assert "you may not: delete Route." in done.stderr
    after = objects(kubectl, "torn", ALL, "app=guarded,component!=revision")
    assert {each["metadata"]["uid"] for each in before} <= {
        each["metadata"]["uid"] for each in after
    }
    jhos("teardown", "guarded", *WHERE, "--yes", "--delete-storage")


def test_a_project_that_is_being_deleted_is_no_obstacle(jhos: Run, admin: dict[str, str]) -> None:
    deploy(jhos, "going")
    held = {"name": "held", "finalizers": ["example.com/held"]}
    create(admin, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": held})
    subprocess.run(["kubectl", "delete", "ns", "torn", "--wait=false"], env=admin, check=True)
    done = subprocess.run(
        ["jhos", "teardown", "going", *WHERE, "--yes", "--delete-storage"],
        env=admin, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    release = json.dumps({"metadata": {"finalizers": []}})
    command = ["kubectl", "patch", "cm", "held", *WHERE, "--type=merge", "-p", release]
    subprocess.run(command, env=admin, check=True)
