"""Starts that come to nothing, against an API whose pods no node runs."""

import asyncio
from collections.abc import Callable

import pytest
from jupyterhub.spawner import SpawnException
from traitlets.config import Config

from tests.hub_image.pods import spawner
from tests.sandbox.server import Api

POD = "/api/v1/namespaces/default/pods/jupyterhub-nb-ada"
WAITING = {"reason": "ErrImagePull", "message": "manifest unknown"}
CONTAINER = {"name": "notebook", "image": "quay.io/a/b:1", "imageID": "", "ready": False,
             "restartCount": 0, "state": {"waiting": WAITING}}  # fmt: skip

Load = Callable[..., Config]


@pytest.fixture
async def project(cluster: Api) -> Api:
    """In which pods may be made."""
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
