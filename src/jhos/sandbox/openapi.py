"""`/openapi/v2` and `/openapi/v3`: the schemas, and which parameters the verbs take."""

from functools import cache
from typing import Any

from jhos.sandbox import openapi_v2, schema
from jhos.sandbox.kinds import KINDS, Kind, groups

Object = dict[str, Any]
INFO = {"title": "Kubernetes", "version": "v1.34.2"}


def document(rest: list[str]) -> Object | None:
    """The document below `/openapi`; None where there is none."""
    match rest:
        case ["v2"]:
            return _v2()
        case ["v3"]:
            return _index()
        case ["v3", "api", version]:
            return _v3("", version)
        case ["v3", "apis", group, version]:
            return _v3(group, version)
    return None


@cache
def v2_as_protobuf() -> bytes:
    """Also with the kinds of which nothing is known: kubectl would take them for misspelt."""
    document = _v2()
    bare = {
        f"{kind.group}.{kind.version}.{kind.kind}": {
            "type": "object",
            "x-kubernetes-group-version-kind": [_gvk(kind)],
        }
        for kind in KINDS
        if schema.definition_name(kind.group, kind.version, kind.kind) is None
    }
    return openapi_v2.encode({**document, "definitions": {**document["definitions"], **bare}})


@cache
def _v2() -> Object:
    return {
        "swagger": "2.0",
        "info": INFO,
        "paths": {},
        "definitions": schema.definitions(),
    }


@cache
def _index() -> Object:
    names = [
        f"apis/{group}/{version}" if group else f"api/{version}" for group, version in groups()
    ]
    return {"paths": {name: {"serverRelativeURL": f"/openapi/v3/{name}"} for name in names}}


@cache
def _v3(group: str, version: str) -> Object | None:
    kinds = [kind for kind in KINDS if (kind.group, kind.version) == (group, version)]
    if not kinds:
        return None
    paths = {path: item for kind in kinds for path, item in _paths(kind).items()}
    return {
        "openapi": "3.0.0",
        "info": INFO,
        "paths": paths,
        "components": {"schemas": _schemas(kinds)},
    }


def _paths(kind: Kind) -> Object:
    root = f"/apis/{kind.group}/{kind.version}" if kind.group else f"/api/{kind.version}"
    scope = "/namespaces/{namespace}" if kind.namespaced else ""
    path = f"{root}{scope}/{kind.plural}"
    item = {
        method: _operation(verb, kind)
        for verb, method in (("get", "get"), ("update", "put"))
        if verb in kind.verbs
    }
    # Also where there is no such verb: kubectl looks here for whether the server validates
    # fields, and for want of it asks for version 2 as protobuf.
    item["patch"] = _operation("patch", kind)
    found: Object = {f"{path}/{{name}}": item}
    if "create" in kind.verbs:
        found[path] = {"post": _operation("post", kind)}
    return found


def _gvk(kind: Kind) -> Object:
    return {"group": kind.group, "version": kind.version, "kind": kind.kind}


def _operation(verb: str, kind: Kind) -> Object:
    names = ("dryRun", "fieldManager", "fieldValidation") if verb != "get" else ("pretty",)
    parameters = [{"name": n, "in": "query", "schema": {"type": "string"}} for n in names]
    return {
        "x-kubernetes-action": verb,
        "x-kubernetes-group-version-kind": _gvk(kind),
        "parameters": parameters,
        "responses": {"200": {"description": "OK"}},
    }


def _schemas(kinds: list[Kind]) -> Object:
    """The definitions of some kinds with all that they refer to."""
    waiting = [schema.definition_name(k.group, k.version, k.kind) for k in kinds]
    found: Object = {}
    while waiting:
        name = waiting.pop()
        if name is None or name in found:
            continue
        references: list[str] = []
        found[name] = _relocated(schema.definitions()[name], references)
        waiting += references
    return found


def _relocated(value: Any, references: list[str]) -> Any:
    """With references as version 3 writes them; their names are added to `references`."""
    if isinstance(value, dict):
        if (reference := value.get("$ref")) and isinstance(reference, str):
            name = reference.removeprefix(schema.REFERENCE)
            references.append(name)
            rest = {k: v for k, v in value.items() if k != "$ref"}
            return {"allOf": [{"$ref": f"#/components/schemas/{name}"}], **rest}
        return {k: _relocated(v, references) for k, v in value.items()}
    if isinstance(value, list):
        return [_relocated(entry, references) for entry in value]
    return value
