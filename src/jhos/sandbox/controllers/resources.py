"""The resources of the API as the client names them, from the table of kinds."""

from jhos.sandbox import kinds
from jhos.sandbox.client import Object


def resource_of(kind: kinds.Kind) -> str:
    """`apis/apps/v1/deployments`, `api/v1/pods`."""
    return f"{'apis' if kind.group else 'api'}/{kind.api_version}/{kind.plural}"


def stored() -> list[str]:
    """All resources that hold objects, but events: these own nothing and nothing owns them."""
    return [resource_of(k) for k in kinds.KINDS if k.stored and k.plural != "events"]


def namespaced() -> list[str]:
    """Those that live in namespaces, events too."""
    return [resource_of(k) for k in kinds.KINDS if k.stored and k.namespaced]


def resource_of_owner(reference: Object) -> tuple[str, bool] | None:
    """The resource of an owner reference and whether it is namespaced; None: not of this API."""
    kind = kinds.of_object(reference["apiVersion"], reference["kind"])
    return (resource_of(kind), kind.namespaced) if kind else None


def with_kind(resource: str, obj: Object) -> Object:
    """An item of a list has no `kind` of its own on some servers."""
    if "kind" in obj:
        return obj
    group, _, plural = resource.rpartition("/")
    api_version = group.removeprefix("apis/").removeprefix("api/")
    kind = next(k for k in kinds.KINDS if k.api_version == api_version and k.plural == plural)
    return {"apiVersion": api_version, "kind": kind.kind, **obj}
