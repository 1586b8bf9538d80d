"""Templates of the console on an API server with nothing behind it."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from jhos import console
from jhos.actions.templates import absent, install, remove
from jhos.cluster.client import Cluster
from jhos.errors import Conflict
from jhos.objects import MANAGED_BY, ObjectRef
from tests.test_console import processed

DEPLOYER = ObjectRef("Template", "jupyterhub-deployer")
BUILDER = ObjectRef("Template", "jupyterhub-builder")
CONFIG = 'c.JupyterHub.template_vars = {"from": "the console"}\n\tx\\\n'
URL = "https://example.com/course.git"
VALUES = {
    console.DEPLOYER: {"APPLICATION_NAME": "alpha", "JUPYTERHUB_CONFIG": CONFIG},
    console.QUICKSTART: {"APPLICATION_NAME": "alpha", "GIT_REPOSITORY_URL": URL},
    console.BUILDER: {"JUPYTERHUB_NAME": "own-hub", "GIT_REPOSITORY_URL": URL},
}


def run(kubeconfig: Path, *words: str) -> str:
    kubectl = (Path(sys.executable).with_name("kubectl"), "--kubeconfig", kubeconfig)
    return subprocess.run([*kubectl, *words], check=True, capture_output=True, text=True).stdout


def test_what_somebody_changed_in_a_template_is_not_lost_without_a_word(
    reach: Callable[[], Cluster], kubeconfig: Path
) -> None:
    cluster = reach()
    install(cluster, force=False)
    ours = (cluster.get(DEPLOYER) or {})["parameters"]
    theirs = {"parameters": [{"name": "APPLICATION_NAME", "value": "theirs"}]}
    run(kubeconfig, "patch", DEPLOYER.title, "-n", "engine", "--type", "merge",
        "-p", json.dumps(theirs), "--field-manager", "somebody")  # fmt: skip
    with pytest.raises(Conflict, match=r"somebody has set \.parameters"):
        install(cluster, force=False)
    install(cluster, force=True)
    assert (cluster.get(DEPLOYER) or {})["parameters"] == ours


def test_a_template_of_somebody_else_is_left_alone(reach: Callable[[], Cluster]) -> None:
    cluster = reach()
    remove(cluster)
    theirs = {"apiVersion": "template.openshift.io/v1", "kind": "Template",
              "metadata": {"name": DEPLOYER.name}, "objects": []}  # fmt: skip
    cluster.apply(theirs)
    with pytest.raises(Conflict, match="was not made by jhos"):
        install(cluster, force=True)
    cluster.apply({**theirs, "metadata": {"name": BUILDER.name, "labels": {MANAGED_BY: "jhos"}}})
    assert remove(cluster) == [BUILDER]
    assert cluster.get(DEPLOYER)
    cluster.delete(DEPLOYER)


def test_images_that_are_not_built_are_told(reach: Callable[[], Cluster]) -> None:
    hub, notebook = absent(reach())
    assert hub == "jupyterhub:latest"
    assert notebook.startswith("s2i-minimal-notebook:3.")


@pytest.mark.parametrize("name", VALUES)
def test_the_server_puts_the_parameters_in(
    name: str, reach: Callable[[], Cluster], kubeconfig: Path, tmp_path: Path
) -> None:
    """As the comparisons with what the commands render do it by hand."""
    cluster = reach()
    install(cluster, force=True)
    template = cluster.get(ObjectRef("Template", name)) or {}
    parameters = [
        {**each, "value": VALUES[name].get(each["name"], each.get("value") or "x")}
        for each in template["parameters"]
    ]
    metadata = {"name": name, "namespace": "engine"}
    file = tmp_path / "template.json"
    file.write_text(json.dumps({**template, "metadata": metadata, "parameters": parameters}))
    path = "/apis/template.openshift.io/v1/namespaces/engine/processedtemplates"
    done = run(kubeconfig, "create", "--raw", path, "-f", str(file))
    values = {each["name"]: each["value"] for each in parameters}
    assert json.loads(done)["objects"] == processed(template, **values)
