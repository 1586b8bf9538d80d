"""Another program applies what jhos renders."""

from pathlib import Path

import pytest
import yaml

from tests.e2e.programs import Run

pytestmark = pytest.mark.e2e


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
