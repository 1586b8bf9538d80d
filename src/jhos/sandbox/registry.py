"""Writing objects, whatever their kind: create and replace.

A write goes: decode, default, note the owners, admit, prepare, validate, store. All of it runs
without a pause, so no write can come between another's reading and writing.
"""

import json
import secrets
import uuid
from collections.abc import Callable
from typing import Any

from jhos.sandbox import (
    admission,
    decoding,
    defaults,
    deletion,
    failure,
    managed,
    preparation,
    reading,
    schema,
    validation,
)
from jhos.sandbox.call import Call
from jhos.sandbox.failure import Failure
from jhos.sandbox.fieldset import Path
from jhos.sandbox.kinds import Kind
from jhos.sandbox.managed import Manager

Object = dict[str, Any]

LARGEST_STORED = 3 * 2**19
PLAIN = ("ConfigMap", "Secret")
SUFFIX_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
# Metadata that a write of the status may change too.
MARKED_BY_STATUS = {
    ("deployments.apps", "annotations"),
    ("nodes", "annotations"),
    ("nodes", "labels"),
    ("pods", "annotations"),
}
SERVER_OWNED = (
    "uid", "creationTimestamp", "generation", "deletionTimestamp", "deletionGracePeriodSeconds",
    "namespace", "name",
)  # fmt: skip


def create(call: Call, body: Object) -> Object:
    """Store a new object, whose owners are noted where they are not yet; raises Failure."""
    kind = call.kind
    obj = decode(call, body)
    _check_new(call, obj)
    if kind.has_status:
        obj.pop("status", None)
    _new_metadata(call, obj)
    defaults.apply(kind, obj)
    if applied := body.get("metadata", {}).get("managedFields") if call.verb == "patch" else None:
        obj["metadata"]["managedFields"] = applied
    else:
        obj = note_owners(call, {"metadata": {}}, obj)
    admission.admit(call, obj, None)
    preparation.create(call, obj)
    return _store_new(call, obj)


def _store_new(call: Call, obj: Object) -> Object:
    kind, meta = call.kind, obj["metadata"]
    if kind.has_generation:
        meta["generation"] = 1
    validation.check(call, obj, None)
    existing = call.store.get(kind.key, call.namespace, meta["name"])
    if existing is not None:
        error = failure.already_exists(kind.group, kind.plural, meta["name"])
        if "deletionTimestamp" in existing["metadata"]:
            error.message = f"object is being deleted: {error.message}"
        raise error
    admission.check(call, obj, None)
    if call.dry_run:
        return obj
    _check_stored_size(obj)
    return call.store.put(kind.key, obj)


def decode(call: Call, body: Object, kind: Kind | None = None) -> Object:
    """The body held to the schema of its kind; raises Failure 400."""
    kind = kind or call.kind
    given, version = body.get("kind") or kind.kind, body.get("apiVersion") or kind.api_version
    if (given, version) != (kind.kind, kind.api_version):
        why = f"converting (v1.{given}) to (core.{kind.kind}): unknown conversion"
        raise failure.undecodable(kind.kind, kind.version, why, given)
    try:
        obj, unknown = decoding.decode(schema.of_kind(kind), body, kind.kind)
    except decoding.Undecodable as error:
        raise failure.undecodable(kind.kind, kind.version, str(error)) from error
    if unknown and call.strict:
        listed = ", ".join(f'unknown field "{path}"' for path in unknown)
        why = f"strict decoding error: {listed}"
        raise failure.undecodable(kind.kind, kind.version, why)
    if call.warns:
        call.warnings.extend(f'unknown field "{path}"' for path in unknown)
    metadata = obj.pop("metadata", {})
    obj.pop("kind", None)
    obj.pop("apiVersion", None)
    return {"kind": kind.kind, "apiVersion": kind.api_version, "metadata": metadata, **obj}


def _check_new(call: Call, obj: Object) -> None:
    meta = obj["metadata"]
    if meta.get("resourceVersion"):
        raise Failure(500, "resourceVersion should not be set on objects to be created", reason="")
    check_namespace(call, meta)
    if call.kind.namespaced:
        _check_namespace_active(call)


def check_namespace(call: Call, meta: Object) -> None:
    if meta.get("namespace", call.namespace) != call.namespace:
        raise failure.bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )


def _check_namespace_active(call: Call) -> None:
    namespace = call.store.get("namespaces", "", call.namespace)
    if namespace is None:
        raise failure.not_found("", "namespaces", call.namespace)
    if namespace.get("status", {}).get("phase") == "Terminating":
        why = (
            f"unable to create new content in namespace {call.namespace} "
            "because it is being terminated"
        )
        raise failure.forbidden(call.kind.group, call.kind.plural, call.name, why)


def _new_metadata(call: Call, obj: Object) -> None:
    meta = obj["metadata"]
    for name in (*SERVER_OWNED[:5], "managedFields", "selfLink"):
        meta.pop(name, None)
    if not meta.get("name") and meta.get("generateName"):
        suffix = "".join(secrets.choice(SUFFIX_LETTERS) for _ in range(5))
        meta["name"] = meta["generateName"][:58] + suffix
    if call.namespace:
        meta["namespace"] = call.namespace
    meta["uid"] = str(uuid.uuid4())
    meta["creationTimestamp"] = managed.now()


def note_owners(call: Call, live: Object, obj: Object) -> Object:
    kind, subresource = call.kind, call.path.subresource
    manager = Manager(call.manager, "Update", kind.api_version, subresource)
    return managed.updated(schema.of_kind(kind), live, obj, manager, reset=reset_fields(call))


def reset_fields(call: Call) -> Callable[[Path], bool]:
    """The fields that a write does not touch and so does not own."""
    if not call.kind.has_status:
        return lambda _: False
    if call.path.subresource == "status":
        return lambda path: path[0] != "f:status"
    return lambda path: path[0] == "f:status"


def update(call: Call, body: Object, live: Object | None = None) -> Object:
    """Replace an object by `body`, decoded or not; raises Failure."""
    kind = call.kind
    obj = decode(call, body)
    meta = obj["metadata"]
    if meta.setdefault("name", call.name) != call.name:
        raise failure.bad_request(
            f"the name of the object ({meta['name']}) does not match the name on the URL "
            f"({call.name})"
        )
    check_namespace(call, meta)
    live = live or reading.get(call)
    check_version(kind, live, meta)
    return write(call, live, obj, lambda new: note_owners(call, live, new))


def check_version(kind: Kind, live: Object, meta: Object) -> None:
    version, uid = meta.get("resourceVersion"), meta.get("uid")
    if version and version != live["metadata"]["resourceVersion"]:
        raise failure.conflict(kind.group, kind.plural, live["metadata"]["name"])
    if uid and uid != live["metadata"]["uid"]:
        why = (
            f"Precondition failed: UID in precondition: {uid}, "
            f"UID in object meta: {live['metadata']['uid']}"
        )
        raise failure.conflict(kind.group, kind.plural, live["metadata"]["name"], why)


def write(call: Call, live: Object, obj: Object, own: Callable[[Object], Object]) -> Object:
    """Put a decoded object in the place of `live`; `own` notes who owns its fields then."""
    kind, old_meta = call.kind, live["metadata"]
    _keep_metadata(old_meta, obj["metadata"])
    obj = _keep_other_half(call, live, obj)
    defaults.apply(kind, obj)
    obj = own(obj)
    admission.admit(call, obj, live)
    preparation.update(call, obj, live)
    obj["metadata"]["resourceVersion"] = old_meta["resourceVersion"]
    if kind.has_generation and _counted(call, obj) != _counted(call, live):
        obj["metadata"]["generation"] = old_meta.get("generation", 0) + 1
    validation.check(call, obj, live)
    admission.check(call, obj, live)
    if obj == live or call.dry_run:
        return obj
    if "deletionTimestamp" in old_meta and deletion.is_released(obj):
        return deletion.remove(call, obj)
    _check_stored_size(obj)
    return call.store.put(kind.key, obj)


def _check_stored_size(obj: Object) -> None:
    """Reject what is larger than etcd accepts in one request."""
    content = {**obj, "data": None} if obj["kind"] in PLAIN else obj  # whose size validation knows
    if len(json.dumps(content, ensure_ascii=False).encode()) > LARGEST_STORED:
        raise Failure(500, "etcdserver: request is too large", reason="")


def _keep_metadata(old: Object, new: Object) -> None:
    for name in (*SERVER_OWNED, "generateName"):
        if name in old:
            new[name] = old[name]
        elif name != "generateName":
            new.pop(name, None)
    if "managedFields" not in new and "managedFields" in old:
        new["managedFields"] = old["managedFields"]


def _keep_other_half(call: Call, live: Object, obj: Object) -> Object:
    """A write of the status keeps the rest, any other write keeps the status."""
    if not call.kind.has_status:
        return obj
    if call.path.subresource == "status":
        kept = decoding.without_nulls({k: v for k, v in live.items() if k != "status"})
        meta = {**kept["metadata"], "managedFields": obj["metadata"].get("managedFields")}
        for name in ("annotations", "labels"):
            if name in obj["metadata"] and (call.kind.key, name) in MARKED_BY_STATUS:
                meta[name] = obj["metadata"][name]
        status = {"status": obj["status"]} if "status" in obj else {}
        return {**kept, "metadata": decoding.without_nulls(meta), **status}
    obj.pop("status", None)
    return {**obj, "status": decoding.without_nulls(live["status"])} if "status" in live else obj


def _counted(call: Call, obj: Object) -> Object:
    """What a generation counts the changes of: of a deployment also its annotations."""
    other = ("metadata", "status") if call.kind.has_status else ("metadata",)
    counted = {k: v for k, v in obj.items() if k not in other}
    if call.kind.key == "deployments.apps" and call.path.subresource != "status":
        counted["annotations"] = obj["metadata"].get("annotations", {})
    return counted
