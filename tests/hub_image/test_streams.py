"""Images by the names of the project's image streams, as the next server gets them."""

from collections.abc import Callable
from typing import Any

import pytest
from traitlets.config import Config

from jhos_hub.streams import pull_spec
from tests.hub_image.pods import pods
from tests.sandbox.server import Api

STREAMS = "/apis/image.openshift.io/v1/namespaces/default/imagestreams"
REGISTRY = "image-registry.openshift-image-registry.svc:5000/default/notebook"


def stream(digest: str, *tags: str, **policy: str) -> dict[str, Any]:
    item = {"image": digest, "dockerImageReference": f"{REGISTRY}@{digest}", "generation": 1}
    return {
        "apiVersion": "image.openshift.io/v1",
        "kind": "ImageStream",
        "metadata": {"name": "notebook"},
        "spec": {"tags": [{"name": tag, "referencePolicy": policy} for tag in tags]},
        "status": {
            "dockerImageRepository": REGISTRY,
            "tags": [{"tag": tag, "items": [item]} for tag in tags],
        },
    }


async def image_of(c: Config) -> str:
    image: str = (await pods(c, "alice"))[0]["spec"]["containers"][0]["image"]
    return image


async def test_a_new_tag_is_what_the_next_server_gets(
    cluster: Api, load: Callable[..., Config]
) -> None:
    c = load("c.KubeSpawner.image = 'notebook:3.12'")
    assert await image_of(c) == "notebook:3.12"
    made = await cluster.post(STREAMS, stream("sha256:" + "a" * 64, "3.12"))
    assert cluster.status == 201, made
    wanted = stream("sha256:" + "a" * 64, "3.12")["status"]
    await cluster.patch(f"{STREAMS}/notebook/status", {"status": wanted})
    assert await image_of(c) == f"{REGISTRY}@sha256:" + "a" * 64
    wanted = stream("sha256:" + "b" * 64, "3.12")["status"]
    await cluster.patch(f"{STREAMS}/notebook/status", {"status": wanted})
    assert await image_of(c) == f"{REGISTRY}@sha256:" + "b" * 64


@pytest.mark.parametrize(
    "name", ["quay.io/jupyter/base-notebook:latest", "a/b", "notebook@sha256:a"]
)
async def test_an_image_of_a_registry_stays(
    cluster: Api, load: Callable[..., Config], name: str
) -> None:
    await cluster.post(STREAMS, stream("sha256:" + "a" * 64, "latest"))
    assert await image_of(load(f"c.KubeSpawner.image = {name!r}")) == name


def test_a_tag_that_is_not_there_is_none() -> None:
    assert pull_spec(stream("sha256:aa", "3.12"), "latest") is None


def test_a_local_policy_names_the_cluster_s_registry() -> None:
    imported = stream("sha256:aa", "latest", type="Local")
    imported["status"]["tags"][0]["items"][0]["dockerImageReference"] = "quay.io/x/y@sha256:aa"
    assert pull_spec(imported, "latest") == f"{REGISTRY}@sha256:aa"
