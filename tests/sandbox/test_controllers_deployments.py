"""Deployments and replica sets, with an API and no node."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from jhos.sandbox.client import Object
from tests.sandbox.control import PODS, Plane, control_plane

DEPLOYMENTS, SETS = "apis/apps/v1/deployments", "apis/apps/v1/replicasets"
QUOTAS, EVENTS = "api/v1/resourcequotas", "api/v1/events"


@pytest.fixture
async def plane(tmp_path: Path) -> AsyncIterator[Plane]:
    async with control_plane(tmp_path) as running:
        yield running


def deployment(name: str = "web", **spec: Any) -> Object:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "demo"},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "c", "image": "example.com/i:1"}]},
            },
            **spec,
        },
    }


async def pods(plane: Plane) -> list[Object]:
    found = await plane.client.list(PODS, "demo")
    return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]


async def live(plane: Plane, name: str = "web") -> Object:
    return await plane.client.get(DEPLOYMENTS, "demo", name)


async def until_pods(plane: Plane, count: int) -> list[Object]:
    async def are_enough() -> bool:
        return len(await pods(plane)) == count

    await plane.until(are_enough)
    return await pods(plane)


async def until_reason(plane: Plane, kind: str, reason: str) -> Object:
    async def said() -> Object | None:
        obj = await live(plane)
        conditions = obj.get("status", {}).get("conditions", [])
        return obj if any(c["type"] == kind and c["reason"] == reason for c in conditions) else None

    obj: Object = await plane.until(said)
    return obj


async def change_template(plane: Plane, stamp: str) -> None:
    template = {"metadata": {"annotations": {"stamp": stamp}}}
    await plane.client.patch(DEPLOYMENTS, "demo", "web", {"spec": {"template": template}})


async def test_a_deployment_comes_to_as_many_pods_as_it_says(plane: Plane) -> None:
    await plane.client.create(DEPLOYMENTS, deployment(replicas=3))
    found = await until_pods(plane, 3)
    assert {pod["metadata"]["ownerReferences"][0]["kind"] for pod in found} == {"ReplicaSet"}


async def test_a_rollout_is_complete_when_all_pods_are_ready(plane: Plane) -> None:
    await plane.client.create(DEPLOYMENTS, deployment(replicas=2))
    for pod in await until_pods(plane, 2):
        await plane.make_ready(pod)
    done = await until_reason(plane, "Progressing", "NewReplicaSetAvailable")
    counted = {name: n for name, n in done["status"].items() if name != "conditions"}
    assert counted == {
        "observedGeneration": 1,
        "replicas": 2,
        "updatedReplicas": 2,
        "readyReplicas": 2,
        "availableReplicas": 2,
    }


async def test_a_rolling_update_keeps_the_old_pod_until_the_new_one_is_ready(plane: Plane) -> None:
    await plane.client.create(DEPLOYMENTS, deployment())
    (old,) = await until_pods(plane, 1)
    await plane.make_ready(old)
    await until_reason(plane, "Progressing", "NewReplicaSetAvailable")
    await change_template(plane, "2")
    both = await until_pods(plane, 2)
    (new,) = [pod for pod in both if pod["metadata"]["uid"] != old["metadata"]["uid"]]
    await plane.make_ready(new)
    (left,) = await until_pods(plane, 1)
    assert left["metadata"]["uid"] == new["metadata"]["uid"]


async def test_recreate_makes_no_new_pod_while_an_old_one_exists(plane: Plane) -> None:
    await plane.add_node()
    await plane.client.create(DEPLOYMENTS, deployment(strategy={"type": "Recreate"}))
    (old,) = await until_pods(plane, 1)

    async def is_bound() -> bool:
        pod = await plane.client.get(PODS, "demo", old["metadata"]["name"])
        return "nodeName" in pod["spec"]

    await plane.until(is_bound)
    await change_template(plane, "2")

    async def is_ending() -> bool:
        pod = await plane.client.get(PODS, "demo", old["metadata"]["name"])
        return "deletionTimestamp" in pod["metadata"]

    await plane.until(is_ending)
    assert await pods(plane) == []
    name = old["metadata"]["name"]
    await plane.client.delete(PODS, "demo", name, gracePeriodSeconds=0)
    (new,) = await until_pods(plane, 1)
    assert new["metadata"]["uid"] != old["metadata"]["uid"]


async def test_a_new_template_is_a_new_revision(plane: Plane) -> None:
    await plane.client.create(DEPLOYMENTS, deployment(replicas=0))
    await until_reason(plane, "Progressing", "NewReplicaSetAvailable")
    await change_template(plane, "2")

    async def second() -> bool:
        annotations = (await live(plane))["metadata"]["annotations"]
        return bool(annotations["deployment.kubernetes.io/revision"] == "2")

    await plane.until(second)


async def test_an_earlier_template_takes_its_replica_set_again(plane: Plane) -> None:
    await plane.client.create(DEPLOYMENTS, deployment(replicas=0))
    await until_reason(plane, "Progressing", "NewReplicaSetAvailable")
    (first,) = await plane.client.list(SETS, "demo")
    await change_template(plane, "2")
    await plane.until(lambda: _sets(plane, 2))
    undone = {"spec": {"template": {"metadata": {"annotations": None}}}}
    await plane.client.patch(DEPLOYMENTS, "demo", "web", undone)

    async def third() -> bool:
        again = await plane.client.get(SETS, "demo", first["metadata"]["name"])
        annotations: dict[str, str] = again["metadata"]["annotations"]
        return annotations["deployment.kubernetes.io/revision"] == "3"

    await plane.until(third)
    assert len(await plane.client.list(SETS, "demo")) == 2


async def _sets(plane: Plane, count: int) -> bool:
    return len(await plane.client.list(SETS, "demo")) == count


async def test_a_rollout_that_stands_still_is_out_of_time(plane: Plane) -> None:
    await plane.client.create(DEPLOYMENTS, deployment(progressDeadlineSeconds=1))
    await until_reason(plane, "Progressing", "ProgressDeadlineExceeded")


async def test_a_paused_deployment_scales_but_does_not_roll_out(plane: Plane) -> None:
    await plane.client.create(DEPLOYMENTS, deployment())
    await until_pods(plane, 1)
    change = {"paused": True, "replicas": 2, "template": {"metadata": {"annotations": {"a": "b"}}}}
    await plane.client.patch(DEPLOYMENTS, "demo", "web", {"spec": change})
    await until_pods(plane, 2)
    assert len(await plane.client.list(SETS, "demo")) == 1


async def test_a_pod_that_is_deleted_is_replaced(plane: Plane) -> None:
    await plane.client.create(DEPLOYMENTS, deployment())
    (pod,) = await until_pods(plane, 1)
    await plane.client.delete(PODS, "demo", pod["metadata"]["name"])

    async def replaced() -> bool:
        uids = [found["metadata"]["uid"] for found in await pods(plane)]
        return len(uids) == 1 and uids[0] != pod["metadata"]["uid"]

    await plane.until(replaced)


async def test_a_deleted_deployment_takes_replica_sets_and_pods_along(plane: Plane) -> None:
    await plane.client.create(DEPLOYMENTS, deployment(replicas=2))
    await until_pods(plane, 2)
    await plane.client.delete(DEPLOYMENTS, "demo", "web")
    await until_pods(plane, 0)
    await plane.until(lambda: _sets(plane, 0))


async def test_a_foreground_deletion_waits_for_the_pods(plane: Plane) -> None:
    await plane.client.create(DEPLOYMENTS, deployment())
    await until_pods(plane, 1)
    await plane.client.delete(DEPLOYMENTS, "demo", "web", propagationPolicy="Foreground")
    await plane.gone(DEPLOYMENTS, "demo", "web")
    assert await pods(plane) == []


async def test_orphaned_replica_sets_stay(plane: Plane) -> None:
    await plane.client.create(DEPLOYMENTS, deployment())
    await until_pods(plane, 1)
    await plane.client.delete(DEPLOYMENTS, "demo", "web", propagationPolicy="Orphan")
    await plane.gone(DEPLOYMENTS, "demo", "web")
    (left,) = await plane.client.list(SETS, "demo")
    assert "ownerReferences" not in left["metadata"]


async def test_a_container_follows_the_image_stream_tag_of_its_trigger(plane: Plane) -> None:
    tag = {"name": "1", "from": {"kind": "DockerImage", "name": "openshift/python:latest"}}
    stream: Object = {"apiVersion": "image.openshift.io/v1", "kind": "ImageStream"}
    stream |= {"metadata": {"name": "base", "namespace": "demo"}, "spec": {"tags": [tag]}}
    followed = {"kind": "ImageStreamTag", "name": "base:1"}
    field = 'spec.template.spec.containers[?(@.name=="c")].image'
    trigger = json.dumps([{"from": followed, "fieldPath": field}])
    following = deployment(replicas=0)
    following["metadata"]["annotations"] = {"image.openshift.io/triggers": trigger}
    await plane.client.create(DEPLOYMENTS, following)
    await plane.client.create("apis/image.openshift.io/v1/imagestreams", stream)

    async def is_followed() -> bool:
        (container,) = (await live(plane))["spec"]["template"]["spec"]["containers"]
        return "/openshift/python@sha256:" in container["image"]

    await plane.until(is_followed)


async def test_a_quota_is_said_once_and_pods_come_when_it_is_lifted(plane: Plane) -> None:
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "none", "namespace": "demo"},
        "spec": {"hard": {"pods": "0"}},
    }
    await plane.client.create(QUOTAS, quota)
    await plane.client.create(DEPLOYMENTS, deployment())
    refused = await until_reason(plane, "ReplicaFailure", "FailedCreate")
    (replica_set,) = await plane.client.list(SETS, "demo")
    version = replica_set["metadata"]["resourceVersion"]
    tried = len(await plane.client.list(EVENTS, "demo", fieldSelector="reason=FailedCreate"))

    async def has_tried_again() -> bool:
        events = await plane.client.list(EVENTS, "demo", fieldSelector="reason=FailedCreate")
        return sum(int(each.get("count", 1)) for each in events) > tried + 2

    await plane.until(has_tried_again)
    (replica_set,) = await plane.client.list(SETS, "demo")
    assert replica_set["metadata"]["resourceVersion"] == version
    assert "exceeded quota" in str(refused["status"]["conditions"])
    await plane.client.delete(QUOTAS, "demo", "none")
    assert await until_pods(plane, 1)
