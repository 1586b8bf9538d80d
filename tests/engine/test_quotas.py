"""Every quota of the project is compared with the plan before anything is written."""

from collections.abc import Callable
from typing import Any

import pytest

from jhos.cluster.client import Cluster
from jhos.cluster.connect import connect
from jhos.objects import ObjectRef
from jhos.sandbox.layout import Layout
from tests.engine.conftest import IMAGES, Jhos, Reach

Limit = Callable[..., None]
KINDS = ("ConfigMap", "Deployment", "ImageStream", "Lease", "Secret", "Service", "ServiceAccount")


@pytest.fixture
def admin(server: Layout, project: str) -> Cluster:
    return connect(str(server.admin_kubeconfig), None, project)


@pytest.fixture
def limit(admin: Cluster) -> Limit:
    """`limit({"services": "2"})`: a quota of the project; returns once its use is counted."""

    def make(hard: dict[str, str], **spec: Any) -> None:
        admin.create({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "counts"},
                      "spec": {"hard": hard, **spec}})  # fmt: skip
        ref = ObjectRef("ResourceQuota", "counts")
        while "used" not in ((admin.get(ref) or {}).get("status") or {}):
            pass

    return make


def objects(cluster: Cluster) -> set[str]:
    found = [obj for kind in KINDS for obj in cluster.metadata(kind, "app")]
    return {str(ObjectRef.of(obj)) for obj in found}


@pytest.mark.parametrize(
    ("hard", "words", "hint"),
    [
        ({"count/deployments.apps": "2"}, "2 of 2 count/deployments.apps, 3", "oc get deployments"),
        ({"count/routes.route.openshift.io": "0"}, "count/routes.route.openshift.io, 1", "routes"),
        ({"services": "2"}, "2 of 2 services", "oc get services"),
        ({"count/secrets": "1"}, "count/secrets", "oc get secrets"),
        ({"count/leases.coordination.k8s.io": "0"}, "count/leases", "oc get leases"),
        ({"requests.storage": "512Mi"}, "512Mi of 512Mi requests.storage", "--database-storage"),
        ({"persistentvolumeclaims": "0"}, "persistentvolumeclaims, 1", "oc get persistent"),
        ({"sandbox.storageclass.storage.k8s.io/requests.storage": "1Mi"}, "1Mi", "--storage"),
        ({"limits.memory": "100Mi"}, "100Mi of 100Mi limits.memory", "--hub-memory"),
    ],
)  # fmt: skip
def test_a_quota_without_room_stops_a_deployment_before_its_first_write(
    jhos: Jhos, project: str, reach_alone: Reach, limit: Limit,
    hard: dict[str, str], words: str, hint: str,
) -> None:  # fmt: skip
    limit(hard)
    before = objects(reach_alone())
    result = jhos("deploy", "--name", "small", "-n", project, *IMAGES, "--no-wait", code=4)
    assert "quota counts leaves" in result.stderr
    assert words in result.stderr
    assert hint in result.stderr
    assert objects(reach_alone()) == before
    assert words in " ".join(jhos("check", "small", "-n", project, code=4).stdout.split())


@pytest.mark.parametrize("scope", ["Terminating", "BestEffort"])
def test_a_quota_for_other_pods_is_in_nobodys_way(
    jhos: Jhos, project: str, limit: Limit, scope: str
) -> None:
    limit({"pods": "0"}, scopes=[scope])
    jhos("deploy", "--name", "small", "-n", project, *IMAGES, "--no-wait")


def test_a_quota_of_the_cluster_is_named_like_one_of_the_project(
    jhos: Jhos, project: str, admin: Cluster, reach_alone: Reach
) -> None:
    labels = {"matchLabels": {"kubernetes.io/metadata.name": project}}
    spec = {"selector": {"labels": labels}, "quota": {"hard": {"count/services": "1"}}}
    kind, version = "ClusterResourceQuota", "quota.openshift.io/v1"
    path = f"/apis/{version}/clusterresourcequotas"
    body = {"apiVersion": version, "kind": kind, "metadata": {"name": project}, "spec": spec}
    admin.wire.client.request("post", path, body=body)
    result = jhos("deploy", "--name", "small", "-n", project, *IMAGES, "--no-wait", code=4)
    assert f"quota {project} leaves 1 of 1 count/services, 3 needed" in result.stderr
    assert not objects(reach_alone())


def test_a_change_is_compared_with_the_quota_too(
    jhos: Jhos, project: str, reach_alone: Reach, limit: Limit
) -> None:
    jhos("deploy", "--name", "grown", "-n", project, *IMAGES, "--no-wait")
    ref = ObjectRef("Deployment", "grown")
    limit({"limits.memory": "2Gi", "count/secrets": "20"})
    configure = ("configure", "grown", "-n", project, "--no-wait", "--set")
    result = jhos(*configure, "hub.memory=4Gi", code=4)
    assert "quota counts leaves" in result.stderr
    assert "limits.memory, 3584Mi needed" in result.stderr
    assert (reach_alone().get(ref) or {})["metadata"]["generation"] == 1
    jhos(*configure, "hub.memory=256Mi")


def test_an_unchanged_deployment_needs_nothing_of_a_quota_that_is_used_up(
    jhos: Jhos, project: str, limit: Limit
) -> None:
    deploy = ("deploy", "--name", "full", "-n", project, *IMAGES, "--no-wait")
    jhos(*deploy)
    limit({"count/deployments.apps": "3", "count/secrets": "2"})
    jhos(*deploy)
    assert "problem" not in jhos("check", "full", "-n", project).stdout


def test_a_quickstart_writes_nothing_where_a_quota_has_no_room(
    jhos: Jhos, project: str, reach_alone: Reach, limit: Limit
) -> None:
    limit({"count/buildconfigs.build.openshift.io": "0", "services": "0"})
    result = jhos(
        "quickstart", "--name", "course", "-n", project, "--git-url", "https://example.com/a.git",
        "--builder-image", "registry.example.com/base:1", code=4,
    )  # fmt: skip
    assert "leaves 0 of 0 count/buildconfigs.build.openshift.io, 1 needed" in result.stderr
    assert "leaves 0 of 0 services, 3 needed" in result.stderr
    assert not objects(reach_alone())
