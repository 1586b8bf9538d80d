"""Who a bearer token belongs to: users from the cluster's list, service accounts by signed tokens.

A service account's token is a JSON web token (HS256). It is checked against its signature, its
expiry and the account, which has to be there still under the same uid.
"""

import hashlib
import hmac
import json
import time
import uuid
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from jhos.sandbox.call import ANONYMOUS, Cluster, User
from jhos.sandbox.failure import Failure
from jhos.sandbox.sessions import FULL
from jhos.sandbox.store import Store

Object = dict[str, Any]
ISSUER = "https://kubernetes.default.svc"
SCOPES = "scopes.authorization.openshift.io"
HEADER = {"alg": "HS256", "typ": "JWT"}
BOUND_TO = {"Pod": "pods", "Secret": "secrets"}  # with these a token becomes invalid


def user_of(authorization: str, cluster: Cluster, store: Store) -> User:
    """The user of an `Authorization` header; raises Failure 401 for a token that is not good."""
    if not authorization:
        return ANONYMOUS
    scheme, _, token = authorization.partition(" ")
    token = token.strip()
    user = None
    if scheme.lower() == "bearer" and token:
        user = _listed(token, cluster) or service_account(token, cluster.token_key, store)
    if user is None:
        raise Failure(401, "Unauthorized")
    return user


def _listed(token: str, cluster: Cluster) -> User | None:
    for known, (name, groups) in cluster.tokens.items():
        if hmac.compare_digest(known.encode(), token.encode()):
            return _person(name, groups)
    owner = cluster.sessions.owner_of(token) if cluster.sessions else None
    return _person(owner[0], scope=owner[1]) if owner else None


def _person(name: str, groups: tuple[str, ...] = (), scope: str = FULL) -> User:
    standard = ("system:authenticated", "system:authenticated:oauth")
    extra = {} if scope == FULL else {SCOPES: tuple(scope.split())}
    return User(name, tuple(dict.fromkeys((*standard, *groups))), extra=extra)


def service_account(token: str, key: bytes, store: Store) -> User | None:
    claims = _verified(token, key)
    if claims is None or claims["exp"] < time.time():
        return None
    bound = claims["kubernetes.io"]
    namespace, account = bound["namespace"], bound["serviceaccount"]
    stored = store.get("serviceaccounts", namespace, account["name"])
    if stored is None or stored["metadata"]["uid"] != account["uid"]:
        return None
    for kind, plural in BOUND_TO.items():
        reference = bound.get(kind.lower())
        found = store.get(plural, namespace, reference["name"]) if reference else None
        if reference and (found is None or found["metadata"]["uid"] != reference["uid"]):
            return None
    return account_user(namespace, account["name"], account["uid"])


def account_user(namespace: str, name: str, uid: str = "") -> User:
    groups = (
        "system:serviceaccounts",
        f"system:serviceaccounts:{namespace}",
        "system:authenticated",
    )
    return User(f"system:serviceaccount:{namespace}:{name}", groups, uid)


def issue(
    account: Object,
    key: bytes,
    seconds: int,
    *,
    bound_to: Object | None = None,
    audiences: tuple[str, ...] = (),
) -> tuple[str, float]:
    """A new token of a service account, with the time of its end."""
    meta, now = account["metadata"], time.time()
    bound: Object = {
        "namespace": meta["namespace"],
        "serviceaccount": {"name": meta["name"], "uid": meta["uid"]},
    }
    if bound_to is not None:
        holder = bound_to["metadata"]
        bound[bound_to["kind"].lower()] = {"name": holder["name"], "uid": holder["uid"]}
    claims = {
        "aud": list(audiences or (ISSUER,)),
        "exp": int(now) + seconds,
        "iat": int(now),
        "iss": ISSUER,
        "jti": str(uuid.uuid4()),
        "kubernetes.io": bound,
        "nbf": int(now),
        "sub": f"system:serviceaccount:{meta['namespace']}:{meta['name']}",
    }
    signed = f"{_encode(HEADER)}.{_encode(claims)}"
    return f"{signed}.{_signature(signed, key)}", now + seconds


def _verified(token: str, key: bytes) -> Object | None:
    signed, _, signature = token.rpartition(".")
    if not hmac.compare_digest(_signature(signed, key).encode(), signature.encode()):
        return None
    payload = signed.partition(".")[2]
    claims: Object = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


def _encode(value: Object) -> str:
    return _text(json.dumps(value, separators=(",", ":")).encode())


def _signature(text: str, key: bytes) -> str:
    return _text(hmac.new(key, text.encode(), hashlib.sha256).digest())


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
