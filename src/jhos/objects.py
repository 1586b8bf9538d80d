"""API objects as on the wire, and references to them."""

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple, Self

Object = dict[str, Any]

INSTANCE = "app.kubernetes.io/instance"  # label: the deployment that an object belongs to
MANAGED_BY = "app.kubernetes.io/managed-by"  # label: who made an object
KEEP = "jhos.dev/keep"  # annotation: teardown keeps the object unless told otherwise
RENDERED = "jhos.dev/rendered"  # annotation: hash of the object as rendered
OURS = "app.kubernetes.io/name=jupyterhub"  # selector: of any deployment
PARTS = ("hub", "proxy", "database")  # components that run
SERVER, STORAGE = "singleuser-server", "singleuser-storage"  # components: what users have
_LINE = 200
HIDDEN = "…"  # in place of what nobody is to see
SECRET_FIELDS = {"Secret": ("data", "stringData"), "Route": ("spec.tls.key",)}


class ObjectRef(NamedTuple):
    """One object in the namespace at hand."""

    kind: str
    name: str

    @classmethod
    def of(cls, obj: Object) -> Self:
        return cls(obj["kind"], obj["metadata"]["name"])

    @property
    def title(self) -> str:
        """As kubectl takes it: `deployment/hub`."""
        return f"{self.kind.lower()}/{self.name}"

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


def timestamp(moment: datetime) -> str:
    """As on the wire: `2026-01-02T03:04:05Z`."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def labels(name: str, component: str) -> dict[str, str]:
    """Of what jhos makes."""
    return {
        "app": name,
        "component": component,
        "app.kubernetes.io/name": "jupyterhub",
        INSTANCE: name,
        "app.kubernetes.io/component": component,
        "app.kubernetes.io/part-of": name,
        MANAGED_BY: "jhos",
    }


def labels_of(obj: Object) -> dict[str, str]:
    labels: dict[str, str] = obj["metadata"].get("labels") or {}
    return labels


def annotations_of(obj: Object) -> dict[str, str]:
    annotations: dict[str, str] = obj["metadata"].get("annotations") or {}
    return annotations


def component_of(obj: Object) -> str:
    return labels_of(obj).get("component", "")


def of_component(name: str, *components: str) -> str:
    """Selector: the objects of deployment `name` that are one of these components."""
    which = f" in ({','.join(components)})" if len(components) > 1 else f"={components[0]}"
    return f"app={name},component{which}"


def digest(content: Any) -> str:
    """16 hexadecimal digits that differ where the JSON value differs."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def masked(obj: Object) -> Object:
    """Without the values of a Secret, of a ConfigMap (users write passwords into both), and the
    key of a Route's certificate."""
    match obj.get("kind"):
        case "Secret" | "ConfigMap":
            maps = (key for key in ("data", "stringData") if obj.get(key))
            return {**obj, **{key: dict.fromkeys(obj[key], HIDDEN) for key in maps}}
        case "Route" if "key" in obj.get("spec", {}).get("tls", {}):
            tls = {**obj["spec"]["tls"], "key": HIDDEN}
            return {**obj, "spec": {**obj["spec"], "tls": tls}}
    return obj


def shown(query: Iterable[tuple[str, str]], body: Any) -> str:
    """Of a request, without what may be secret."""
    lines = "".join(f"\n  {key}={value}" for key, value in query)
    match body:
        case None:
            return lines
        case dict(body):
            return f"{lines}\n  {json.dumps(masked(body))}"
        case content:
            return f"{lines}\n  {len(content)} bytes"


def shortened(line: str) -> str:
    """A line of a file or a setting, which may be of any length, for people to read."""
    if len(line) <= _LINE:
        return line
    return f"{line[:_LINE]}… ({len(line)} characters)"
