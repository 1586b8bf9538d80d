"""Image streams: the base images of namespace `openshift`, imports, and tags for built images."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from jhos.sandbox.client import ApiClient, ApiError, Object
from jhos.sandbox.controllers.informers import Key, key_of
from jhos.sandbox.controllers.loop import Control, Loop
from jhos.sandbox.controllers.meta import is_deleting, timestamp, with_condition
from jhos.sandbox.images import Image, ImageStore, StreamImage, UnknownImage

STREAMS = "apis/image.openshift.io/v1/imagestreams"
MAPPINGS = "apis/image.openshift.io/v1/imagestreammappings"
OPENSHIFT = "openshift"


class ImageStreams:
    """The controller: imports what `spec.tags` names and the image store has."""

    def __init__(self, control: Control) -> None:
        self.client, self.store = control.client, ImageStore(control.layout)
        self.streams = control.informer(STREAMS)
        self.loop = Loop("imagestreams", self.reconcile)
        self.streams.listen(self.loop.on_change)

    async def run(self) -> None:
        await self.loop.run()

    async def reconcile(self, key: Key) -> float | None:
        stream = self.streams.get(*key)
        if stream is None or is_deleting(stream):
            return None
        for tag in stream["spec"].get("tags") or []:
            if (tag.get("from") or {}).get("kind") == "DockerImage":
                await self._import(stream, tag)
        return None

    async def _import(self, stream: Object, tag: Object) -> None:
        name = tag["from"]["name"]
        held = next((t for t in status_tags(stream) if t["tag"] == tag["name"]), {})
        try:
            image = await asyncio.to_thread(self.store.get, name)
        except UnknownImage:
            await self._refuse(stream, tag, held, name)
            return
        newest = (held.get("items") or [{}])[0]
        older = newest.get("generation", 0) < (tag.get("generation") or 1)
        if newest.get("image") != image.digest or older:
            await tag_image(self.client, stream, tag["name"], image)

    async def _refuse(self, stream: Object, tag: Object, held: Object, name: str) -> None:
        """Say so in the stream's status, once for each generation of the tag."""
        generation = tag.get("generation", 1)
        conditions = held.get("conditions") or []
        if any(condition.get("generation") == generation for condition in conditions):
            return
        message = f"{name}: the sandbox has no such image and reaches no registry"
        renewed = with_condition(
            conditions, "ImportSuccess", "False", "NotFound", message, datetime.now(UTC)
        )
        renewed = [condition | {"generation": generation} for condition in renewed]
        others = [t for t in status_tags(stream) if t["tag"] != tag["name"]]
        entry = {"items": [], **held, "tag": tag["name"], "conditions": renewed}
        changed = stream | {"status": (stream.get("status") or {}) | {"tags": [*others, entry]}}
        self.streams.written(await self.client.update(STREAMS, changed, "status"))


def status_tags(stream: Object) -> list[Object]:
    return (stream.get("status") or {}).get("tags") or []


async def tag_image(client: ApiClient, stream: Object, tag: str, image: Image) -> None:
    """Let the stream's tag lead to the image."""
    namespace, name = key_of(stream)
    await client.create(MAPPINGS, mapping(namespace, name, tag, image))


def mapping(namespace: str, stream: str, tag: str, image: Image) -> Object:
    return {
        "apiVersion": "image.openshift.io/v1",
        "kind": "ImageStreamMapping",
        "metadata": {"name": stream, "namespace": namespace},
        "tag": tag,
        "image": {
            "metadata": {
                "name": image.digest,
                "annotations": {"image.openshift.io/manifestBlobsStored": "true"},
            },
            "dockerImageReference": image.reference,
            "dockerImageMetadata": docker_metadata(image),
            "dockerImageMetadataVersion": "1.0",
        },
    }


def docker_metadata(image: Image) -> Object:
    """What a registry would tell of the image."""
    config: dict[str, Any] = {
        "Env": [f"{name}={value}" for name, value in image.config["env"].items()],
        "Cmd": list(image.config["cmd"]),
        "Labels": dict(image.config["labels"]),
        "WorkingDir": image.config["workdir"],
        "User": image.config["user"],
        "ExposedPorts": {port: {} for port in image.config["exposedPorts"]},
    }
    return {
        "kind": "DockerImage",
        "apiVersion": "1.0",
        "Id": image.digest,
        "Created": timestamp(),
        "Architecture": "amd64",
        "Config": {name: value for name, value in config.items() if value},
    }


async def offer_base_images(client: ApiClient, images: Sequence[StreamImage]) -> None:
    """Have the streams of namespace `openshift` lead to the base images there are now."""
    streams = {s["metadata"]["name"]: s for s in await client.list(STREAMS, OPENSHIFT)}
    for stream_name, tag, image in images:
        if stream_name not in streams:
            streams[stream_name] = await _create_stream(client, stream_name)
        stream = streams[stream_name]
        held = next((t for t in status_tags(stream) if t["tag"] == tag), {})
        if (held.get("items") or [{}])[0].get("image") != image.digest:
            await tag_image(client, stream, tag, image)


async def _create_stream(client: ApiClient, name: str) -> Object:
    stream = {
        "apiVersion": "image.openshift.io/v1",
        "kind": "ImageStream",
        "metadata": {"name": name, "namespace": OPENSHIFT},
    }
    try:
        return await client.create(STREAMS, stream)
    except ApiError as error:
        if error.reason != "AlreadyExists":
            raise
        return await client.get(STREAMS, OPENSHIFT, name)
