"""Templates of the console on an API server with nothing behind it."""

import json
from pathlib import Path

import pytest

from jhos import console
from jhos.actions.templates import absent, install, remove
from jhos.errors import Conflict
from jhos.objects import MANAGED_BY, ObjectRef
from tests.engine.conftest import PROJECT, Kubectl, Reach
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


def test_what_somebody_changed_in_a_template_is_not_lost_without_a_word(
    project: str, reach_alone: Reach, kubectl: Kubectl
) -> None:
    cluster = reach_alone()
    install(cluster, force=False)
    ours = (cluster.get(DEPLOYER) or {})["parameters"]
    theirs = {"parameters": [{"name": "APPLICATION_NAME", "value": "theirs"}]}
    kubectl("patch", DEPLOYER.title, "-n", project, "--type", "merge",
        "-p", json.dumps(theirs), "--field-manager", "somebody")  # fmt: skip
    with pytest.raises(Conflict, match=r"somebody has set \.parameters"):
        install(cluster, force=False)
    install(cluster, force=True)
    assert (cluster.get(DEPLOYER) or {})["parameters"] == ours


def test_a_template_of_somebody_else_is_left_alone(reach_alone: Reach) -> None:
    cluster = reach_alone()
    theirs = {"apiVersion": "template.openshift.io/v1", "kind": "Template",
              "metadata": {"name": DEPLOYER.name}, "objects": []}  # fmt: skip
    cluster.apply(theirs)
    with pytest.raises(Conflict, match="was not made by jhos"):
        install(cluster, force=True)
    cluster.apply({**theirs, "metadata": {"name": BUILDER.name, "labels": {MANAGED_BY: "jhos"}}})
    assert remove(cluster) == [BUILDER]
    assert cluster.get(DEPLOYER)


def test_images_that_are_not_built_are_told(reach: Reach) -> None:
    hub, notebook = absent(reach())
    assert hub == "jupyterhub:latest"
    assert notebook.startswith("s2i-minimal-notebook:3.")


@pytest.mark.parametrize("name", VALUES)
def test_the_server_puts_the_parameters_in(
    name: str, reach: Reach, kubectl: Kubectl, tmp_path: Path
) -> None:
    """As the comparisons with what the commands render do it by hand."""
    cluster = reach()
    install(cluster, force=True)
    template = cluster.get(ObjectRef("Template", name)) or {}
    parameters = [
        {**each, "value": VALUES[name].get(each["name"], each.get("value") or "x")}
        for each in template["parameters"]
    ]
    metadata = {"name": name, "namespace": PROJECT}
    file = tmp_path / "template.json"
    file.write_text(json.dumps({**template, "metadata": metadata, "parameters": parameters}))
    path = f"/apis/template.openshift.io/v1/namespaces/{PROJECT}/processedtemplates"
    done = kubectl("create", "--raw", path, "-f", str(file))
    values = {each["name"]: each["value"] for each in parameters}
    assert json.loads(done)["objects"] == processed(template, **values)
