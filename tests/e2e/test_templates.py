"""What the web console makes of the templates is a deployment like any other."""

import json
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.programs import Run
from tests.e2e.repositories import commit, new_repository, served

pytestmark = pytest.mark.e2e

API = "template.openshift.io/v1"
WAIT_S = "--timeout=110s"
HUB = "console-hub"


@pytest.fixture(scope="module")
def installed(jhos: Run, project: str) -> Iterator[str]:
    """The project in whose catalog they are."""
    jhos("templates", "install", "-n", project)
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
    metadata = {"name": f"{name}-parameters"}
    data = {key: b64encode(value.encode()).decode() for key, value in values.items()}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}
    spec = {"template": template, "secret": metadata}
    instance = {"apiVersion": API, "kind": "TemplateInstance", "metadata": {"name": name}}
    items = [secret, {**instance, "spec": spec}]
    file = folder / f"{name}.json"
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    kubectl("create", "-n", project, "--validate=false", "-f", str(file))
    kubectl("wait", "-n", project, f"templateinstance/{name}", "--for=condition=Ready", WAIT_S)


def complete(kubectl: Run, project: str, build: str) -> dict[str, Any]:
    """The build, once it has made its image."""
    kubectl("wait", "-n", project, f"build/{build}", WAIT_S,
            "--for=jsonpath={.status.phase}=Complete")  # fmt: skip
    found: dict[str, Any] = json.loads(
        kubectl("get", "build", build, "-n", project, "-o", "json").stdout
    )
    return found


def test_the_console_builds_the_images_and_puts_up_the_hub(
    jhos: Run, kubectl: Run, installed: str, address: str, tmp_path: Path
) -> None:
    project = installed
    instantiate(kubectl, project, "jupyterhub-builder", tmp_path, JUPYTERHUB_NAME=HUB,
                GIT_REPOSITORY_URL=f"{address}/hub/.git")  # fmt: skip
    complete(kubectl, project, f"{HUB}-1")
    instantiate(
        kubectl,
        project,
        "jupyterhub-quickstart",
        tmp_path,
        APPLICATION_NAME="console",
        JUPYTERHUB_IMAGE=f"{HUB}:latest",
        GIT_REPOSITORY_URL=f"{address}/course/.git",
        CONTEXT_DIR="book",
        LOOSEN_PINS="true",
        NOTEBOOK_INTERFACE="classic",
        NOTEBOOK_MEMORY="300Mi",
    )
    complete(kubectl, project, "console-nb-1")
    kubectl("rollout", "status", "deployment", "-n", project, "-l", "app=console", WAIT_S)
    seen = json.loads(jhos("status", "console", "-n", project, "--probe", "-o", "json").stdout)
    assert all(part["ready"] for part in seen["parts"])
    url = seen["url"]
    with urllib.request.urlopen(f"{url}/hub/health") as answer:
        assert answer.status == 200
