"""The login of the cluster: tokens for passwords, as OpenShift's OAuth server gives them.

What it does not have: clients other than that of the challenge, scopes, and pages to log in at but
the one that shows a token.
Source: https://docs.openshift.com/container-platform/latest/authentication/configuring-internal-oauth.html
"""

import hmac
import html
import secrets
from base64 import b64decode
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from jhos.sandbox import authentication
from jhos.sandbox.call import ANONYMOUS, Cluster, User
from jhos.sandbox.failure import Failure, forbidden
from jhos.sandbox.sessions import LIFETIME_S, Sessions
from jhos.sandbox.store import Store

CLIENT = "openshift-challenging-client"
USERS, TOKENS = "user.openshift.io", "oauth.openshift.io"
PAGE = "<!doctype html><title>Token</title><style>body{{font:1rem sans-serif;margin:3rem}}</style>"
FORM = (
    "<form method=post><p><label>User <input name=user autofocus></label>"
    "<p><label>Password <input name=password type=password></label>"
    "<p><button>Show a token</button></form>"
)


class Login:
    """The pages and answers of it."""

    def __init__(self, store: Store, cluster: Cluster, sessions: Sessions) -> None:
        self.store, self.cluster, self.sessions = store, cluster, sessions

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/.well-known/oauth-authorization-server", self.endpoints),
            web.get("/oauth/authorize", self.authorize),
            web.get("/oauth/token/request", self.form),
            web.post("/oauth/token/request", self.show),
            web.get(f"/apis/{USERS}/v1/users/~", self.whoami),
            web.delete(f"/apis/{TOKENS}/v1/useroauthaccesstokens/{{name}}", self.revoke),
        ]

    async def endpoints(self, request: web.Request) -> web.Response:
        issuer = str(request.url.origin())
        return _json(
            200,
            {
                "issuer": issuer,
                "authorization_endpoint": f"{issuer}/oauth/authorize",
                "token_endpoint": f"{issuer}/oauth/token",
                "scopes_supported": ["user:full"],
                "response_types_supported": ["token"],
                "grant_types_supported": ["implicit"],
                "code_challenge_methods_supported": ["plain", "S256"],
            },
        )

    async def authorize(self, request: web.Request) -> web.Response:
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

    async def form(self, _: web.Request) -> web.Response:
        return web.Response(text=PAGE + FORM, content_type="text/html")

    async def show(self, request: web.Request) -> web.Response:
        data = await request.post()
        user = self._by_password(str(data.get("user", "")), str(data.get("password", "")))
        if user is None:
            refusal = f"{PAGE}<p>User and password do not fit.{FORM}"
            return web.Response(status=401, text=refusal, content_type="text/html")
        shown = html.escape(self.sessions.begin(user))
        text = f"{PAGE}<p>The token, for <code>jhos login</code>:<p><code>{shown}</code>"
        return web.Response(text=text, content_type="text/html")

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

    def _by_password(self, user: str, password: str) -> str | None:
        known = self.cluster.passwords.get(user, secrets.token_hex())
        return user if hmac.compare_digest(known.encode(), password.encode()) else None


def _basic(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        user, _, password = b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return user, password


def _json(status: int, body: Any) -> web.Response:
    return web.json_response(body, status=status)
