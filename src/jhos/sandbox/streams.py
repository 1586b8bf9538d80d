"""Image streams: which image a tag stands for, and what becomes of a stream when one is tagged."""

from typing import Any

from jhos.sandbox.managed import now

Object = dict[str, Any]
HISTORY = 20
STREAM = "imagestreams.image.openshift.io"


def tag_of(stream: Object, tag: str) -> Object | None:
    """The entry of `spec.tags`."""
    tags = stream.get("spec", {}).get("tags") or ()
    return next((entry for entry in tags if entry["name"] == tag), None)


def latest(stream: Object, tag: str) -> Object | None:
    """The newest item of a tag: image, reference, generation."""
    tags = stream.get("status", {}).get("tags") or ()
    items = next((entry.get("items") for entry in tags if entry["tag"] == tag), None)
    return items[0] if items else None


def item_of_image(stream: Object, digest: str) -> Object | None:
    """The item with an image, by the beginning of its digest."""
    for entry in stream.get("status", {}).get("tags") or ():
        for item in entry.get("items") or ():
            if item["image"].startswith(digest) or item["image"].startswith(f"sha256:{digest}"):
                return dict(item)
    return None


def tagged(stream: Object, tag: str, item: Object) -> Object:
    """The stream with an image at the top of a tag, and of the tags that point to it."""
    stream = _with_item(stream, tag, item)
    for entry in stream.get("spec", {}).get("tags") or ():
        if _tracks(stream, entry) == tag and entry["name"] != tag:
            stream = _with_item(stream, entry["name"], {**item, "created": now()})
    return stream


def _with_item(stream: Object, tag: str, item: Object) -> Object:
    status = stream.get("status", {})
    tags = [dict(entry) for entry in status.get("tags") or ()]
    entry = next((entry for entry in tags if entry["tag"] == tag), None)
    if entry is None:
        tags.append(entry := {"tag": tag, "items": []})
    items = entry.get("items") or []
    if items and items[0]["image"] == item["image"]:
        entry["items"] = [{**items[0], **item, "created": items[0]["created"]}, *items[1:]]
    else:
        entry["items"] = [item, *items][:HISTORY]
    entry.pop("conditions", None)
    return {**stream, "status": {**status, "tags": tags}}


def new_item(image: str, reference: str, generation: int) -> Object:
    return {
        "created": now(),
        "dockerImageReference": reference,
        "image": image,
        "generation": generation,
    }


def _tracks(stream: Object, entry: Object) -> str:
    """The tag of the same stream that an entry of `spec.tags` points to; empty when none."""
    source = entry.get("from") or {}
    if source.get("kind") != "ImageStreamTag" or source.get("namespace"):
        return ""
    name, colon, tag = source.get("name", "").rpartition(":")
    own = not colon or name == stream["metadata"]["name"]
    return tag if own else ""


def follow(stream: Object, generation: int) -> Object:
    """Give new entries of `spec.tags` their generation and, where they point inside, the image."""
    spec = stream.get("spec", {})
    tags = [{**entry, "generation": entry.get("generation", generation)} for entry in spec["tags"]]
    stream = {**stream, "spec": {**spec, "tags": tags}}
    for entry in tags:
        item = pointed(stream, entry)
        current = latest(stream, entry["name"])
        if item and (current is None or current["image"] != item["image"]):
            new = new_item(item["image"], item["dockerImageReference"], entry["generation"])
            stream = _with_item(stream, entry["name"], new)
    return stream


def pointed(stream: Object, entry: Object) -> Object | None:
    """The item of the same stream that an entry of `spec.tags` points to."""
    source = entry.get("from") or {}
    if tag := _tracks(stream, entry):
        return latest(stream, tag) if tag != entry["name"] else None
    if source.get("kind") == "ImageStreamImage" and not source.get("namespace"):
        return item_of_image(stream, source["name"].partition("@")[2])
    return None


def without_tag(stream: Object, tag: str) -> Object:
    spec, status = stream.get("spec", {}), stream.get("status", {})
    kept = [entry for entry in spec.get("tags") or () if entry["name"] != tag]
    seen = [entry for entry in status.get("tags") or () if entry["tag"] != tag]
    return {**stream, "spec": {**spec, "tags": kept}, "status": {**status, "tags": seen}}
