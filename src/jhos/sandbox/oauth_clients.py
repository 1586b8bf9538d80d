"""Service accounts as OAuth clients: what one may ask for, and where its users come back to.

Source: https://docs.openshift.com/container-platform/latest/authentication/using-service-accounts-as-oauth-client.html
"""

import hashlib
import hmac
import json
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from jhos.sandbox import authentication
from jhos.sandbox.controllers.routes import is_admitted
from jhos.sandbox.store import Store

Object = dict[str, Any]
ACCOUNT = "system:serviceaccount:"
ANNOTATION = "serviceaccounts.openshift.io/oauth-"
SCOPES = ("user:info", "user:check-access", "user:list-projects", "user:list-scoped-projects")
CODE_S = 300


class OAuthError(Exception):
    """`error` in the words of RFC 6749, and what it means here."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error, self.description = error, description


@dataclass(frozen=True, kw_only=True)
class Request:
    """That a user may be asked for: to whom the code goes, and what its token may do."""

    client: str
    redirect: str
    scope: str
    state: str
    challenge: str


def request_of(query: Any, store: Store) -> Request:
    """Raises OAuthError unless the client exists, comes back to an address of its own, and asks
    for no more than it may."""
    client, redirect = query.get("client_id", ""), query.get("redirect_uri", "")
    account = _account(client, store)
    if account is None:
        raise OAuthError("unauthorized_client", f"There is no client {client!r}.")
    if not any(_leads_to(redirect, host) for host in hosts(account, store)):
        raise OAuthError("invalid_request", f"{client} has no redirect to {redirect!r}.")
    scope = query.get("scope", "") or SCOPES[0]
    if not set(scope.split()) <= {*SCOPES}:
        raise OAuthError("invalid_scope", f"{client} may not ask for {scope}.")
    return Request(
        client=client,
        redirect=redirect,
        scope=scope,
        state=query.get("state", ""),
        challenge=query.get("code_challenge", ""),
    )


def hosts(account: Object, store: Store) -> Iterator[str]:
    """Of the redirect addresses and of the admitted routes that the account names."""
    for key, value in (account["metadata"].get("annotations") or {}).items():
        if key.startswith(f"{ANNOTATION}redirecturi."):
            yield urlsplit(value).hostname or ""
        if key.startswith(f"{ANNOTATION}redirectreference."):
            yield from _referred(value, account["metadata"]["namespace"], store)


def _referred(text: str, namespace: str, store: Store) -> Iterator[str]:
    try:
        reference = json.loads(text)["reference"]
    except (ValueError, KeyError, TypeError):
        return
    if reference.get("kind") != "Route":
        return
    route = store.get("routes.route.openshift.io", namespace, reference.get("name", ""))
    if route and is_admitted(route):
        yield from (held["host"] for held in route["status"]["ingress"])


def _leads_to(redirect: str, host: str) -> bool:
    """By name: the sandbox's router has a port of its own."""
    goal = urlsplit(redirect)
    return goal.scheme in ("http", "https") and goal.hostname == host


def _account(client: str, store: Store) -> Object | None:
    namespace, _, name = client.removeprefix(ACCOUNT).partition(":")
    found = store.get("serviceaccounts", namespace, name) if client.startswith(ACCOUNT) else None
    return found


@dataclass(frozen=True)
class _Granted:
    request: Request
    user: str
    expiry: float


class Codes:
    """What users have agreed to, until the client has its token."""

    def __init__(self) -> None:
        self._granted: dict[str, _Granted] = {}

    def grant(self, request: Request, user: str) -> str:
        code = f"sha256~{secrets.token_urlsafe(32)}"
        self._granted[code] = _Granted(request, user, time.time() + CODE_S)
        return code

    def redeem(self, told: Any, key: bytes, store: Store) -> tuple[str, str]:
        """User and scope of a code, which holds once.

        Raises OAuthError unless it is the client that the code was given to, which proves itself
        by a token of its service account.
        """
        granted = self._granted.pop(told.get("code", ""), None)
        owner = authentication.service_account(told.get("client_secret", ""), key, store)
        if owner is None or owner.name != told.get("client_id"):
            raise OAuthError("unauthorized_client", "The client is not who it says.")
        if granted is None or granted.expiry < time.time() or not _fits(granted.request, told):
            raise OAuthError("invalid_grant", "The code is not good.")
        return granted.user, granted.request.scope


def _fits(request: Request, told: Any) -> bool:
    return bool(
        request.client == told.get("client_id")
        and request.redirect == told.get("redirect_uri", "")
        and (not request.challenge or _proves(told.get("code_verifier", ""), request.challenge))
    )


def _proves(verifier: str, challenge: str) -> bool:
    """*source* https://datatracker.ietf.org/doc/html/rfc7636#section-4.6"""
    digest = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=")
    return hmac.compare_digest(digest, challenge.encode())
