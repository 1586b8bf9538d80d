"""What the web console makes of the templates is a deployment like any other."""

import json
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.e2e.programs import Run, crashing, objects
from tests.e2e.repositories import commit, new_repository, served

pytestmark = pytest.mark.e2e

API = "template.openshift.io/v1"
WAIT_S = "--timeout=110s"
NAME, HUB = "console", "console-hub"


@pytest.fixture(scope="module")
def installed(jhos: Run, project: str) -> Iterator[str]:
    """The project in whose catalog they are."""
    assert "not built" not in jhos("templates", "install", "-n", project).stderr
    yield project
    assert "jupyterhub-deployer" in jhos("templates", "remove", "-n", project).stdout


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of two repositories: `hub` and `course`, whose requirements are too old."""
    root = tmp_path_factory.mktemp("served")
    for name in ("hub", "course"):
        new_repository(root / name)
    (root / "hub/jupyterhub_config.py").write_text("c.JupyterHub.services = []\n")
    (root / "course/book").mkdir()
    (root / "course/book/requirements.txt").write_text("six==0.0.1  # never was\n")
    for name in ("hub", "course"):
        commit(root / name, "Begin")
    with served(root) as folder:
        yield folder


def instantiate(kubectl: Run, project: str, name: str, folder: Path, **values: str) -> None:
    """As the console does it: the parameters in a Secret, the template in the instance."""
    template = json.loads(kubectl("get", "template", name, "-n", project, "-o", "json").stdout)
    metadata = {"name": name, "labels": {"by": "console"}}
    data = {key: b64encode(value.encode()).decode() for key, value in values.items()}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}
    spec = {"template": template, "secret": {"name": name}}
    instance = {"apiVersion": API, "kind": "TemplateInstance", "metadata": metadata}
    items = [secret, {**instance, "spec": spec}]
    file = folder / f"{name}.json"
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    kubectl("create", "-n", project, "--validate=false", "-f", str(file))
    kubectl("wait", "-n", project, f"templateinstance/{name}", "--for=condition=Ready", WAIT_S)


def await_build(kubectl: Run, project: str, build: str) -> None:
    kubectl("wait", "-n", project, f"build/{build}", WAIT_S,
            "--for=jsonpath={.status.phase}=Complete")  # fmt: skip


@pytest.fixture(scope="module")
def made(
    jhos: Run, kubectl: Run, installed: str, address: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The project with a hub of an own image, for the notebooks of a repository."""
    project, folder = installed, tmp_path_factory.mktemp("instances")
    instantiate(
        kubectl, project, "jupyterhub-builder", folder,
        JUPYTERHUB_NAME=HUB, GIT_REPOSITORY_URL=f"{address}/hub/.git",
    )  # fmt: skip
    await_build(kubectl, project, f"{HUB}-1")
    instantiate(
        kubectl,
        project,
        "jupyterhub-quickstart",
        folder,
        APPLICATION_NAME=NAME,
        JUPYTERHUB_IMAGE=f"{HUB}:latest",
        JUPYTERHUB_CONFIG="c.JupyterHub.template_vars = {'from': 'the console'}\n",
        GIT_REPOSITORY_URL=f"{address}/course/.git",
        CONTEXT_DIR="book",
        LOOSEN_PINS="true",
        NOTEBOOK_INTERFACE="classic",
        NOTEBOOK_MEMORY="300Mi",
    )
    await_build(kubectl, project, f"{NAME}-nb-1")
    kubectl("rollout", "status", "deployment", "-n", project, "-l", f"app={NAME}", WAIT_S)
    yield project
    jhos("teardown", NAME, "-n", project, "--yes", "--delete-storage")
    left = objects(kubectl, project, "deployments,imagestreams,secrets", f"app={NAME}")
    kubectl("delete", "templateinstances,secrets", "-n", project, "-l", "by=console")
    assert not left


def test_what_the_console_makes_runs_servers_and_is_changed_as_any_other(
    jhos: Run, kubectl: Run, made: str, tmp_path: Path
) -> None:
    jhos("status", NAME, "-n", made, "--probe")
    assert NAME in jhos("list", "-n", made).stdout
    wanted = yaml.safe_load(jhos("settings", "show", NAME, "-n", made, "--minimal").stdout)
    assert wanted["hub"] == {"image": f"{HUB}:latest"}
    notebook = {"image": f"{NAME}-nb:latest", "interface": "classic", "memory": "300Mi"}
    assert wanted["notebook"] == notebook

    file = tmp_path / "jupyterhub_config.py"
    file.write_text(crashing("the lecture hall is full"))
    jhos("configure", NAME, "-n", made, "--config", str(file), "--set", "notebook.memory=400Mi",
         code=5)  # fmt: skip
    history = json.loads(jhos("rollout", NAME, "history", "-n", made, "-o", "json").stdout)
    assert [each["what"] for each in history] == [
        "made by the web console",
        "notebook.memory: 300Mi → 400Mi, jupyterhub_config.py",
        "back to revision 1",
    ]
    found = kubectl("get", "configmap", f"{NAME}-cfg", "-n", made, "-o", "json").stdout
    assert "the console" in json.loads(found)["data"]["jupyterhub_config.py"]
    jhos("configure", NAME, "-n", made, "--set", "notebook.memory=500Mi")
    assert "Nothing would change." in jhos("diff", "--name", NAME, "-n", made).stdout
