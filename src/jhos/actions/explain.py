"""Every setting of a deployment that differs from its default, and the layer that it is from."""

import ast
from collections.abc import Iterator

from jhos.actions.configure import read
from jhos.cluster.client import Cluster
from jhos.cluster.exec import run
from jhos.configuration import USER_KEYS, masked_lines, parted
from jhos.errors import JhosError
from jhos.objects import Object, of_component
from jhos.settings.sources import Origin, Source
from jhos.settings.sources import explain as explain_settings

_PYTHON = USER_KEYS[0]
# What the hub reads of its image, the first that is there.
_IN_IMAGE = (
    "cd /opt/app-root/src; "
    "for file in .jupyter/jupyterhub_config.py jupyterhub_config.py; do "
    'if [ -f "$file" ]; then cat "$file"; exit; fi; done'
)


def explain(cluster: Cluster, name: str) -> list[Origin]:
    """Settings first, then what the files set, in the order in which they are read."""
    stored = read(cluster, name)
    place = f"ConfigMap {name}-cfg"
    settings = explain_settings([Source(place, stored.settings)])
    found = [each for each in settings if each.source == place and each.setting != "name"]
    own = stored.configuration.get(_PYTHON, "")
    secret = _PYTHON in parted(name, stored.configuration).secret
    where = f"Secret {name}-secrets" if secret else place
    found += set_in(in_image(cluster, name), "image (S2I)")
    return [*found, *set_in(own, where)]


def in_image(cluster: Cluster, name: str) -> str:
    """The configuration that the hub's image brings; empty where the hub does not run."""
    pods, _ = cluster.list("Pod", of_component(name, "hub"))
    running = [pod for pod in pods if _is_running(pod)]
    if not running:
        return ""
    try:
        pod = running[0]["metadata"]["name"]
        return b"".join(run(cluster, pod, "hub", ["sh", "-c", _IN_IMAGE])).decode(errors="replace")
    except JhosError:
        return ""


def _is_running(pod: Object) -> bool:
    going = "deletionTimestamp" in pod["metadata"]
    return not going and pod.get("status", {}).get("phase") == "Running"


def set_in(text: str, place: str) -> list[Origin]:
    """What a file sets on `c`, by its lines; it is read, not run."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return [Origin(_PYTHON, "is no Python", place)]
    lines = masked_lines(_PYTHON, text)
    return [
        Origin(trait, _value(text, node, lines), f"{place}, line {node.lineno}")
        for trait, node in sorted(_traits(tree), key=lambda each: each[1].lineno)
    ]


def _traits(tree: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """`c.A.b` and the expression that it gets, or that is added to it."""
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=targets, value=value):
                yield from ((path, value) for path in map(_path, targets) if path)
            case ast.Call(func=ast.Attribute(value=inner, attr=verb), args=[value, *_]):
                path = _path(inner)
                if path:
                    yield f"{path}.{verb}", value


def _path(node: ast.expr) -> str:
    match node:
        case ast.Attribute(value=ast.Attribute(value=ast.Name(id="c"), attr=section), attr=trait):
            return f"{section}.{trait}"
    return ""


def _value(text: str, node: ast.expr, lines: list[str]) -> str:
    """On one line; hidden where it is a secret."""
    if "…" in lines[node.lineno - 1 : node.end_lineno]:
        return "…"
    words = " ".join((ast.get_source_segment(text, node) or "").split())
    return words if len(words) <= 60 else f"{words[:59]}…"
