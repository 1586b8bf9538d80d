"""How much is asked of the cluster: counted exactly, since on a far one that is what takes time."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.programs import Run

NAME = "sparing"
WRITES = ("POST", "PUT", "PATCH", "DELETE")
_SAID = re.compile(r"^(GET|POST|PUT|PATCH|DELETE) (\S+) (\d+|no answer) \d+ ms$", re.MULTILINE)


def requests(said: str) -> list[tuple[str, str, str]]:
    """(method, path, status) of what `-v` told."""
    return _SAID.findall(said)


def writes(found: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """A review of one's own rights writes nothing."""
    return [each for each in found if each[0] in WRITES and "selfsubject" not in each[1]]


def test_a_deployment_asks_for_little(jhos: Run, project: str) -> None:
    command = ("deploy", "-n", project, "--name", NAME, "--no-wait", "-v", "-o", "json")
    first = jhos(*command, "--no-check")
    objects = len(json.loads(first.stdout)["changes"]) + 1  # the revision
    asked = requests(first.stderr)
    assert len(asked) <= objects + 12
    assert not [each for each in asked if each[2] == "403"]
    ours = (f"/namespaces/{project}/", "/namespaces/openshift/imagestreams/", "selfsubjectrules")
    assert not [path for _, path, _ in asked if not any(part in f"{path}/" for part in ours)]
    again = requests(jhos(*command).stderr)
    assert len(again) <= objects + 8
    assert not writes(again)
    jhos("teardown", NAME, "-n", project, "--yes", "--delete-storage")


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("ServiceAccount", {}),
        ("Service", {"spec": {"ports": [{"name": "other", "port": 9999}]}}),
    ],
)
def test_what_has_our_name_by_chance_is_left_as_it_was(
    jhos: Run, kubectl: Run, project: str, tmp_path: Path, kind: str, content: dict[str, Any]
) -> None:
    foreign = {"apiVersion": "v1", "kind": kind, "metadata": {"name": "chance-hub"}, **content}
    (tmp_path / "foreign.json").write_text(json.dumps(foreign))
    kubectl("apply", "--server-side", "-n", project, "-f", str(tmp_path / "foreign.json"))
    result = jhos("deploy", "-n", project, "--name", "chance", "--no-wait", code=4)
    assert f"{kind} chance-hub exists already" in result.stderr
    get = ("get", kind, "chance-hub", "-n", project, "-o", "json")
    left = json.loads(kubectl(*get).stdout)
    assert "labels" not in left["metadata"]
    jhos("teardown", "chance", "-n", project, "--yes", "--delete-storage")
    assert json.loads(kubectl(*get).stdout).get("spec") == left.get("spec")
    kubectl("delete", kind, "chance-hub", "-n", project)
