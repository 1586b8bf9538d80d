"""What the user may do in the project, and what the cluster has for it, found before anything is
changed."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from jhos.cluster.client import Cluster
from jhos.errors import BeingDeleted, Refused
from jhos.kinds import KINDS
from jhos.objects import Object
from jhos.plan import Action, Plan

Seen = TypeVar("Seen")

# (verb, kind or kind/subresource)
DEPLOY = tuple(
    (verb, kind)
    for verb in ("get", "list", "create", "patch")
    for kind in (
        "ServiceAccount",
        "Role",
        "RoleBinding",
        "ConfigMap",
        "Secret",
        "PersistentVolumeClaim",
        "NetworkPolicy",
        "Service",
        "Route",
        "Deployment",
    )
)
TEARDOWN = (
    *(("delete", kind) for verb, kind in DEPLOY if verb == "get"),
    ("deletecollection", "Pod"),
    ("deletecollection", "PersistentVolumeClaim"),
)
METRICS = tuple(
    (verb, kind)
    for verb in ("get", "list", "create", "patch")
    for kind in ("ServiceMonitor", "PrometheusRule")
)
BUILD = (
    ("create", "ImageStream"),
    ("create", "BuildConfig"),
    ("create", "BuildConfig/instantiatebinary"),
    ("create", "BuildConfig/instantiate"),
)
STORED = (("get", "ConfigMap"), ("get", "Secret"))  # to read what is kept of a deployment
# The same for every setting, and readable by nobody without the role `admin`.
FIXED = ("Role", "RoleBinding")
_ASK_ADMIN = (
    "Someone who administers the project can grant you the role `admin`: "
    "rights of `edit` are not enough, since the hub needs a Role of its own."
)
_ASK_EDIT = "Someone who administers the project can grant you the role `edit`."
_WRITES = {
    Action.CREATE: ("create", "patch"),
    Action.UPDATE: ("patch",),
    Action.DELETE: ("delete",),
}


def check_rights(cluster: Cluster, needed: Iterable[tuple[str, str]]) -> None:
    """Raises Refused unless the user has them; says in words what is missing."""
    wanted = list(needed)
    rules = cluster.rules()
    missing = lacking(rules, wanted)
    if not missing:
        return
    check_project(cluster, rules)
    said = f"In project {cluster.namespace} you may not: {in_words(missing)}."
    raise Refused(said, role_needed(missing))


def role_needed(missing: Iterable[tuple[str, str]]) -> str:
    """Return the hint that names the role with which these rights come."""
    return _ASK_ADMIN if any(kind in FIXED for _, kind in missing) else _ASK_EDIT


@contextmanager
def explained(cluster: Cluster, needed: Iterable[tuple[str, str]]) -> Iterator[None]:
    """Raise Refused with every right of `needed` that is missing, in place of the first refusal."""
    try:
        yield
    except BeingDeleted:
        raise
    except Refused:
        check_rights(cluster, needed)
        raise


def check_plan(cluster: Cluster, plan: Plan) -> None:
    """Raises Refused unless the user may make each change of the plan."""
    needed = [(verb, change.ref.kind) for change in plan.moves for verb in _WRITES[change.action]]
    check_rights(cluster, dict.fromkeys(needed))


def look(hidden: set[str], kind: str, read: Callable[[], Seen]) -> Seen | None:
    """Return what `read` returns; where the user may not, None, and add the kind to `hidden`."""
    try:
        return read()
    except BeingDeleted:
        raise
    except Refused:
        hidden.add(kind)
        return None


def check_project(cluster: Cluster, rules: list[Object]) -> None:
    """Raises Refused where the user may do nothing: such a project, or none, looks the same."""
    if len(lacking(rules, DEPLOY)) == len(DEPLOY):
        raise Refused(
            f"There is no project {cluster.namespace} in which you have rights "
            f"(context {cluster.context}).",
            "Name one with -n PROJECT, or have one made: jhos deploy -n PROJECT --create-project. "
            "One that is being deleted is not to be seen any more.",
        )


def check_builds(cluster: Cluster) -> None:
    """Raises Refused on a cluster without the optional Build or ImageStream API."""
    groups = cluster.groups()
    for kind, way in (
        ("ImageStream", "jhos deploy --hub-image REGISTRY/NAME:TAG --notebook-image …"),
        ("Build", "jhos build-images hub --import REGISTRY/NAME:TAG"),
    ):
        if KINDS[kind].api_version.partition("/")[0] not in groups:
            raise Refused(
                f"This cluster builds no images: it has no {kind} API.",
                f"Take images that were built elsewhere: {way}",
            )


def in_words(rights: Iterable[tuple[str, str]]) -> str:
    """`create, patch Role, RoleBinding; delete Route`"""
    verbs: dict[str, list[str]] = {}
    for verb, kind in rights:
        verbs.setdefault(kind, []).append(verb)
    kinds: dict[str, list[str]] = {}
    for kind, several in verbs.items():
        kinds.setdefault(", ".join(several), []).append(kind)
    return "; ".join(f"{several} {', '.join(names)}" for several, names in kinds.items())


def lacking(rules: list[Object], needed: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """What of it the user may not do."""
    return [(verb, kind) for verb, kind in needed if not _allowed(rules, verb, kind)]


def _allowed(rules: Iterable[Object], verb: str, kind: str) -> bool:
    name, _, subresource = kind.partition("/")
    row = KINDS[name]
    group = row.api_version.rpartition("/")[0]
    resource = f"{row.plural}/{subresource}" if subresource else row.plural
    return any(
        not rule.get("resourceNames")
        and _names(rule, "verbs", verb)
        and _names(rule, "apiGroups", group)
        and _names(rule, "resources", resource)
        for rule in rules
    )


def _names(rule: Object, key: str, value: str) -> bool:
    return value in rule.get(key, []) or "*" in rule.get(key, [])
