"""One request to the API as every part of the server sees it, and what the server knows besides."""

import json
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from jhos.sandbox import protobuf
from jhos.sandbox.failure import Failure, bad_request, undecodable
from jhos.sandbox.kinds import Kind
from jhos.sandbox.paths import ResourcePath
from jhos.sandbox.sessions import Sessions
from jhos.sandbox.store import Store

Object = dict[str, Any]
Query = Mapping[str, str]

PROTOBUF = "application/vnd.kubernetes.protobuf"

# Lines of a container's log: namespace, pod, container and the query as on the wire.
PodLogs = Callable[[str, str, str, Query], AsyncIterator[bytes]]
# Lines of a build's log: namespace, build and the query.
BuildLogs = Callable[[str, str, Query], AsyncIterator[bytes]]
# A build of an uploaded source: namespace, build config, query, the upload; gives the Build.
InstantiateBinary = Callable[[str, str, Query, AsyncIterator[bytes]], Awaitable[Object]]


@dataclass(frozen=True)
class User:
    """Who asks."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


SYSTEM_ADMIN = User("system:admin", ("system:masters", "system:authenticated"))
ANONYMOUS = User("system:anonymous", ("system:unauthenticated",))


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """What the server cannot know by itself; hooks left out are answered as not available."""

    ca_pem: str = ""
    apps_domain: str = "apps.localhost"
    has_registry: bool = True
    tokens: Mapping[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    address: str = ""
    password: str = field(default="", repr=False)
    sessions: Sessions | None = None
    token_key: bytes = b""
    pod_logs: PodLogs | None = None
    exec_socket: Path | None = None
    usage: Path | None = None
    build_logs: BuildLogs | None = None
    instantiate_binary: InstantiateBinary | None = None


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request for a resource, authenticated and read; `warnings` go with its answer."""

    store: Store
    cluster: Cluster
    user: User
    verb: str
    path: ResourcePath
    kind: Kind
    query: Query
    body: bytes = b""
    content_type: str = ""
    accept: str = ""
    user_agent: str = ""
    upload: AsyncIterator[bytes] | None = None
    warnings: list[str] = field(default_factory=list)

    @property
    def namespace(self) -> str:
        return self.path.namespace if self.kind.namespaced else ""

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def dry_run(self) -> bool:
        return self.query.get("dryRun") == "All"

    @property
    def strict(self) -> bool:
        return self.query.get("fieldValidation") == "Strict"

    @property
    def warns(self) -> bool:
        return self.query.get("fieldValidation") in (None, "", "Warn")

    @property
    def manager(self) -> str:
        """The field manager, by default the first word of the user agent."""
        return self.query.get("fieldManager") or self.user_agent.partition("/")[0][:128]

    def internal(self, kind: Kind, namespace: str, name: str, **query: str) -> "Call":
        """A call that the server itself makes in the course of this one."""
        path = ResourcePath(kind.group, kind.version, namespace, kind.plural, name)
        return replace(
            self,
            user=SYSTEM_ADMIN,
            verb="",
            path=path,
            kind=kind,
            query={**query, **({"dryRun": "All"} if self.dry_run else {})},
            body=b"",
        )

    def flag(self, name: str) -> bool:
        return self.query.get(name, "false") not in ("", "0", "false")

    def object(self) -> Object:
        """The body as an object; raises Failure."""
        body = parse(self.body, self.content_type, self.kind.kind)
        twice = [f'duplicate field "{path}"' for path in _twice(body)]
        if twice and self.strict:
            why = f"strict decoding error: {', '.join(twice)}"
            raise undecodable(self.kind.kind, self.kind.version, why)
        if self.warns:
            self.warnings.extend(twice)
        return body


def parse(body: bytes, content_type: str, kind: str) -> Object:
    """A body in JSON or YAML; raises Failure."""
    if content_type.endswith("yaml"):
        value = _yaml(body)
    elif content_type in ("", "application/json", "*/*") or content_type.endswith("+json"):
        value = _json(body, kind)
    elif content_type == PROTOBUF:
        value = _protobuf(body)
    else:
        raise Failure(
            415,
            "the body of the request was in an unknown format - accepted media types include: "
            "application/json, application/yaml, application/vnd.kubernetes.protobuf",
        )
    if not isinstance(value, dict):
        raise bad_request(f"the object provided is unrecognized (must be of type {kind})")
    return value


def _json(body: bytes, kind: str) -> Any:
    try:
        return json.loads(body, object_pairs_hook=_object)
    except ValueError as error:
        text = body.decode(errors="replace")
        end = not text.strip() or "Expecting value" in str(error) or "Unterminated" in str(error)
        why = "unexpected end of JSON input" if end else str(error)
        raise bad_request(
            f"the object provided is unrecognized (must be of type {kind}): "
            f"couldn't get version/kind; json parse error: {why} ({text[:500] or '<empty>'})"
        ) from error


class _Doubled(dict[str, Any]):
    """An object of JSON that has some of its names twice."""

    names: list[str]


def _object(pairs: list[tuple[str, Any]]) -> Object:
    found = {sys.intern(name): value for name, value in pairs}  # shared by all objects
    if len(found) < len(pairs):
        count = Counter(name for name, _ in pairs)
        found = _Doubled(found)
        found.names = [name for name in count if count[name] > 1]
    return found


def _twice(value: Any, path: str = "") -> Iterator[str]:
    """The paths of what is there twice."""
    if isinstance(value, dict):
        named = [(name, f"{path}.{name}".lstrip(".")) for name in value]
        doubled = value.names if isinstance(value, _Doubled) else ()
        yield from (where for name, where in named if name in doubled)
        for name, where in named:
            yield from _twice(value[name], where)
    elif isinstance(value, list):
        for number, entry in enumerate(value):
            yield from _twice(entry, f"{path}[{number}]")


def _protobuf(body: bytes) -> Object:
    try:
        return protobuf.decode(body)
    except (ValueError, OverflowError) as error:
        raise Failure(415, f"not read here as protobuf: {error}. Send JSON or YAML") from error


def _yaml(body: bytes) -> Any:
    try:
        return yaml.load(body, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        raise bad_request(f"error decoding YAML: {error}") from error
