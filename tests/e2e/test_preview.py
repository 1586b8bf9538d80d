"""What would change is told and nothing is changed; what is rendered others apply."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.programs import Run, objects

pytestmark = pytest.mark.e2e

KINDS = "deployments,services,configmaps,secrets,pvc,roles,rolebindings,networkpolicies,routes"


def versions(kubectl: Run, project: str, name: str) -> dict[str, str]:
    """Of what is written by deploy, but for the pods' own doing."""
    found = objects(kubectl, project, KINDS, f"app={name}")
    kinds = ((each["kind"], each["metadata"]) for each in found)
    return {
        f"{kind}/{meta['name']}": str(meta["generation"] if "generation" in meta else meta["uid"])
        + json.dumps(meta.get("annotations", {}), sort_keys=True)
        for kind, meta in kinds
    }


def fields(answer: str) -> dict[str, Any]:
    return {
        f"{change['kind']}/{change['name']}:{field['path']}": (field["before"], field["after"])
        for change in json.loads(answer)["changes"]
        for field in change["fields"]
    }


def test_a_difference_is_told_field_by_field_and_nothing_is_written(
    jhos: Run, kubectl: Run, project: str
) -> None:
    where = ("--name", "shown", "-n", project)
    assert "+ Deployment shown\n" in jhos("diff", *where).stdout
    assert objects(kubectl, project, f"{KINDS},leases", "app=shown") == []
    jhos("deploy", *where, "--no-wait")
    assert jhos("diff", *where, "--exit-code").stdout == "Nothing would change.\n"
    before = versions(kubectl, project, "shown")
    wanted = (*where, "--hub-memory", "700Mi", "--route-timeout", "2h")
    told = jhos("diff", *wanted, "--exit-code", "-o", "json", code=7).stdout
    assert jhos("deploy", *wanted, "--dry-run", "-o", "json").stdout == told
    found = fields(told)
    limit = "Deployment/shown:spec.template.spec.containers[hub].resources.limits.memory"
    assert found[limit] == ("512Mi", "700Mi")
    assert found["ConfigMap/shown-cfg:data[settings.yaml].route.timeout"] == ("1h", "2h")
    text = jhos("diff", *wanted).stdout
    assert "~ Deployment shown, whose pod starts anew" in text
    assert "resources.limits.memory: 512Mi → 700Mi" in text
    assert versions(kubectl, project, "shown") == before
    jhos("deploy", *wanted, "--no-wait")
    jhos("diff", *where, "--exit-code")
    jhos("teardown", "shown", "-n", project, "--yes", "--delete-storage")


def test_secrets_are_told_of_without_their_values(jhos: Run, project: str, tmp_path: Path) -> None:
    jhos("deploy", "--name", "hushed", "-n", project, "--no-wait")
    (tmp_path / "password").write_text("canary-password")
    wanted = ("--auth", "password", "--allow-all", "--auth-secret-file", str(tmp_path / "password"))
    told = jhos("diff", "--name", "hushed", "-n", project, *wanted, "-o", "json", "-vv")
    assert fields(told.stdout)["Secret/hushed-secrets:data.auth-password"] == (None, "…")
    assert "canary" not in told.stdout + told.stderr
    jhos("teardown", "hushed", "-n", project, "--yes", "--delete-storage")


def test_another_program_deploys_what_is_rendered(
    jhos: Run, kubectl: Run, project: str, tmp_path: Path
) -> None:
    render = ("render", "--name", "gitops", "-n", project, "--output-dir", str(tmp_path),
              "--format", "kustomize")  # fmt: skip
    jhos(*render, "--create-secret")
    before = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert not [name for name in before if name.startswith("secret")]
    kubectl("apply", "--server-side", "-k", str(tmp_path))
    for part in ("gitops-db", "gitops-proxy", "gitops"):
        kubectl("rollout", "status", f"deployment/{part}", "-n", project, "--timeout=120s")
    jhos(*render)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == before
    told = jhos("diff", "--name", "gitops", "-n", project).stdout
    assert told == "Nothing would change.\n"
    printed = jhos("deploy", "--name", "gitops", "-n", project, "--dry-run=client").stdout
    shown = {(obj["kind"], obj["metadata"]["name"]) for obj in yaml.safe_load_all(printed)}
    assert len(shown) == len(before) - 1
    jhos("teardown", "gitops", "-n", project, "--yes", "--delete-storage")


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


def test_data_has_the_documented_shape(jhos: Run, project: str) -> None:
    where = ("-n", project, "-o", "json")
    wanted = ("--name", "shaped", *where)
    told = json.loads(jhos("deploy", *wanted, "--no-wait").stdout)
    assert shape(told) == shape(example("deploy"))
    differing = json.loads(jhos("diff", *wanted, "--hub-memory", "700Mi").stdout)
    differing["changes"] = [each for each in differing["changes"] if each["fields"]]
    differing["builds"] = ["none here"]
    assert shape(differing) == shape(example("diff"))
    assert shape(json.loads(jhos("check", "shaped", *where).stdout)) == shape(example("check"))
    assert shape(json.loads(jhos("list", *where).stdout)) == shape(example("list"))
    explained = json.loads(jhos("settings", "show", "shaped", "--explain", *where).stdout)
    assert {"setting": "name", "value": "shaped", "source": "deployment"} in explained
    jhos("teardown", "shaped", "-n", project, "--yes", "--delete-storage")
