"""What the web console makes of the templates is a deployment like any other."""

import json
from pathlib import Path
from typing import Any

from tests.e2e.programs import Run

NAME = "console"
PROCESSED = "/apis/template.openshift.io/v1/namespaces/{}/processedtemplates"


def with_values(template: dict[str, Any], **values: str) -> dict[str, Any]:
    parameters = [
        {**each, "value": values.get(each["name"], each.get("value", ""))}
        for each in template["parameters"]
    ]
    metadata = {"name": template["metadata"]["name"]}
    return {**template, "metadata": metadata, "parameters": parameters}


def test_what_the_console_makes_is_listed_changed_and_torn_down(
    jhos: Run, kubectl: Run, project: str, tmp_path: Path
) -> None:
    jhos("templates", "install", "-n", project)
    found = kubectl("get", "template", "jupyterhub-deployer", "-n", project, "-o", "json").stdout
    template = tmp_path / "template.json"
    template.write_text(json.dumps(with_values(json.loads(found), APPLICATION_NAME=NAME)))
    path = PROCESSED.format(project)
    done = kubectl("create", "--raw", path, "-f", str(template)).stdout
    objects = {"apiVersion": "v1", "kind": "List", "items": json.loads(done)["objects"]}
    (tmp_path / "objects.json").write_text(json.dumps(objects))
    kubectl("apply", "-n", project, "--validate=false", "-f", str(tmp_path / "objects.json"))
    assert NAME in jhos("list", "-n", project).stdout
    jhos("deploy", "-n", project, "--name", NAME, "--hub-memory", "600Mi")
    jhos("teardown", NAME, "-n", project, "--yes", "--delete-storage")
    assert "There is nothing" in jhos("teardown", NAME, "-n", project, "--yes").stdout
    assert "jupyterhub-deployer" in jhos("templates", "remove", "-n", project).stdout
