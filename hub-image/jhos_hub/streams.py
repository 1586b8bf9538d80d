"""Image streams of the hub's project: a name without a registry becomes the image it is just now.

A new tag or build is therefore what the next server gets, without a restart of the hub.
"""

import re
from collections.abc import Mapping
from typing import Any

from kubernetes_asyncio.client.exceptions import ApiException
from kubespawner.clients import shared_client

STREAM = re.compile(r"(?P<name>[a-z0-9][a-z0-9._-]*)(?::(?P<tag>[\w.-]+))?")


async def resolve(image: str, namespace: str) -> str:
    """`STREAM[:TAG]` → the pull spec with digest; any other name, and an absent one, as it is."""
    match = STREAM.fullmatch(image)
    if match is None:
        return image
    stream = await _stream(match["name"], namespace)
    found = pull_spec(stream, match["tag"] or "latest") if stream else None
    return found or image


async def _stream(name: str, namespace: str) -> Mapping[str, Any] | None:
    """None too where the cluster has no image streams, or the hub may not read them."""
    api = shared_client("CustomObjectsApi")
    try:
        found: Mapping[str, Any] = await api.get_namespaced_custom_object(
            "image.openshift.io", "v1", namespace, "imagestreams", name
        )
    except ApiException as error:
        if error.status in (403, 404):
            return None
        raise
    return found


def pull_spec(stream: Mapping[str, Any], tag: str) -> str | None:
    """Of the tag's newest image, as the cluster itself names it; None: there is no such tag."""
    status = stream.get("status", {})
    tags = {each["tag"]: each.get("items") or [] for each in status.get("tags") or []}
    if not tags.get(tag):
        return None
    newest = tags[tag][0]
    repository = status.get("dockerImageRepository")
    policies = {
        each["name"]: each.get("referencePolicy", {}).get("type")
        for each in stream.get("spec", {}).get("tags") or []
    }
    if policies.get(tag) == "Local" and repository:
        return f"{repository}@{newest['image']}"
    reference: str = newest["dockerImageReference"]
    return reference
