"""Label and field selectors: parsed once, asked for each object."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from jhos.sandbox.failure import bad_request

Object = dict[str, Any]
Predicate = Callable[[Object], bool]

_SET = re.compile(r"([^\s!=,()]+)\s+(in|notin)\s*\(([^()]*)\)$")
_COMPARE = re.compile(r"([^\s!=,()]+)\s*(==|=|!=)\s*([^\s!=,()]*)$")
_EXISTS = re.compile(r"(!?)\s*([^\s!=,()]+)$")
_SPLIT = re.compile(r",(?![^(]*\))")

FIELDS: dict[str, tuple[str, ...]] = {
    "pods": (
        "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
        "spec.hostNetwork", "status.phase", "status.podIP", "status.nominatedNodeName",
    ),
    "events": (
        "involvedObject.kind", "involvedObject.namespace", "involvedObject.name",
        "involvedObject.uid", "involvedObject.apiVersion", "involvedObject.resourceVersion",
        "involvedObject.fieldPath", "reason", "reportingComponent", "source", "type",
    ),
    "secrets": ("type",),
    "namespaces": ("status.phase",),
    "nodes": ("spec.unschedulable",),
    "replicasets.apps": ("status.replicas",),
    "services": ("spec.clusterIP", "spec.type"),
    "routes.route.openshift.io": ("spec.path", "spec.host", "spec.to.name"),
    "builds.build.openshift.io": ("status", "podName"),
}  # fmt: skip


def labels(text: str) -> Callable[[Mapping[str, str]], bool]:
    """A test of an object's labels; raises 400 when the text cannot be read."""
    tests = [_requirement(part.strip()) for part in _SPLIT.split(text) if part.strip()]
    return lambda given: all(test(given) for test in tests)


def _requirement(text: str) -> Callable[[Mapping[str, str]], bool]:
    if match := _SET.match(text):
        key, operator, listed = match.groups()
        wanted = {value.strip() for value in listed.split(",")}
        if operator == "in":
            return lambda given: given.get(key) in wanted
        return lambda given: given.get(key) not in wanted
    if match := _COMPARE.match(text):
        key, operator, value = match.groups()
        if operator == "!=":
            return lambda given: given.get(key) != value
        return lambda given: given.get(key) == value
    if match := _EXISTS.match(text):
        absent, key = match.groups()
        return lambda given: (key in given) != bool(absent)
    raise bad_request(f"unable to parse requirement: {_complaint(text)}")


def _complaint(text: str) -> str:
    token = re.search(r"==(=)|([^\w./\s-])\s*$|\s(\S+)", text)
    found = next((group for group in token.groups() if group), "") if token else ""
    return f"found '{found}', expected: identifier"


def label_selector(selector: Object | None) -> Callable[[Mapping[str, str]], bool]:
    """A test from a `LabelSelector` object; an empty one takes all, None nothing."""
    if selector is None:
        return lambda _: False
    wanted = selector.get("matchLabels") or {}
    tests = [_expression(entry) for entry in selector.get("matchExpressions") or []]
    return lambda given: (
        all(given.get(key) == value for key, value in wanted.items())
        and all(test(given) for test in tests)
    )


def _expression(entry: Object) -> Callable[[Mapping[str, str]], bool]:
    key, operator, values = entry["key"], entry["operator"], set(entry.get("values") or ())
    return {
        "In": lambda given: given.get(key) in values,
        "NotIn": lambda given: given.get(key) not in values,
        "Exists": lambda given: key in given,
        "DoesNotExist": lambda given: key not in given,
    }[operator]


def fields(text: str, kind_key: str) -> Predicate:
    """A test by `metadata.name=x,status.phase!=y`, of the fields that the kind can select."""
    tests = [_field_test(part, kind_key) for part in text.split(",") if part]
    return lambda obj: all(test(obj) for test in tests)


def _field_test(text: str, kind_key: str) -> Predicate:
    match = re.match(r"([^!=]+)(==|=|!=)(.*)$", text)
    if not match:
        raise bad_request(f"invalid selector: '{text}'; can't understand '{text}'")
    path, operator, value = match.groups()
    known = ("metadata.name", "metadata.namespace", *FIELDS.get(kind_key, ()))
    if path not in known:
        listed = ", ".join(f'"{name}"' for name in known[:2])
        raise bad_request(f'"{path}" is not a known field selector: only {listed}')
    return lambda obj: (field_value(obj, path) == value) == (operator != "!=")


def field_value(obj: Object, path: str) -> str:
    """As a selector sees it: text, empty when absent."""
    node: Any = obj
    for key in path.split("."):
        node = node.get(key) if isinstance(node, dict) else None
    if isinstance(node, bool):
        return str(node).lower()
    if isinstance(node, dict):
        node = node.get("component") or node.get("phase")
    return "" if node is None else str(node)


def matcher(label_text: str, field_text: str, kind_key: str) -> Predicate | None:
    """Both selectors of a request in one test; None when there are none."""
    if not label_text and not field_text:
        return None
    by_labels, by_fields = labels(label_text), fields(field_text, kind_key)
    return lambda obj: by_labels(obj["metadata"].get("labels") or {}) and by_fields(obj)
