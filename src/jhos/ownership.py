"""Owners of an object's fields, read from its `managedFields`, purely.

Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from jhos.differences import join
from jhos.objects import Object, ObjectRef

# Parts of a cluster that write into every object as a matter of course.
_CLUSTER = {
    "jhos",
    "cluster-policy-controller",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "openshift-apiserver",
    "openshift-controller-manager",
    "openshift-router",
}
_CLUSTER_PREFIX = "openshift.io/"
_OF_METADATA = ("f:labels", "f:annotations")  # the rest is the server's
_NOTE_PREFIX = "f:kubectl.kubernetes.io/"  # annotations that kubectl leaves


@dataclass(frozen=True, order=True, slots=True)
class Addition:
    """A field that somebody else has added to an object of ours; `path` as of a difference."""

    ref: ObjectRef
    path: str
    manager: str


def own_fields(obj: Object) -> Object:
    """Return the set of fields that jhos has applied and still owns; empty where there is none."""
    fields: Object = _own_entry(obj).get("fieldsV1", {})
    return fields


def is_created_by_jhos(obj: Object) -> bool:
    """Return whether our first write created the object: it is not younger than the object.

    For an object that has just been applied, and whose first answer may have been lost.
    """
    written: str = _own_entry(obj).get("time", "")
    return bool(written) and written <= obj["metadata"]["creationTimestamp"]


def covers(fields: Object, value: Any) -> bool:
    """Return whether a set of fields, as fieldsV1 writes one, has all of `value`."""
    if not fields:  # owned as a whole
        return True
    if isinstance(value, dict):
        return all(
            f"f:{key}" in fields and covers(fields[f"f:{key}"], each)
            for key, each in value.items()
            if each not in ([], {}, None)  # which a server may leave out
        )
    keyed = [(json.loads(name[2:]), of) for name, of in fields.items() if name.startswith("k:")]
    return all(
        any(_has_keys(item, keys) and covers(of, item) for keys, of in keyed)
        if keyed
        else f"v:{json.dumps(item)}" in fields
        for item in value
    )


def additions(obj: Object) -> list[Addition]:
    """Return what others have added to an object that jhos has applied, in the order of paths.

    `obj` needs its metadata only. Values are left out: they may be secret.
    """
    own = own_fields(obj)
    if not own:
        return []
    found = {
        Addition(ref=ObjectRef.of(obj), path=path, manager=_writer(entry)[0])
        for entry in _entries(obj)
        if not _is_of_cluster(entry)
        for path in _added("", _configurable(entry.get("fieldsV1") or {}), own)
    }
    return sorted(found)


def _own_entry(obj: Object) -> Object:
    own = (each for each in _entries(obj) if _writer(each) == ("jhos", "Apply"))
    return next(own, {})


def _writer(entry: Object) -> tuple[str, str]:
    return entry.get("manager", ""), entry.get("operation", "")


def _entries(obj: Object) -> list[Object]:
    entries: list[Object] = obj["metadata"].get("managedFields") or []
    return entries


def _has_keys(item: Object, keys: Object) -> bool:
    """A key that the item does not say has its default."""
    return all(item.get(name, key) == key for name, key in keys.items())


def _is_of_cluster(entry: Object) -> bool:
    manager, _ = _writer(entry)
    is_part = manager in _CLUSTER or manager.startswith(_CLUSTER_PREFIX)
    return is_part or entry.get("subresource") == "status"


def _configurable(fields: Object) -> Object:
    """Return the fields without the status and what the server keeps in the metadata."""
    metadata = {
        part: {key: of for key, of in names.items() if not key.startswith(_NOTE_PREFIX)}
        for part, names in fields.get("f:metadata", {}).items()
        if part in _OF_METADATA
    }
    rest = {key: of for key, of in fields.items() if key not in ("f:status", "f:metadata")}
    return {"f:metadata": metadata, **rest}


def _added(path: str, fields: Object, own: Object) -> Iterator[str]:
    """Yield the paths of fields that are not in `own`; of an added item of a list, only its own."""
    for name, inner in fields.items():
        if name == "." or (name in own and not own[name]):
            continue
        here = _joined(path, name)
        is_item_added = name[:2] in ("k:", "v:") and name not in own
        deeper = {key: of for key, of in inner.items() if key != "."}
        if is_item_added or (not deeper and name not in own and "." not in inner):
            yield here
        else:
            yield from _added(here, deeper, own.get(name, {}))


def _joined(path: str, name: str) -> str:
    if name.startswith("f:"):
        return join(path, name[2:])
    key = json.loads(name[2:])
    said = next(iter(key.values())) if isinstance(key, dict) else key
    return f"{path}[{said}]"
