"""Stateful sets, template instances and the count of quotas, with an API and no node."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from jhos.sandbox.client import Object
from jhos.sandbox.controllers.quotas import CLUSTER_QUOTAS, QUOTAS
from jhos.sandbox.controllers.statefulsets import REVISIONS, STATEFUL_SETS
from jhos.sandbox.controllers.templateinstances import INSTANCES
from tests.sandbox.control import PODS, Plane, control_plane

CLAIMS, CONFIG_MAPS = "api/v1/persistentvolumeclaims", "api/v1/configmaps"
ROUTES = "apis/route.openshift.io/v1/routes"


@pytest.fixture
async def plane(tmp_path: Path) -> AsyncIterator[Plane]:
    async with control_plane(tmp_path) as running:
        yield running


async def add_set(plane: Plane, **spec: Any) -> None:
    chosen = {"app": "db"}
    template = {
        "metadata": {"labels": chosen},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    }
    size = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    spec = {
        "serviceName": "db",
        "selector": {"matchLabels": chosen},
        "template": template,
        "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": size}],
        **spec,
    }
    meta = {"name": "db", "namespace": "demo"}
    body = {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": meta, "spec": spec}
    await plane.client.create(STATEFUL_SETS, body)


async def pod(plane: Plane, name: str) -> Object:
    found: Object = await plane.until(lambda: plane.client.get(PODS, "demo", name))
    return found


async def change_set(plane: Plane, spec: Object) -> None:
    await plane.client.patch(STATEFUL_SETS, "demo", "db", {"spec": spec}, kind="strategic")


async def until_status(plane: Plane, **wanted: Any) -> None:
    async def reached() -> bool:
        status = (await plane.client.get(STATEFUL_SETS, "demo", "db"))["status"]
        return {name: status.get(name, 0) for name in wanted} == wanted

    await plane.until(reached)


async def test_the_next_pod_waits_for_the_one_before(plane: Plane) -> None:
    await add_set(plane, replicas=2)
    first = await pod(plane, "db-0")
    await until_status(plane, replicas=1, readyReplicas=0)
    await plane.make_ready(first)
    second = await pod(plane, "db-1")
    assert second["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"] == "data-db-1"
    assert await plane.client.get(CLAIMS, "demo", "data-db-1")


async def test_in_parallel_none_waits(plane: Plane) -> None:
    await add_set(plane, replicas=3, podManagementPolicy="Parallel")
    for number in range(3):
        await pod(plane, f"db-{number}")


async def test_scaling_down_takes_the_last_pod_and_keeps_its_claim(plane: Plane) -> None:
    await add_set(plane, replicas=2, podManagementPolicy="Parallel")
    for name in ("db-0", "db-1"):
        await plane.make_ready(await pod(plane, name))
    await change_set(plane, {"replicas": 1})
    await plane.gone(PODS, "demo", "db-1")
    assert await plane.client.get(CLAIMS, "demo", "data-db-1")
    await until_status(plane, replicas=1, readyReplicas=1)


async def test_a_new_template_replaces_the_last_pod_first(plane: Plane) -> None:
    await add_set(plane, replicas=2, podManagementPolicy="Parallel")
    before = [await pod(plane, name) for name in ("db-0", "db-1")]
    for each in before:
        await plane.make_ready(each)
    await until_status(plane, readyReplicas=2)
    note = {"metadata": {"annotations": {"restarted": "now"}}}
    await change_set(plane, {"template": note})

    async def renewed(number: int) -> Object | None:
        found = await plane.client.get(PODS, "demo", f"db-{number}")
        return found if found["metadata"]["uid"] != before[number]["metadata"]["uid"] else None

    await plane.make_ready(await plane.until(lambda: renewed(1)))
    await plane.make_ready(await plane.until(lambda: renewed(0)))
    await until_status(plane, updatedReplicas=2, currentReplicas=2, readyReplicas=2)
    revisions = await plane.client.list(REVISIONS, "demo")
    assert sorted(revision["revision"] for revision in revisions) == [1, 2]


async def add_instance(plane: Plane, *objects: Object, **spec: Any) -> None:
    parameters = [{"name": "NAME", "value": "made"}]
    template = {"metadata": {"name": "t"}, "parameters": parameters, "objects": list(objects)}
    body = {"metadata": {"name": "i", "namespace": "demo"}, "spec": {"template": template, **spec}}
    await plane.client.create(INSTANCES, body)


async def until_condition(plane: Plane, kind: str) -> Object:
    async def reached() -> Object | None:
        status = (await plane.client.get(INSTANCES, "demo", "i"))["status"]
        return next((c for c in status.get("conditions") or [] if c["type"] == kind), None)

    found: Object = await plane.until(reached)
    return found


def config_map(name: str, **meta: Any) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **meta}}


async def test_an_instance_takes_its_parameters_from_a_secret(plane: Plane) -> None:
    secret = {"metadata": {"name": "p", "namespace": "demo"}, "stringData": {"NAME": "chosen"}}
    await plane.client.create("api/v1/secrets", secret)
    await add_instance(plane, config_map("${NAME}"), secret={"name": "p"})
    await until_condition(plane, "Ready")
    assert await plane.client.get(CONFIG_MAPS, "demo", "chosen")


async def test_the_objects_of_an_instance_go_with_it(plane: Plane) -> None:
    await add_instance(plane, config_map("${NAME}"))
    await until_condition(plane, "Ready")
    await plane.client.delete(INSTANCES, "demo", "i")
    await plane.gone(CONFIG_MAPS, "demo", "made")
    await plane.gone(INSTANCES, "demo", "i")


async def test_an_object_of_somebody_else_is_not_taken(plane: Plane) -> None:
    await plane.client.create(CONFIG_MAPS, config_map("made", namespace="demo"))
    await add_instance(plane, config_map("${NAME}"))
    condition = await until_condition(plane, "InstantiateFailure")
    assert condition["message"] == 'configmaps "made" already exists'


async def test_an_unknown_kind_fails_the_instance(plane: Plane) -> None:
    await add_instance(plane, {"apiVersion": "x/v1", "kind": "Y", "metadata": {"name": "z"}})
    condition = await until_condition(plane, "InstantiateFailure")
    assert condition["message"] == 'no matches for kind "Y" in version "x/v1"'


async def test_a_quota_counts_what_comes_and_goes(plane: Plane) -> None:
    hard = {"persistentvolumeclaims": "9", "count/routes.route.openshift.io": "2"}
    quota = {"metadata": {"name": "q", "namespace": "demo"}, "spec": {"hard": hard}}
    await plane.client.create(QUOTAS, quota)

    async def until_used(claims: int, routes: int) -> None:
        async def reached() -> bool:
            status = (await plane.client.get(QUOTAS, "demo", "q")).get("status") or {}
            return list((status.get("used") or {}).values()) == [str(routes), str(claims)]

        await plane.until(reached)

    await until_used(0, 0)
    size = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    claim = {"metadata": {"name": "c", "namespace": "demo"}, "spec": size}
    await plane.client.create(CLAIMS, claim)
    route = {"kind": "Service", "name": "web"}
    meta = {"name": "r", "namespace": "demo"}
    await plane.client.create(ROUTES, {"metadata": meta, "spec": {"to": route}})
    await until_used(1, 1)
    await plane.client.delete(ROUTES, "demo", "r")
    await until_used(1, 0)


async def test_a_quota_of_the_cluster_counts_each_project(plane: Plane) -> None:
    quota = {"hard": {"count/routes.route.openshift.io": "2"}}
    labels = {"matchLabels": {"kubernetes.io/metadata.name": "demo"}}
    spec = {"selector": {"labels": labels}, "quota": quota}
    await plane.client.create(CLUSTER_QUOTAS, {"metadata": {"name": "q"}, "spec": spec})
    meta = {"name": "r", "namespace": "demo"}
    to = {"kind": "Service", "name": "web"}
    await plane.client.create(ROUTES, {"metadata": meta, "spec": {"to": to}})

    async def counted() -> bool:
        status = (await plane.client.get(CLUSTER_QUOTAS, None, "q")).get("status")
        if not status:
            return False
        used = {"count/routes.route.openshift.io": "1"}
        shares = [(each["namespace"], each["status"]["used"]) for each in status["namespaces"]]
        return bool(status["total"]["used"] == used and shares == [("demo", used)])

    await plane.until(counted)
