"""What controllers offer from the first moment: the default storage class and the base images."""

import asyncio

from jhos.sandbox.client import ApiClient, ApiError
from jhos.sandbox.controllers.imagestreams import offer_base_images
from jhos.sandbox.controllers.volumes import CLASSES, storage_class
from jhos.sandbox.images import ImageStore
from jhos.sandbox.layout import Layout


async def ensure(client: ApiClient, where: Layout) -> None:
    """Make what is missing."""
    try:
        await client.create(CLASSES, storage_class())
    except ApiError as error:
        if error.reason != "AlreadyExists":
            raise
    images = await asyncio.to_thread(ImageStore(where).base_images)
    await offer_base_images(client, images)
