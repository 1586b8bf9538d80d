"""What the user may do in the project, and what the cluster has for it, found before anything is
changed."""

from collections.abc import Iterable

from jhos.cluster.client import Cluster
from jhos.errors import Refused
from jhos.kinds import KINDS
from jhos.objects import Object

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
ASK_ADMIN = (
    "Someone who administers the project can grant you the role `admin`: "
    "rights of `edit` are not enough, since the hub needs a Role of its own."
)


def check_rights(cluster: Cluster, needed: Iterable[tuple[str, str]]) -> None:
    """Raises Refused unless the user has them; says in words what is missing."""
    wanted = list(needed)
    rules = cluster.rules()
    missing = lacking(rules, wanted)
    if not missing:
        return
    check_project(cluster, rules)
    raise Refused(f"In project {cluster.namespace} you may not: {in_words(missing)}.", ASK_ADMIN)


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
