"""An object of somebody else that has a name of ours, met by a first deployment."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from jhos.actions.pipeline import Manner, carry_out
from jhos.cluster.client import Cluster
from jhos.errors import Conflict
from jhos.events import silent
from jhos.objects import Object, ObjectRef
from tests.engine.conftest import given


@pytest.mark.parametrize("force", [False, True])
def test_nothing_of_it_changes(reach: Callable[[], Cluster], kubeconfig: Path, force: bool) -> None:
    cluster, name = reach(), f"foreign-{force}".lower()
    proxy = ObjectRef("Service", f"{name}-proxy")
    program = str(Path(sys.executable).with_name("kubectl"))
    kubectl = [program, "--kubeconfig", str(kubeconfig), "-n", "engine"]
    subprocess.run([*kubectl, "create", "service", "clusterip", proxy.name, "--tcp=80"], check=True)
    before = _content(cluster.get(proxy))
    manner = Manner(timeout_s=60, report=silent, wait=False, force=force, check=False)
    with pytest.raises(Conflict, match=f"{proxy} exists already and does not belong"):
        carry_out(cluster, name, given(name), manner)
    assert _content(cluster.get(proxy)) == before


def _content(obj: Object | None) -> str:
    assert obj
    meta = {key: obj["metadata"].get(key) for key in ("labels", "annotations")}
    return json.dumps([meta, obj["spec"]])
