"""What has the names of a deployment and is somebody else's, on an API server."""

import pytest

from jhos.actions.check import check
from jhos.actions.pipeline import propose
from jhos.actions.stored import existing
from jhos.checks import Finding, Verdict
from jhos.cluster.client import Cluster
from jhos.errors import Conflict, SettingsError
from tests.engine.conftest import Reach, given


@pytest.fixture
def cluster(reach: Reach) -> Cluster:
    cluster = reach()
    data = {"settings.yaml": "hub: {memory: 9Gi}"}
    cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "delta-cfg"},
                   "data": data})  # fmt: skip
    return cluster


def test_a_foreign_configuration_is_no_deployment(cluster: Cluster) -> None:
    with pytest.raises(SettingsError, match="No deployment delta"):
        existing(cluster, "delta")


def test_a_foreign_configuration_is_not_taken_for_one_of_an_older_jhos(cluster: Cluster) -> None:
    told: list[str] = []
    cluster.wire.keep_trying(60, lambda event: told.append(event.message))
    with pytest.raises(Conflict, match="ConfigMap delta-cfg exists already"):
        propose(cluster, "delta", given("delta"))
    assert told == []


def test_a_check_finds_that_a_name_is_taken(cluster: Cluster) -> None:
    def name(wanted: str) -> Finding:
        (found,) = (
            each for each in check(cluster, {"name": wanted}).findings if each.check == "Name"
        )
        return found

    assert name("delta").verdict is Verdict.PROBLEM
    assert name("delta").message.startswith("ConfigMap delta-cfg exists already")
    assert name("free").verdict is Verdict.OK
