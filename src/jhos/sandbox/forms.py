"""Answers in the form that the client accepts: JSON or YAML, whole, as tables or metadata only."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import yaml

from jhos.sandbox import tables
from jhos.sandbox.failure import Failure
from jhos.sandbox.kinds import Kind
from jhos.sandbox.store import text_of

Object = dict[str, Any]

KNOWN = ("application/json", "application/yaml", "application/*", "*/*")
REPRESENTATIONS = (
    "application/json, application/yaml, application/vnd.kubernetes.protobuf, "
    "application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch"
)
# Lists that a server puts together itself, and that are left out where there is nothing.
NULL_WHEN_EMPTY = ("appliedclusterresourcequotas.quota.openshift.io",)
META_GROUP = "meta.k8s.io/v1"
_YAML_STRING = "tag:yaml.org,2002:str"


@dataclass(frozen=True)
class Form:
    """One entry of an Accept header; `shape` is empty, Table or PartialObjectMetadata(List)."""

    media: str = "application/json"
    shape: str = ""


def negotiate(accept: str) -> Form:
    """The first form of an Accept header that is known; raises Failure 406."""
    if not accept:
        return Form()
    for entry in accept.split(","):
        media, *parameters = (part.strip() for part in entry.split(";"))
        words = dict(p.partition("=")[::2] for p in parameters)
        shape = words.get("as", "")
        if media not in KNOWN or (shape and words.get("v", "v1") != "v1"):
            continue
        media = media if media == "application/yaml" else "application/json"
        return Form(media, shape)
    message = f"406: Not Acceptable\n\nAvailable representations: {REPRESENTATIONS}"
    raise Failure(406, message, details={})


class _YamlDumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc] # of libyaml, if there
    """Quotes as the real server does: `"1"` where a plain 1 would be a number."""


def _quoted(dumper: Any, text: str) -> yaml.ScalarNode:
    plain = dumper.resolve(yaml.ScalarNode, text, (True, False)) == _YAML_STRING
    node: yaml.ScalarNode = dumper.represent_scalar(
        _YAML_STRING, text, style=None if plain else '"'
    )
    return node


_YamlDumper.add_representer(str, _quoted)


def encode(body: Object, media: str) -> bytes:
    if media == "application/yaml":
        return yaml.dump(dict(body), Dumper=_YamlDumper).encode()
    return text_of(body).encode() + b"\n"


def encode_list(kind: Kind, objects: list[Object], meta: Object, form: Form, include: str) -> bytes:
    """A list in the form asked for; a plain one is put together from the texts of its objects."""
    if form != Form():
        return encode(_shaped(kind, objects, meta, form, include), form.media)
    if not objects and kind.key in NULL_WHEN_EMPTY:
        return encode({**_listed(kind, [], meta), "items": None}, form.media)
    head = text_of(_listed(kind, [], meta)).removesuffix("]}")
    items = ",".join(_item_text(kind, obj) for obj in objects)
    return f"{head}{items}]}}\n".encode()


def _item_text(kind: Kind, obj: Object) -> str:
    text = text_of(obj)
    rest = text.removeprefix(f'{{"kind":"{kind.kind}","apiVersion":"{kind.api_version}",')
    return f"{{{rest}" if rest != text else text_of(_item(obj))


def _item(obj: Object) -> Object:
    return {k: v for k, v in obj.items() if k not in ("kind", "apiVersion")}


def _listed(kind: Kind, objects: list[Object], meta: Object) -> Object:
    """A list, whose items carry neither kind nor apiVersion."""
    items = [_item(obj) for obj in objects]
    head = {"kind": f"{kind.kind}List", "apiVersion": kind.api_version}
    return {**head, "metadata": meta, "items": items}


def _shaped(kind: Kind, objects: list[Object], meta: Object, form: Form, include: str) -> Object:
    if form.shape == "Table":
        return tables.table(kind, objects, meta, include)
    if form.shape.startswith("PartialObjectMetadata"):
        head = {"kind": "PartialObjectMetadataList", "apiVersion": META_GROUP}
        # The real server fills a Go slice item by item, and an empty one is null.
        items = [tables.partial(obj) for obj in objects] or None
        return {**head, "metadata": meta, "items": items}
    return _listed(kind, objects, meta)


def one(kind: Kind, obj: Object, form: Form, include: str) -> Object:
    """A single object in the form asked for; a Status stays one."""
    if obj.get("kind") == "Status":
        return obj
    if form.shape == "Table":
        version = obj["metadata"].get("resourceVersion", "")
        return tables.table(kind, [obj], {"resourceVersion": version}, include)
    if form.shape.startswith("PartialObjectMetadata"):
        return tables.partial(obj)
    return obj


def for_watch(kind: Kind, form: Form, include: str) -> Callable[[Object, bool], Object]:
    """How each object of a watch is shown; only the first table names its columns."""

    def show(obj: Object, first: bool) -> Object:
        shown = one(kind, obj, form, include)
        if form.shape == "Table" and not first:
            shown["columnDefinitions"] = None
        return shown

    return show
