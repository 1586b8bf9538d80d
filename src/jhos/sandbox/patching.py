"""PATCH on a stored object: the three patches and server-side apply."""

import json
from typing import Any

from jhos.sandbox import decoding, failure, fieldset, managed, patch, reading, registry, schema
from jhos.sandbox.call import Call, parse
from jhos.sandbox.failure import Failure
from jhos.sandbox.managed import Manager

Object = dict[str, Any]

MERGE = "application/merge-patch+json"
JSON = "application/json-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"


def patch_object(call: Call) -> tuple[Object, bool]:
    """The object as it is then, and whether it is new; raises Failure."""
    if call.content_type == APPLY:
        return _apply(call)
    live = reading.get(call)
    return registry.update(call, changed(call, live), live), False


def changed(call: Call, live: Object) -> Object:
    """The body of the call, a patch, carried out on `live`; raises Failure."""
    if call.content_type == JSON:
        return _json_patched(call, live)
    if call.content_type not in (MERGE, STRATEGIC):
        raise Failure(415, "415: Unsupported Media Type", details={})
    body = parse(call.body, "application/json", call.kind.kind)
    if call.content_type == STRATEGIC:
        return patch.strategic(live, body, schema.of_kind(call.kind))
    merged: Object = patch.merge(live, body)
    return merged


def _json_patched(call: Call, live: Object) -> Object:
    operations = json_list(call)
    try:
        patched: Object = patch.json_patch(live, operations)
    except patch.PatchError as error:
        message = "the server rejected our request due to an error in our request"
        raise Failure(422, message, details={}) from error
    return patched


def json_list(call: Call) -> list[Object]:
    try:
        operations = json.loads(call.body)
    except ValueError as error:
        raise failure.bad_request(f"error decoding patch: {error}") from error
    if not isinstance(operations, list):
        raise failure.bad_request(
            "error decoding patch: json: cannot unmarshal object into Go value of type "
            "[]handlers.jsonPatchOp"
        )
    return operations


def _apply(call: Call) -> tuple[Object, bool]:
    if not call.query.get("fieldManager"):
        cause = failure.required("fieldManager", "is required for apply patch")
        raise failure.invalid("meta.k8s.io", "PatchOptions", "", [cause])
    config = _configuration(call)
    live = call.store.get(call.kind.key, call.namespace, call.name)
    if live is None:
        return registry.create(call, _owned(call, None, config)), True
    registry.check_version(call.kind, live, config["metadata"])
    merged = _owned(call, live, config)
    obj = registry.decode(call, merged)
    return registry.write(call, live, obj, lambda new: new), False


def _owned(call: Call, live: Object | None, config: Object) -> Object:
    kind = call.kind
    manager = Manager(call.manager, "Apply", kind.api_version, call.path.subresource)
    force = call.flag("force")
    try:
        return managed.applied(schema.of_kind(kind), live, config, manager, force=force)
    except fieldset.Undeclared as error:
        raise _untyped(call, config, str(error)) from error


def _configuration(call: Call) -> Object:
    """What is applied, held to the schema more strictly than the body of a create."""
    body = parse(call.body, "application/yaml", call.kind.kind)
    kind, meta = call.kind, body.get("metadata") or {}
    if (body.get("kind"), body.get("apiVersion")) != (kind.kind, kind.api_version):
        version = body.get("apiVersion") or "/"
        raise failure.bad_request(f"invalid object type: {version}, Kind={body.get('kind') or ''}")
    if meta.get("managedFields"):
        raise failure.bad_request("metadata.managedFields must be nil")
    if meta.get("name", call.name) != call.name:
        raise failure.bad_request(
            f"the name of the object ({meta['name']}) does not match the name on the URL "
            f"({call.name})"
        )
    registry.check_namespace(call, meta)
    _, unknown = decoding.decode(schema.of_kind(kind), body, kind.kind)
    if unknown:
        raise _untyped(call, body, f".{unknown[0]}: field not declared in schema")
    config = registry.decode(call, body)
    config["metadata"]["name"] = call.name
    for name in ("creationTimestamp", "uid", "generation"):
        config["metadata"].pop(name, None)
    return config


def _untyped(call: Call, config: Object, why: str) -> Failure:
    kind, meta = call.kind, config["metadata"]
    gvk = f"{kind.group}/{kind.version}, Kind={kind.kind}"
    place = f"{meta.get('namespace', '')}/{meta['name']}"
    message = f"failed to create typed patch object ({place}; {gvk}): {why}"
    return Failure(500, message, reason="")
