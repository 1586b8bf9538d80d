"""Quotas by count, size, scope and class, of a project and of a cluster."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.server import APPS, CORE, Api, config_map, deployment, pod, serving

ROUTES = "/apis/route.openshift.io/v1/namespaces/demo/routes"
CLUSTER_QUOTAS = "/apis/quota.openshift.io/v1/clusterresourcequotas"
APPLIED = "/apis/quota.openshift.io/v1/namespaces/{}/appliedclusterresourcequotas"
ROUTE = {"metadata": {"name": "web"}, "spec": {"to": {"kind": "Service", "name": "web"}}}


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(tmp_path) as found:
        yield found


async def limit(api: Api, hard: dict[str, str], **spec: Any) -> None:
    quota = {"metadata": {"name": "q"}, "spec": {"hard": hard, **spec}}
    await api.post(f"{CORE}/resourcequotas", quota)
    assert api.status == 201


def service(kind: str) -> dict[str, Any]:
    return {"metadata": {"name": "s"}, "spec": {"type": kind, "ports": [{"port": 80}]}}


def claim(name: str, size: str, storage_class: str = "slow") -> dict[str, Any]:
    spec = {"accessModes": ["ReadWriteOnce"], "storageClassName": storage_class,
            "resources": {"requests": {"storage": size}}}  # fmt: skip
    return {"metadata": {"name": name}, "spec": spec}


@pytest.mark.parametrize(
    ("resource", "path", "body"),
    [
        ("count/deployments.apps", f"{APPS}/deployments", deployment("a")),
        ("count/routes.route.openshift.io", ROUTES, ROUTE),
        ("count/secrets", f"{CORE}/secrets", {"metadata": {"name": "s"}}),
        ("configmaps", f"{CORE}/configmaps", config_map("c")),
        ("services.nodeports", f"{CORE}/services", service("NodePort")),
        ("services.loadbalancers", f"{CORE}/services", service("LoadBalancer")),
        ("slow.storageclass.storage.k8s.io/requests.storage",
         f"{CORE}/persistentvolumeclaims", claim("c", "1Gi")),
    ],
)  # fmt: skip
async def test_a_quota_limits_what_it_names(
    api: Api, resource: str, path: str, body: dict[str, Any]
) -> None:
    await limit(api, {resource: "0"})
    answer = await api.post(path, body)
    assert api.status == 403
    assert f"exceeded quota: q, requested: {resource}=1" in answer["message"]
    assert f"limited: {resource}=0" in answer["message"]


async def test_a_class_that_no_quota_names_is_free(api: Api) -> None:
    await limit(api, {"slow.storageclass.storage.k8s.io/persistentvolumeclaims": "0"})
    await api.post(f"{CORE}/persistentvolumeclaims", claim("c", "1Gi", "fast"))
    assert api.status == 201


async def test_a_service_may_not_grow_into_a_quota(api: Api) -> None:
    await api.post(f"{CORE}/services", service("ClusterIP"))
    await limit(api, {"services.nodeports": "0", "services": "1"})
    await api.patch(f"{CORE}/services/s", {"metadata": {"labels": {"a": "b"}}})
    assert api.status == 200
    answer = await api.patch(f"{CORE}/services/s", {"spec": {"type": "NodePort"}})
    assert "requested: services.nodeports=1" in answer["message"]


async def test_what_starts_a_pod_counts_where_it_needs_more(api: Api) -> None:
    await limit(api, {"requests.memory": "1Gi"})
    first = {"name": "first", "image": "i", "resources": {"requests": {"memory": "2Gi"}}}
    main = {"name": "main", "image": "i", "resources": {"requests": {"memory": "1Gi"}}}
    answer = await api.post(f"{CORE}/pods", pod("a", initContainers=[first], containers=[main]))
    assert "requested: requests.memory=2Gi" in answer["message"]
    bare = {"name": "first", "image": "i"}
    answer = await api.post(f"{CORE}/pods", pod("a", initContainers=[bare], containers=[main]))
    assert "must specify requests.memory for: first" in answer["message"]


@pytest.mark.parametrize(
    ("scopes", "status"), [(["BestEffort"], 403), (["NotBestEffort"], 201), (["Terminating"], 201)]
)
async def test_a_quota_of_a_scope_holds_for_the_pods_in_it(
    api: Api, scopes: list[str], status: int
) -> None:
    await limit(api, {"pods": "0"}, scopes=scopes)
    await api.post(f"{CORE}/pods", pod("a"))
    assert api.status == status


async def test_a_quota_of_the_cluster_is_shared_by_the_projects_that_it_selects(api: Api) -> None:
    for name in ("one", "two", "other"):
        labels = {"team": "red" if name == "other" else "blue"}
        await api.post("/api/v1/namespaces", {"metadata": {"name": name, "labels": labels}})
    selector = {"labels": {"matchLabels": {"team": "blue"}}}
    spec = {"selector": selector, "quota": {"hard": {"count/configmaps": "1"}}}
    await api.post(CLUSTER_QUOTAS, {"metadata": {"name": "blue"}, "spec": spec})
    await api.post("/api/v1/namespaces/one/configmaps", config_map("c"))
    await api.post("/api/v1/namespaces/other/configmaps", config_map("c"))
    assert api.status == 201
    answer = await api.post("/api/v1/namespaces/two/configmaps", config_map("c"))
    assert "exceeded quota: blue, requested: count/configmaps=1" in answer["message"]
    names = [each["metadata"]["name"] for each in (await api.get(APPLIED.format("two")))["items"]]
    assert names == ["blue"]
    assert (await api.get(APPLIED.format("other")))["items"] is None
