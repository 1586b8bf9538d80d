"""Objects as files of YAML, the same byte for byte whenever the objects are, purely."""

import json
from collections.abc import Iterable
from typing import Any

import yaml

from jhos.objects import Object, ObjectRef

KUSTOMIZATION = "kustomization.yaml"


def _text(dumper: Any, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    node: yaml.ScalarNode = dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)
    return node


def _dumper(base: Any) -> Any:
    """Lines stay lines, and nothing is an alias of something else."""
    dumper: Any = type("Dumper", (base,), {"ignore_aliases": lambda *_: True})
    dumper.add_representer(str, _text)
    return dumper


_WHOLE = _dumper(yaml.SafeDumper)
_FAST = _dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper))


def documents(objects: Iterable[Object]) -> str:
    """One stream, a document each."""
    return "---\n".join(_dumped(obj) for obj in _ordered(objects))


def files(
    name: str, namespace: str, objects: Iterable[Object], *, kustomize: bool
) -> dict[str, str]:
    """By file name: one an object, and with `kustomize` the one that lists them."""
    found = {file_name(ObjectRef.of(obj)): obj for obj in _ordered(objects)}
    if kustomize:
        found[KUSTOMIZATION] = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "namespace": namespace,
            "resources": list(found),
        }
    return {file: f"{header(name)}\n{_dumped(obj)}" for file, obj in found.items()}


def file_name(ref: ObjectRef) -> str:
    return f"{ref.kind.lower()}-{ref.name}.yaml"


def header(name: str) -> str:
    """The first line of a file: it is written again, and removed when it is wanted no more."""
    return f"# Deployment {name}, made by jhos render, which writes it anew."


def _ordered(objects: Iterable[Object]) -> list[Object]:
    return sorted(objects, key=ObjectRef.of)


def _dumped(obj: Object) -> str:
    plain = json.dumps(obj, ensure_ascii=False).isascii()  # the fast one writes emoji as numbers
    text: str = yaml.dump(
        obj, Dumper=_FAST if plain else _WHOLE, sort_keys=False, allow_unicode=True, width=1000
    )
    return text
