"""Image streams from their other sides: tags, images, mappings."""

from collections.abc import Iterator
from typing import Any

from jhos.sandbox import failure, patching, registry, streams
from jhos.sandbox.answers import Answer, success
from jhos.sandbox.call import Call
from jhos.sandbox.decoding import without_nulls
from jhos.sandbox.kinds import BY_KEY

Object = dict[str, Any]

STREAMS = BY_KEY["imagestreams.image.openshift.io"]
IMAGES = BY_KEY["images.image.openshift.io"]
API = "image.openshift.io/v1"


def _stream(call: Call, name: str) -> Object:
    found = call.store.get(STREAMS.key, call.namespace, name)
    if found is None:
        raise failure.not_found(STREAMS.group, call.kind.plural, call.name or name)
    return found


def _parts(call: Call) -> tuple[str, str]:
    name, colon, tag = call.name.partition(":")
    if not colon or not tag:
        raise failure.bad_request("ImageStreamTags must be retrieved with <name>:<tag>")
    return name, tag


def image(call: Call, item: Object) -> Object:
    """The image of a stream's item, by the reference that the stream has for it."""
    stored = call.store.get(IMAGES.key, "", item["image"])
    found = stored or {"metadata": {"name": item["image"]}, "dockerImageLayers": None}
    own = {k: v for k, v in found.items() if k not in ("kind", "apiVersion")}
    return {**own, "dockerImageReference": item["dockerImageReference"]}


def tag_object(call: Call, stream: Object, tag: str) -> Object:
    """Raises Failure 404 when the tag has no image and is not wanted either."""
    item, wanted = streams.latest(stream, tag), streams.tag_of(stream, tag)
    meta = stream["metadata"]
    if item is None:
        raise failure.not_found(STREAMS.group, call.kind.plural, f"{meta['name']}:{tag}")
    kept = ("namespace", "uid", "resourceVersion", "labels", "annotations")
    own = {name: meta[name] for name in kept if name in meta}
    head = {"kind": "ImageStreamTag", "apiVersion": API}
    named = {"name": f"{meta['name']}:{tag}", "creationTimestamp": item["created"]}
    return {
        **head,
        "metadata": {**own, **named},
        "tag": wanted,
        "generation": item["generation"],
        "lookupPolicy": stream["spec"]["lookupPolicy"],
        "image": image(call, item),
    }


def get_tag(call: Call) -> Answer:
    name, tag = _parts(call)
    return Answer(tag_object(call, _stream(call, name), tag))


def list_tags(call: Call) -> Answer:
    objects = list(_tags(call))
    return Answer({}, objects=objects)


def _tags(call: Call) -> Iterator[Object]:
    for stream in call.store.objects(STREAMS.key, call.namespace):
        for entry in stream.get("status", {}).get("tags") or ():
            if entry.get("items"):
                yield tag_object(call, stream, entry["tag"])


def create_tag(call: Call) -> Answer:
    body = registry.decode(call, call.object())
    name, _, tag = body["metadata"].get("name", "").partition(":")
    return Answer(_set_tag(call, name, tag, body), 201)


def update_tag(call: Call) -> Answer:
    name, tag = _parts(call)
    return Answer(_set_tag(call, name, tag, registry.decode(call, call.object())))


def patch_tag(call: Call) -> Answer:
    name, tag = _parts(call)
    live = tag_object(call, _stream(call, name), tag)
    changed = registry.decode(call, patching.changed(call, live))
    return Answer(_set_tag(call, name, tag, changed))


def _set_tag(call: Call, name: str, tag: str, body: Object) -> Object:
    """Put the `tag` of an ImageStreamTag into the `spec.tags` of its stream, made if missing."""
    entry = {**(body.get("tag") or {}), "name": tag}
    entry.pop("generation", None)
    stream = call.store.get(STREAMS.key, call.namespace, name)
    if stream is None:
        new = {"metadata": {"name": name}, "spec": {"tags": [entry]}}
        stream = registry.create(call.internal(STREAMS, call.namespace, ""), new)
    else:
        others = [e for e in stream["spec"].get("tags") or () if e["name"] != tag]
        changed = {**stream, "spec": {**stream["spec"], "tags": [*others, entry]}}
        stream = registry.update(call.internal(STREAMS, call.namespace, name), changed)
    if streams.latest(stream, tag) is None:
        head = {"kind": "ImageStreamTag", "apiVersion": API}
        return {**head, "metadata": {"name": f"{name}:{tag}"}, "tag": entry, "image": None}
    return tag_object(call, stream, tag)


def delete_tag(call: Call) -> Answer:
    name, tag = _parts(call)
    stream = _stream(call, name)
    tag_object(call, stream, tag)
    if not call.dry_run:
        call.store.put(STREAMS.key, streams.without_tag(stream, tag))
    return Answer(success())


def get_image(call: Call) -> Answer:
    name, _, digest = call.name.partition("@")
    if not digest:
        raise failure.bad_request("ImageStreamImages must be retrieved with <name>@<id>")
    item = streams.item_of_image(_stream(call, name), digest)
    if item is None:
        raise failure.not_found(STREAMS.group, call.kind.plural, call.name)
    meta = {"name": f"{name}@{item['image']}", "namespace": call.namespace}
    head = {"kind": "ImageStreamImage", "apiVersion": API}
    return Answer({**head, "metadata": meta, "image": image(call, item)})


def create_mapping(call: Call) -> Answer:
    """Tag an image, kept with what is told of it, into a stream."""
    body = registry.decode(call, call.object())
    name = body["metadata"].get("name", "")
    stream = _stream(call, name)
    told, tag = body["image"], body.get("tag", "latest")
    digest = told["metadata"]["name"]
    if call.store.get(IMAGES.key, "", digest) is None:
        new = {"dockerImageMetadataVersion": "1.0", **without_nulls(told)}
        registry.create(call.internal(IMAGES, "", ""), new)
    generation = stream["metadata"].get("generation", 1)
    item = streams.new_item(digest, told.get("dockerImageReference", ""), generation)
    if not call.dry_run:
        call.store.put(STREAMS.key, streams.tagged(stream, tag, item))
    return Answer({**success(), "code": 201}, 201)
