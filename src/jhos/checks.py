"""What would stop a command, found before anything is changed: one function a check."""

from collections.abc import Iterable

from jhos.cluster.client import Cluster
from jhos.errors import Refused, SettingsError
from jhos.kinds import KINDS
from jhos.objects import Object
from jhos.settings.model import Settings

HOST_LABEL_LENGTH = 63

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
TEARDOWN = tuple(("delete", kind) for verb, kind in DEPLOY if verb == "get")
BUILD = (
    ("create", "ImageStream"),
    ("create", "BuildConfig"),
    ("create", "BuildConfig/instantiatebinary"),
)


def check_rights(cluster: Cluster, needed: Iterable[tuple[str, str]]) -> None:
    """Raises Refused unless the user has them; says in words what is missing."""
    rules = cluster.rules()
    wanted = list(needed)
    missing = [(verb, kind) for verb, kind in wanted if not _allowed(rules, verb, kind)]
    if not missing:
        return
    if len(missing) == len(wanted):
        raise Refused(
            f"There is no project {cluster.namespace} in which you have rights "
            f"(context {cluster.context}).",
            "Name one with -n PROJECT, or let one be made with --create-project.",
        )
    rights = ", ".join(f"{verb} {kind}" for verb, kind in missing)
    raise Refused(
        f"In project {cluster.namespace} you may not: {rights}.",
        "Someone who administers the project can grant you the role `admin`: "
        "rights of `edit` are not enough, since the hub needs a Role of its own.",
    )


def check_host(settings: Settings, namespace: str) -> None:
    """Raises SettingsError where the address that a cluster makes would be too long."""
    label = f"{settings.name}-{namespace}"
    if not settings.route.host and len(label) > HOST_LABEL_LENGTH:
        raise SettingsError(
            f"The address would begin with {label}, {len(label)} characters; "
            f"{HOST_LABEL_LENGTH} are possible.",
            "Take a shorter --name, or choose the address with --route-host.",
        )


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
