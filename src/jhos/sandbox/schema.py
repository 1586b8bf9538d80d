"""The OpenAPI definitions as a tree of nodes: what fields there are, how lists and maps merge.

Of kinds without a definition only the metadata is known.
"""

import json
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib import resources
from typing import Any

from jhos.sandbox.kinds import Kind

Object = dict[str, Any]
Definition = dict[str, Any]

REFERENCE = "#/definitions/"
META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
JSON_TYPES = {"array": "list", "object": "any"}


@cache
def definitions() -> dict[str, Definition]:
    text = resources.files(__package__).joinpath("data/definitions.json").read_text()
    loaded: dict[str, Definition] = json.loads(text)
    return loaded


@dataclass(frozen=True)
class Node:
    """One place of a schema."""

    definition: Definition = field(default_factory=dict)
    attributes: Definition = field(default_factory=dict)
    name: str = ""

    @cached_property
    def type(self) -> str:
        """object, map, list, any, quantity, or a scalar's JSON type."""
        definition = self.definition
        if self.name == QUANTITY:
            return "quantity"
        if definition.get("format") == "int-or-string":
            return "int-or-string"
        if "properties" in definition:
            return "object"
        if "additionalProperties" in definition:
            return "map"
        kind = str(definition.get("type", "object"))
        return JSON_TYPES.get(kind, kind)

    @cached_property
    def fields(self) -> dict[str, "Node"]:
        return {name: _node(d) for name, d in self.definition.get("properties", {}).items()}

    @cached_property
    def item(self) -> "Node":
        inner = self.definition.get("items") or self.definition.get("additionalProperties")
        return _node(inner) if isinstance(inner, dict) else ANY

    @cached_property
    def required(self) -> frozenset[str]:
        return frozenset(self.definition.get("required", ()))

    @cached_property
    def format(self) -> str:
        return str(self.definition.get("format", ""))

    def child(self, key: str) -> "Node":
        """The node of a field or entry; `ANY` where nothing is declared."""
        return self.item if self.type == "map" else self.fields.get(key, ANY)

    def _attribute(self, name: str) -> Any:
        name = f"x-kubernetes-{name}"
        return self.attributes.get(name, self.definition.get(name))

    @cached_property
    def atomic(self) -> bool:
        """Owned as one value by server-side apply."""
        if self.type in ("list", "any"):
            return self._attribute("list-type") not in ("map", "set") and self is not ANY
        return bool(self._attribute("map-type") == "atomic")

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """By which fields the entries of a list are told apart."""
        return tuple(self._attribute("list-map-keys") or ())

    @cached_property
    def is_set(self) -> bool:
        return bool(self._attribute("list-type") == "set")

    @cached_property
    def merge_key(self) -> str:
        """Of a list that a strategic merge patch merges; empty when it replaces."""
        if "merge" not in self.strategies:
            return ""
        return str(self._attribute("patch-merge-key") or "")

    @cached_property
    def strategies(self) -> tuple[str, ...]:
        return tuple(str(self._attribute("patch-strategy") or "").split(","))


ANY = Node()


def _node(definition: Definition) -> Node:
    if reference := definition.get("$ref"):
        name = reference.removeprefix(REFERENCE)
        attributes = {k: v for k, v in definition.items() if k != "$ref"}
        return _named(name) if not attributes else Node(definitions()[name], attributes, name)
    return Node(definition)


@cache
def _named(name: str) -> Node:
    return Node(definitions()[name], {}, name)


@cache
def _by_kind() -> dict[tuple[str, str, str], str]:
    return {
        (gvk["group"], gvk["version"], gvk["kind"]): name
        for name, definition in definitions().items()
        for gvk in definition.get("x-kubernetes-group-version-kind", ())
    }


@cache
def of(group: str, version: str, kind: str) -> Node:
    """The schema of a kind; for one without a definition only its metadata is known."""
    name = _by_kind().get((group, version, kind))
    if name is not None:
        return _named(name)
    text = {"type": "string"}
    known = {"apiVersion": text, "kind": text, "metadata": {"$ref": REFERENCE + META}}
    return Node({"type": "object", "properties": known, "additionalProperties": True})


def of_kind(kind: Kind) -> Node:
    return of(kind.group, kind.version, kind.kind)


def definition_name(group: str, version: str, kind: str) -> str | None:
    return _by_kind().get((group, version, kind))
