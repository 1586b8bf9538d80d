"""What would change is shown and nothing is changed; data has the documented shape."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from jhos.cluster.client import Cluster
from tests.engine.conftest import IMAGES, Jhos, Reach

KINDS = ("Deployment", "Service", "ConfigMap", "Secret", "PersistentVolumeClaim", "Role",
         "RoleBinding", "NetworkPolicy", "Route")  # fmt: skip


def versions(cluster: Cluster, name: str) -> dict[str, str]:
    """Of what deploy writes, but for the controllers' own doing."""
    found = [
        (kind, obj["metadata"]) for kind in KINDS for obj in cluster.metadata(kind, f"app={name}")
    ]
    return {
        f"{kind}/{meta['name']}": str(meta["generation"] if "generation" in meta else meta["uid"])
        + json.dumps(meta.get("annotations", {}), sort_keys=True)
        for kind, meta in found
    }


def fields(answer: str) -> dict[str, Any]:
    return {
        f"{change['kind']}/{change['name']}:{field['path']}": (field["before"], field["after"])
        for change in json.loads(answer)["changes"]
        for field in change["fields"]
    }


def test_a_difference_is_shown_field_by_field_and_nothing_is_written(
    jhos: Jhos, reach: Reach
) -> None:
    cluster, where = reach(), ("--name", "shown")
    assert "+ Deployment shown\n" in jhos("diff", *where, *IMAGES).stdout
    assert not versions(cluster, "shown")
    assert not cluster.metadata("Lease", "app=shown")
    jhos("deploy", *where, *IMAGES, "--no-wait")
    assert jhos("diff", *where, "--exit-code").stdout == "Nothing would change.\n"
    before = versions(cluster, "shown")
    wanted = (*where, "--hub-memory", "700Mi", "--route-timeout", "2h")
    shown = jhos("diff", *wanted, "--exit-code", "-o", "json", code=7).stdout
    assert jhos("deploy", *wanted, "--dry-run", "-o", "json").stdout == shown
    found = fields(shown)
    limit = "Deployment/shown:spec.template.spec.containers[hub].resources.limits.memory"
    assert found[limit] == ("512Mi", "700Mi")
    assert found["ConfigMap/shown-cfg:data[settings.yaml].route.timeout"] == ("1h", "2h")
    text = jhos("diff", *wanted).stdout
    assert "~ Deployment shown, whose pod starts anew" in text
    assert "resources.limits.memory: 512Mi → 700Mi" in text
    assert versions(cluster, "shown") == before
    jhos("deploy", *wanted, "--no-wait")
    jhos("diff", *where, "--exit-code")


def test_a_difference_of_secrets_is_shown_and_logged_without_their_values(
    jhos: Jhos, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    jhos("deploy", "--name", "hushed", *IMAGES, "--no-wait")
    (tmp_path / "password").write_text("canary-password")
    wanted = ("--auth", "password", "--allow-all", "--auth-secret-file", str(tmp_path / "password"))
    with caplog.at_level(logging.DEBUG, logger="jhos"):
        shown = jhos("diff", "--name", "hushed", *wanted, "-o", "json")
    assert fields(shown.stdout)["Secret/hushed-secrets:data.auth-password"] == (None, "…")
    assert "secrets/hushed-secrets" in caplog.text
    assert "canary" not in shown.output + caplog.text


def example(command: str) -> Any:
    """The one that docs/output.md shows."""
    document = Path("docs/output.md").read_text()
    section = document.partition(f"\n## jhos {command}\n")[2].partition("\n## ")[0]
    return json.loads(section.partition("```json\n")[2].partition("```")[0])


def shape(value: Any) -> Any:
    """Keys, of lists those of the first item."""
    if isinstance(value, dict):
        return {key: shape(each) for key, each in value.items()}
    return [shape(value[0])] if isinstance(value, list) and value else None


def test_data_has_the_documented_shape(jhos: Jhos, project: str) -> None:
    as_json = ("-n", project, "-o", "json")
    wanted = ("--name", "shaped", *as_json)
    deployed = json.loads(jhos("deploy", *wanted, *IMAGES, "--no-wait").stdout)
    assert shape(deployed) == shape(example("deploy"))
    differing = json.loads(jhos("diff", *wanted, "--hub-memory", "700Mi").stdout)
    differing["changes"] = [each for each in differing["changes"] if each["fields"]]
    differing["builds"] = ["none here"]
    assert shape(differing) == shape(example("diff"))
    assert shape(json.loads(jhos("check", "shaped", *as_json).stdout)) == shape(example("check"))
    assert shape(json.loads(jhos("list", *as_json).stdout)) == shape(example("list"))
    explained = json.loads(jhos("settings", "show", "shaped", "--explain", *as_json).stdout)
    assert {"setting": "name", "value": "shaped", "source": "deployment"} in explained


def test_a_deployment_says_which_objects_it_wrote_as_names_and_how_it_is_as_yaml(
    jhos: Jhos,
) -> None:
    command = ("deploy", "--name", "forms", "--no-wait", "-o")
    assert "deployment/forms-proxy" in jhos(*command, "name", *IMAGES).stdout.split()
    assert "openToAll: true" in jhos(*command, "yaml").stdout.splitlines()
