"""Who may do what: roles and bindings, and the words of a refusal."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from jhos.sandbox import failure
from jhos.sandbox.authentication import SCOPES
from jhos.sandbox.call import User
from jhos.sandbox.failure import Failure
from jhos.sandbox.store import Store

Object = dict[str, Any]
GROUP = "rbac.authorization.k8s.io"
MASTERS = "system:masters"


@dataclass(frozen=True)
class Question:
    """May someone do `verb` on `resource`, which names a subresource as `pods/log`?"""

    verb: str
    group: str
    resource: str
    namespace: str = ""
    name: str = ""


def allowed(store: Store, user: User, question: Question) -> bool:
    if user.extra.get(SCOPES):
        return False  # the scopes that there are reach no resource but the user itself
    if MASTERS in user.groups:
        return True
    return any(_grants(rule, question) for rule in rules(store, user, question.namespace))


def check(store: Store, user: User, question: Question) -> None:
    """Raises Failure 403 in the words of the API."""
    if allowed(store, user, question):
        return
    scope = f'in the namespace "{question.namespace}"' if question.namespace else ""
    why = (
        f'User "{user.name}" cannot {question.verb} resource "{question.resource}" '
        f'in API group "{question.group}" {scope or "at the cluster scope"}'
    )
    if scopes := user.extra.get(SCOPES):
        why = f"scopes [{' '.join(scopes)}] prevent this action"
    resource = question.resource.partition("/")[0]
    raise failure.forbidden(question.group, resource, question.name, why)


def allowed_path(store: Store, user: User, verb: str, path: str) -> bool:
    """Rights to paths that are no resources, as `/metrics`."""
    if MASTERS in user.groups:
        return True
    return any(_grants_path(rule, verb, path) for rule in rules(store, user, ""))


def check_path(store: Store, user: User, verb: str, path: str) -> None:
    if not allowed_path(store, user, verb, path):
        message = f'forbidden: User "{user.name}" cannot {verb} path "{path}"'
        raise Failure(403, message, details={})


def rules(store: Store, user: User, namespace: str) -> Iterator[Object]:
    """Every rule that holds for the user, in the cluster and in one namespace."""
    bindings = store.objects(f"clusterrolebindings.{GROUP}")
    if namespace:
        bindings += store.objects(f"rolebindings.{GROUP}", namespace)
    for binding in bindings:
        if any(_is_subject(s, user, namespace) for s in binding.get("subjects") or ()):
            yield from _rules_of(store, binding["roleRef"], namespace)


def _rules_of(store: Store, reference: Object, namespace: str) -> Iterator[Object]:
    if reference["kind"] == "ClusterRole":
        role = store.get(f"clusterroles.{GROUP}", "", reference["name"])
    else:
        role = store.get(f"roles.{GROUP}", namespace, reference["name"])
    yield from (role or {}).get("rules") or ()


def _is_subject(subject: Object, user: User, namespace: str) -> bool:
    match subject["kind"]:
        case "User":
            return bool(subject["name"] == user.name)
        case "Group":
            return subject["name"] in user.groups
        case "ServiceAccount":
            home = subject.get("namespace") or namespace
            return user.name == f"system:serviceaccount:{home}:{subject['name']}"
    return False


def _grants(rule: Object, question: Question) -> bool:
    resources = rule.get("resources") or ()
    subresource = question.resource.partition("/")[2]
    named = (
        "*" in resources
        or question.resource in resources
        or (subresource and f"*/{subresource}" in resources)
    )
    return bool(
        named
        and _has(rule.get("verbs"), question.verb)
        and _has(rule.get("apiGroups"), question.group)
        and (not rule.get("resourceNames") or question.name in rule["resourceNames"])
    )


def _grants_path(rule: Object, verb: str, path: str) -> bool:
    return _has(rule.get("verbs"), verb) and any(
        url == path or (url.endswith("*") and path.startswith(url[:-1]))
        for url in rule.get("nonResourceURLs") or ()
    )


def _has(values: list[str] | None, wanted: str) -> bool:
    return values is not None and ("*" in values or wanted in values)
