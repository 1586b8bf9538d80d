"""Finding the image that a container names, among those the sandbox has."""

import asyncio

from jhos.sandbox.base.definition import MissingWheel
from jhos.sandbox.client import ApiClient, ApiError
from jhos.sandbox.images import REGISTRY, BrokenImage, Image, ImageStore, UnknownImage

TAGS = "apis/image.openshift.io/v1/imagestreamtags"


class PullError(Exception):
    """The image cannot be had; the message is for the user."""


async def pull(client: ApiClient, store: ImageStore, reference: str) -> Image:
    """By digest, by the tag of an image stream, or the name of a base image."""
    try:
        image = await _find(client, store, reference)
        await asyncio.to_thread(store.prepare, image)
    except UnknownImage:
        raise PullError(
            f'Failed to pull image "{reference}": the sandbox has no such image; it runs only '
            "those built in it and the openshift/python and openshift/postgresql streams"
        ) from None
    except (BrokenImage, MissingWheel) as error:
        raise PullError(f'Failed to pull image "{reference}": {error}') from error
    return image


async def _find(client: ApiClient, store: ImageStore, reference: str) -> Image:
    try:
        return store.get(reference)
    except UnknownImage:
        namespace, name, tag = _stream_tag(reference)
        if not name:
            raise
        return store.get(await _latest(client, namespace, f"{name}:{tag}"))


async def _latest(client: ApiClient, namespace: str, tag: str) -> str:
    try:
        found = await client.get(TAGS, namespace, tag)
    except ApiError as error:
        raise UnknownImage(tag) from error
    reference: str = found["image"]["dockerImageReference"]
    return reference


def _stream_tag(reference: str) -> tuple[str, str, str]:
    """`REGISTRY/NAMESPACE/NAME[:TAG]` in parts, empty ones for another reference."""
    host, _, path = reference.partition("/")
    namespace, _, name = path.partition("/")
    if host != REGISTRY or "@" in name:
        return "", "", ""
    stream, _, tag = name.partition(":")
    return namespace, stream, tag or "latest"
