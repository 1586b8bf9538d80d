"""Starts that come to nothing, against an API whose pods no node runs."""

import asyncio
from collections.abc import Callable

import pytest
from jupyterhub.spawner import SpawnException
from kubespawner import KubeSpawner
from traitlets.config import Config

from tests.hub_image.pods import spawner
from tests.sandbox.server import Api

POD = "/api/v1/namespaces/default/pods/jupyterhub-nb-ada"
WAITING = {"reason": "ErrImagePull", "message": "manifest unknown"}
CONTAINER = {"name": "notebook", "image": "quay.io/a/b:1", "imageID": "", "ready": False,
             "restartCount": 0, "state": {"waiting": WAITING}}  # fmt: skip

Load = Callable[..., Config]


@pytest.fixture
async def project(cluster: Api, monkeypatch: pytest.MonkeyPatch) -> Api:
    """In which pods may be made, by a hub that has not looked at any other."""
    monkeypatch.setattr(KubeSpawner, "reflectors", {})
    account = {"metadata": {"name": "default"}}
    await cluster.post("/api/v1/namespaces/default/serviceaccounts", account)
    return cluster


async def test_a_pod_that_will_not_run_is_told_of_and_is_gone(load: Load, project: Api) -> None:
    starting = spawner(load(), "ada").start()
    while (await project.get(POD))["kind"] != "Pod":
        await asyncio.sleep(0.05)
    await project.patch(f"{POD}/status", {"status": {"containerStatuses": [CONTAINER]}})
    with pytest.raises(SpawnException, match=r"quay.io/a/b:1 cannot be pulled: manifest unknown"):
        await starting
    assert (await project.get(POD))["reason"] == "NotFound"


async def test_a_pod_that_comes_to_nothing_in_time_is_told_of(load: Load, project: Api) -> None:
    starting = spawner(load("c.KubeSpawner.start_timeout = 4"), "ada").start()
    with pytest.raises(SpawnException, match="did not start within 4 seconds"):
        await starting
    assert (await project.get(POD))["reason"] == "NotFound"


async def test_the_pull_of_a_large_image_takes_nothing_of_the_time(
    load: Load, project: Api
) -> None:
    starting = spawner(load("c.KubeSpawner.start_timeout = 4"), "ada").start()
    while (await project.get(POD))["kind"] != "Pod":
        await asyncio.sleep(0.05)
    await happens(project, "Pulling", "2026-01-01T00:00:00Z")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(starting), 5)
    await happens(project, "Pulled", "2026-01-01T00:00:09Z")
    with pytest.raises(SpawnException, match="did not start within 4 seconds"):
        await starting


async def happens(project: Api, reason: str, at: str) -> None:
    """To the pod, as a kubelet tells of it."""
    event = {
        "metadata": {"name": f"ada.{reason.lower()}"},
        "involvedObject": {"kind": "Pod", "name": "jupyterhub-nb-ada", "namespace": "default"},
        "reason": reason,
        "type": "Normal",
        "firstTimestamp": at,
        "lastTimestamp": at,
    }
    await project.post("/api/v1/namespaces/default/events", event)
