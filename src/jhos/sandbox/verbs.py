"""The generic verbs, for every resource that has no way of its own."""

from typing import Any

from jhos.sandbox import deletion, patching, reading, registry
from jhos.sandbox.answers import Answer, Handler, deleted
from jhos.sandbox.call import Call, parse

Object = dict[str, Any]


def _get(call: Call) -> Answer:
    return Answer(reading.get(call))


def _list(call: Call) -> Answer:
    objects, meta = reading.listing(call)
    return Answer(meta, objects=objects)


def _create(call: Call) -> Answer:
    return Answer(registry.create(call, call.object()), 201)


def _update(call: Call) -> Answer:
    return Answer(registry.update(call, call.object()))


def _patch(call: Call) -> Answer:
    obj, is_new = patching.patch_object(call)
    return Answer(obj, 201 if is_new else 200)


def delete_options(call: Call) -> Object:
    """The options of a deletion, from its body and its query."""
    options = parse(call.body, call.content_type, "DeleteOptions") if call.body else {}
    for name in ("propagationPolicy", "gracePeriodSeconds", "orphanDependents"):
        if name in call.query:
            options[name] = call.query[name]
    return options


def _delete(call: Call) -> Answer:
    obj, gone = deletion.delete(call, delete_options(call))
    if not gone or call.kind.returns_deleted:
        return Answer(obj)
    return Answer(deleted(call, obj))


def _delete_collection(call: Call) -> Answer:
    objects, meta = deletion.delete_collection(call, delete_options(call))
    return Answer(meta, objects=objects)


GENERIC: dict[str, Handler] = {
    "get": _get,
    "update": _update,
    "patch": _patch,
    "delete": _delete,
}
GENERIC_LISTS: dict[str, Handler] = {
    "create": _create,
    "list": _list,
    "deletecollection": _delete_collection,
}
