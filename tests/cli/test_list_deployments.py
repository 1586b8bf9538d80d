"""What `jhos list` prints for programs."""

import json
from pathlib import Path

from click.testing import CliRunner

from jhos.cli import main
from tests.cluster.answering import Answer, Request, answering, write_kubeconfig

MARKS = {"app.kubernetes.io/instance": "alpha", "app.kubernetes.io/name": "jupyterhub"}
LEFT = {"metadata": {"name": "alpha-cfg", "labels": MARKS}}


def script(request: Request) -> Answer:
    items = [LEFT] if "/configmaps" in request.path else []
    return Answer(body={"items": items, "metadata": {"resourceVersion": "1"}})


def test_what_a_deployment_that_was_torn_down_has_not_is_null(tmp_path: Path) -> None:
    file = tmp_path / "kubeconfig"
    with answering(script) as server:
        write_kubeconfig(file, server.address)
        words = ["list", "-n", "demo", "-o", "json", "--kubeconfig", str(file)]
        done = CliRunner().invoke(main, words)
    (listed,) = json.loads(done.stdout)
    assert listed["state"] == "torn down, data kept"
    assert (listed["url"], listed["created"]) == (None, None)
