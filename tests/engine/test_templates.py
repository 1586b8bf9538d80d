"""Templates of the console on an API server with nothing behind it."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from jhos.actions.templates import install
from jhos.cluster.client import Cluster
from jhos.errors import Conflict
from jhos.objects import ObjectRef

DEPLOYER = ObjectRef("Template", "jupyterhub-deployer")


def test_what_somebody_changed_in_a_template_is_not_lost_without_a_word(
    reach: Callable[[], Cluster], kubeconfig: Path
) -> None:
    cluster = reach()
    install(cluster, force=False)
    ours = (cluster.get(DEPLOYER) or {})["parameters"]
    theirs = {"parameters": [{"name": "APPLICATION_NAME", "value": "theirs"}]}
    kubectl = (Path(sys.executable).with_name("kubectl"), "--kubeconfig", kubeconfig)
    patch = ("patch", DEPLOYER.title, "-n", "engine", "--type", "merge", "-p", json.dumps(theirs))
    subprocess.run([*kubectl, *patch, "--field-manager", "somebody"], check=True)
    with pytest.raises(Conflict, match=r"somebody has set \.parameters"):
        install(cluster, force=False)
    install(cluster, force=True)
    assert (cluster.get(DEPLOYER) or {})["parameters"] == ours
