"""The login of the cluster: tokens for passwords, as OpenShift's OAuth server gives them.

Whoever logs in is that user: any name will do, with the sandbox's one password. Clients are that of
the challenge, and service accounts, whose users agree by logging in.
Source: https://docs.openshift.com/container-platform/latest/authentication/configuring-internal-oauth.html
"""

import hmac
import html
import re
import secrets
from base64 import b64decode
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from jhos.sandbox import authentication
from jhos.sandbox.call import ANONYMOUS, Cluster, User
from jhos.sandbox.failure import Failure, forbidden
from jhos.sandbox.oauth_clients import SCOPES, Codes, OAuthError, Request, request_of
from jhos.sandbox.sessions import LIFETIME_S, Sessions
from jhos.sandbox.store import Store

NAME = re.compile(r"[\w.@-]+")  # not one of the cluster's own, as system:admin
CLIENT = "openshift-challenging-client"
USERS, TOKENS = "user.openshift.io", "oauth.openshift.io"
PAGE = "<!doctype html><title>Login</title><style>body{font:1rem sans-serif;margin:3rem}</style>"
FORM = (
    "<form method=post><p><label>User <input name=user autofocus></label>"
    "<p><label>Password <input name=password type=password></label>"
    "<p><button>{button}</button></form>"
)
Step = Callable[[web.Request], Awaitable[web.Response]]
SHOW = "Show a token"
REFUSAL = "<p>User and password do not fit.</p>"


class Login:
    """The pages and answers of it."""

    def __init__(self, store: Store, cluster: Cluster, sessions: Sessions) -> None:
        self.store, self.cluster, self.sessions = store, cluster, sessions
        self.codes = Codes()

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/.well-known/oauth-authorization-server", self.endpoints),
            web.get("/oauth/authorize", _refusing(self.authorize)),
            web.post("/oauth/authorize", _refusing(self.grant)),
            web.post("/oauth/token", _refusing(self.token)),
            web.get("/oauth/token/request", self.form),
            web.post("/oauth/token/request", self.show),
            web.get(f"/apis/{USERS}/v1/users/~", self.whoami),
            web.delete(f"/apis/{TOKENS}/v1/useroauthaccesstokens/{{name}}", self.revoke),
        ]

    async def endpoints(self, request: web.Request) -> web.Response:
        """Pods and browsers reach this server by different addresses; a browser shows the page."""
        issuer = str(request.url.origin())
        outside = self.cluster.address or issuer
        return _json(
            200,
            {
                "issuer": issuer,
                "authorization_endpoint": f"{outside}/oauth/authorize",
                "token_endpoint": f"{issuer}/oauth/token",
                "scopes_supported": ["user:full", *SCOPES],
                "response_types_supported": ["code", "token"],
                "grant_types_supported": ["authorization_code", "implicit"],
                "code_challenge_methods_supported": ["plain", "S256"],
            },
        )

    async def authorize(self, request: web.Request) -> web.Response:
        if request.query.get("response_type") == "code":
            return self._ask(request.query)
        if request.query.get("client_id") != CLIENT or not request.headers.get("X-CSRF-Token"):
            text = "A non-empty X-CSRF-Token header is required to receive basic-auth challenges\n"
            return web.Response(status=401, text=text)
        user = self._by_password(*_basic(request.headers.get("Authorization", "")))
        if user is None:
            challenge = {"WWW-Authenticate": 'Basic realm="openshift"'}
            return web.Response(status=401, headers=challenge)
        told = {
            "access_token": self.sessions.begin(user),
            "expires_in": LIFETIME_S,
            "scope": "user:full",
            "token_type": "Bearer",
        }
        goal = f"{request.url.origin()}/oauth/token/implicit#{urlencode(told)}"
        return web.Response(status=302, headers={"Location": goal})

    def _ask(self, query: Any, refusal: str = "") -> web.Response:
        """The page on which a user logs in and so tells a client who it is."""
        asked = request_of(query, self.store)
        who = f"<p>{html.escape(asked.client)} asks for {html.escape(asked.scope)}.</p>"
        return _page(f"{refusal}{who}{FORM.format(button='Log in')}", 401 if refusal else 200)

    async def grant(self, request: web.Request) -> web.Response:
        asked = request_of(request.query, self.store)
        user = await self._logged_in(request)
        if user is None:
            return self._ask(request.query, REFUSAL)
        return _back(asked, code=self.codes.grant(asked, user))

    async def token(self, request: web.Request) -> web.Response:
        """*source* https://datatracker.ietf.org/doc/html/rfc6749#section-4.1.3"""
        told = await request.post()
        user, scope = self.codes.redeem(told, self.cluster.token_key, self.store)
        given = {
            "access_token": self.sessions.begin(user, scope),
            "expires_in": LIFETIME_S,
            "scope": scope,
            "token_type": "Bearer",
        }
        return _json(200, given)

    async def form(self, _: web.Request) -> web.Response:
        return _page(FORM.format(button=SHOW))

    async def show(self, request: web.Request) -> web.Response:
        user = await self._logged_in(request)
        if user is None:
            return _page(REFUSAL + FORM.format(button=SHOW), 401)
        shown = html.escape(self.sessions.begin(user))
        return _page(f"<p>The token, for <code>jhos login</code>:<p><code>{shown}</code>")

    async def whoami(self, request: web.Request) -> web.Response:
        try:
            user = self._user(request, "get", USERS, "users", "~")
        except Failure as error:
            return _json(error.code, error.status())
        meta = {"name": user.name} | ({"uid": user.uid} if user.uid else {})
        body = {"kind": "User", "apiVersion": f"{USERS}/v1", "metadata": meta, "identities": None}
        return _json(200, {**body, "groups": list(user.groups)})

    async def revoke(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        try:
            user = self._user(request, "delete", TOKENS, "useroauthaccesstokens", name)
            if not self.sessions.end(name, user.name):
                message = f'useroauthaccesstokens.{TOKENS} "{name}" not found'
                raise Failure(404, message)
        except Failure as error:
            return _json(error.code, error.status())
        return _json(200, {"kind": "Status", "apiVersion": "v1", "status": "Success"})

    def _user(self, request: web.Request, verb: str, group: str, plural: str, name: str) -> User:
        header = request.headers.get("Authorization", "")
        user = authentication.user_of(header, self.cluster, self.store)
        if user == ANONYMOUS:
            why = (
                f'User "{user.name}" cannot {verb} resource "{plural}" in API group "{group}" '
                "at the cluster scope"
            )
            raise forbidden(group, plural, name, why)
        return user

    async def _logged_in(self, request: web.Request) -> str | None:
        """By the form of the page."""
        data = await request.post()
        return self._by_password(str(data.get("user", "")), str(data.get("password", "")))

    def _by_password(self, user: str, password: str) -> str | None:
        known = self.cluster.password or secrets.token_hex()
        fits = hmac.compare_digest(known.encode(), password.encode())
        return user if fits and NAME.fullmatch(user) else None


def _basic(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        user, _, password = b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return user, password


def _refusing(step: Step) -> Step:
    """With the refusals of RFC 6749 as answers."""

    async def answer(request: web.Request) -> web.Response:
        try:
            return await step(request)
        except OAuthError as error:
            return _json(400, {"error": error.error, "error_description": error.description})

    return answer


def _back(asked: Request, **told: str) -> web.Response:
    joint = "&" if "?" in asked.redirect else "?"
    query = urlencode({**told, "state": asked.state})
    return web.Response(status=302, headers={"Location": f"{asked.redirect}{joint}{query}"})


def _page(body: str, status: int = 200) -> web.Response:
    return web.Response(status=status, text=PAGE + body, content_type="text/html")


def _json(status: int, body: Any) -> web.Response:
    return web.json_response(body, status=status)
