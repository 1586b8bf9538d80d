"""Who am I, what may I do, and tokens of service accounts: the reviews, which are only created."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from jhos.sandbox import authentication, failure, rbac, reading
from jhos.sandbox.answers import Answer
from jhos.sandbox.call import Call, User
from jhos.sandbox.failure import Cause, Failure

Object = dict[str, Any]
SHORTEST_S, DEFAULT_S, LONGEST_S = 600, 3600, 2**32


def token_request(call: Call) -> Answer:
    """A token of a service account, bound to a pod or a secret where the request says so."""
    account = reading.get(call)
    spec = call.object().get("spec") or {}
    seconds = spec.get("expirationSeconds") or DEFAULT_S
    _check_seconds(seconds)
    holder = _holder(call, spec.get("boundObjectRef"))
    audiences = tuple(spec.get("audiences") or (authentication.ISSUER,))
    key = call.cluster.token_key
    token, end = authentication.issue(account, key, seconds, bound_to=holder, audiences=audiences)
    expires = datetime.fromtimestamp(end, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    meta = {name: account["metadata"][name] for name in ("name", "namespace")}
    body = {
        "kind": "TokenRequest",
        "apiVersion": "authentication.k8s.io/v1",
        "metadata": {**meta, "creationTimestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")},
        "spec": {
            "audiences": list(audiences),
            "expirationSeconds": seconds,
            "boundObjectRef": spec.get("boundObjectRef"),
        },
        "status": {"token": token, "expirationTimestamp": expires},
    }
    return Answer(body, 201)


def _check_seconds(seconds: int) -> None:
    why = ""
    if seconds < SHORTEST_S:
        why = "may not specify a duration less than 10 minutes"
    elif seconds > LONGEST_S:
        why = "may not specify a duration larger than 2^32 seconds"
    if why:
        cause = failure.bad_value("spec.expirationSeconds", seconds, why)
        raise failure.invalid("authentication.k8s.io", "TokenRequest", "", [cause])


def _holder(call: Call, reference: Object | None) -> Object | None:
    """The object that the token is bound to."""
    plural = authentication.BOUND_TO.get((reference or {}).get("kind", ""))
    if not reference or not plural:
        return None
    found = call.store.get(plural, call.namespace, reference["name"])
    if found is None:
        raise failure.not_found("", plural, reference["name"])
    if reference.get("uid", found["metadata"]["uid"]) != found["metadata"]["uid"]:
        raise failure.conflict("", plural, reference["name"], "the UID does not match")
    return found


def self_subject_review(call: Call) -> Answer:
    user = {"username": call.user.name, "groups": list(call.user.groups)}
    if call.user.uid:
        user["uid"] = call.user.uid
    return _reviewed(call, {"userInfo": user})


def token_review(call: Call) -> Answer:
    token = call.object().get("spec", {}).get("token", "")
    try:
        user = authentication.user_of(f"Bearer {token}", call.cluster, call.store)
    except Failure:
        return _reviewed(call, {"authenticated": False})
    info = {"username": user.name, "groups": list(user.groups)}
    return _reviewed(call, {"authenticated": True, "user": info})


def _reviewed(call: Call, status: Object) -> Answer:
    head = {"kind": call.kind.kind, "apiVersion": call.kind.api_version}
    meta = call.object().get("metadata", {}) if call.body else {}
    spec = call.object().get("spec") if call.body else None
    body = {**head, "metadata": meta, **({"spec": spec} if spec is not None else {})}
    return Answer({**body, "status": status}, 201)


def self_access_review(call: Call) -> Answer:
    return _access(call, call.user)


def access_review(call: Call) -> Answer:
    """For someone else: a right of its own, which the authorizer has looked at."""
    spec = call.object().get("spec", {})
    user = User(spec.get("user", ""), tuple(spec.get("groups", ())))
    return _access(call, user)


def _access(call: Call, user: User) -> Answer:
    spec = call.object().get("spec", {})
    resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if (resource is None) == (path is None):
        raise failure.invalid("authorization.k8s.io", "", "", [_one_of()])
    if resource is None:
        allowed = rbac.allowed_path(call.store, user, path.get("verb", ""), path.get("path", ""))
    else:
        allowed = rbac.allowed(call.store, user, _question(resource))
    return _reviewed(call, {"allowed": allowed})


def _one_of() -> Cause:
    why = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
    return failure.bad_value("spec.resourceAttributes", None, why)


def _question(attributes: Object) -> rbac.Question:
    resource, sub = attributes.get("resource", ""), attributes.get("subresource", "")
    return rbac.Question(
        attributes.get("verb", ""),
        attributes.get("group", ""),
        f"{resource}/{sub}" if sub else resource,
        attributes.get("namespace", ""),
        attributes.get("name", ""),
    )


def rules_review(call: Call) -> Answer:
    namespace = call.object().get("spec", {}).get("namespace")
    if not namespace:
        raise failure.bad_request("no namespace on request")
    found = list(_rules(call, namespace))
    status = {
        "resourceRules": [rule for rule in found if "resources" in rule],
        "nonResourceRules": [rule for rule in found if "nonResourceURLs" in rule],
        "incomplete": False,
    }
    return _reviewed(call, status)


def _rules(call: Call, namespace: str) -> Iterator[Object]:
    if rbac.MASTERS in call.user.groups:
        yield {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
        yield {"verbs": ["*"], "nonResourceURLs": ["*"]}
    yield from rbac.rules(call.store, call.user, namespace)
