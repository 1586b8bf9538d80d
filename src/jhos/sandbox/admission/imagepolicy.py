"""Images named by a tag of an image stream with local lookup become pull specs by digest."""

from collections.abc import Iterator
from typing import Any

from jhos.sandbox import streams
from jhos.sandbox.call import Call
from jhos.sandbox.poddefaults import containers

Object = dict[str, Any]
RESOLVE = "alpha.image.policy.openshift.io/resolve-names"


def resolve(call: Call, obj: Object) -> None:
    for meta, spec in _pod_specs(call.kind.key, obj):
        always = meta.get("annotations", {}).get(RESOLVE) == "*"
        always = always or obj["metadata"].get("annotations", {}).get(RESOLVE) == "*"
        for container in containers(spec):
            image = container.get("image", "")
            if reference := _reference(call, image, always=always):
                container["image"] = reference


def _pod_specs(key: str, obj: Object) -> Iterator[tuple[Object, Object]]:
    """The pod's metadata and spec, or those of the template."""
    if key == "pods":
        yield obj["metadata"], obj["spec"]
    elif key == "cronjobs.batch":
        template = obj["spec"]["jobTemplate"]["spec"]["template"]
        yield template.get("metadata", {}), template["spec"]
    elif "spec" in (template := obj.get("spec", {}).get("template", {})) and _has_template(key):
        yield template.get("metadata", {}), template["spec"]


def _has_template(key: str) -> bool:
    return key.endswith(".apps") or key in ("jobs.batch", "replicationcontrollers")


def _reference(call: Call, image: str, *, always: bool) -> str:
    """Empty where the image is no tag of a stream that may be used so."""
    if not image.strip() or "/" in image or "@" in image:
        return ""
    name, _, tag = image.partition(":")
    stream = call.store.get(streams.STREAM, call.namespace, name)
    if stream is None or not (always or stream["spec"]["lookupPolicy"]["local"]):
        return ""
    item = streams.latest(stream, tag or "latest")
    return str(item["dockerImageReference"]) if item else ""
