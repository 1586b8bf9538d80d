"""From a URL path to what is asked for: group, version, namespace, resource, name, subresource."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ResourcePath:
    """`/apis/apps/v1/namespaces/a/deployments/b/scale` in its parts; absent ones are empty.

    `tail`: what follows a webhook, its secret among it; rights are those to the subresource.
    """

    group: str
    version: str
    namespace: str
    resource: str
    name: str = ""
    subresource: str = ""
    watch: bool = False
    tail: str = ""


def parse(path: str) -> ResourcePath | None:
    """None where the path leads to no resource: discovery, health, nonsense."""
    parts = path.strip("/").split("/")
    if parts[0] == "api" and len(parts) > 2:
        return _resource("", parts[1], parts[2:])
    if parts[0] == "apis" and len(parts) > 3:
        return _resource(parts[1], parts[2], parts[3:])
    return None


def _resource(group: str, version: str, rest: list[str]) -> ResourcePath | None:
    watch = rest[0] == "watch" and len(rest) > 1
    rest = rest[1:] if watch else rest
    namespace = ""
    # `namespaces/a/status` is a subresource of the namespace, `namespaces/a/pods` is not.
    if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in ("status", "finalize"):
        namespace, rest = rest[1], rest[2:]
    resource, name = [*rest, ""][:2]
    subresource, tail = "/".join(rest[2:]), ""
    if subresource.startswith("webhooks/"):
        subresource, _, tail = subresource.partition("/")
    if not resource:
        return None
    if resource in ("namespaces", "projects"):
        namespace = name  # rights to one are looked up inside of it
    return ResourcePath(group, version, namespace, resource, name, subresource, watch, tail)


def verb(method: str, path: ResourcePath, *, watch: bool) -> str:
    """The verb of the authorizer, as `deletecollection`."""
    if method in ("GET", "HEAD"):
        if path.name:
            return "watch" if path.watch else "get"
        return "watch" if watch or path.watch else "list"
    if method == "DELETE":
        return "delete" if path.name else "deletecollection"
    return {"POST": "create", "PUT": "update", "PATCH": "patch"}.get(method, method.lower())
