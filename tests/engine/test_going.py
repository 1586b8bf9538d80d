"""A project that is being deleted, with its deployments."""

from collections.abc import Callable
from time import monotonic, sleep
from typing import Any

import pytest

from jhos.actions.list_deployments import list_deployments
from jhos.actions.status import status
from jhos.cluster.client import Cluster
from jhos.cluster.connect import connect
from jhos.cluster.facts import create_project
from jhos.errors import BeingDeleted, Refused
from jhos.objects import ObjectRef
from jhos.sandbox.layout import Layout

HOLD = {"finalizers": ["example.com/hold"]}
RIGHTS = ObjectRef("RoleBinding", "admin")


def until(is_true: Callable[[], Any]) -> None:
    end = monotonic() + 30
    while not is_true():
        assert monotonic() < end
        sleep(0.1)


def rights_are_gone(cluster: Cluster) -> bool:
    try:
        return cluster.get(RIGHTS) is None
    except Refused:
        return True


def test_that_it_is_being_deleted_is_said_as_long_as_it_can_be_seen(server: Layout) -> None:
    def reach() -> Cluster:
        return connect(str(server.kubeconfig), None, "going")

    cluster = reach()
    create_project(cluster)
    until(lambda: cluster.get(RIGHTS))
    cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "held", **HOLD}})
    cluster.merge(RIGHTS, {"metadata": HOLD})
    cluster.delete(ObjectRef("Project", "going"))
    with pytest.raises(BeingDeleted, match="Project going is being deleted"):
        status(reach(), "alpha", full=False)
    cluster.merge(RIGHTS, {"metadata": {"finalizers": []}})
    until(lambda: rights_are_gone(reach()))
    with pytest.raises(Refused, match="Not allowed") as refused:
        list_deployments(reach())
    assert "Nor may you see project going: it is being deleted" in refused.value.hint
