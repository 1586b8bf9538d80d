"""A service account as OAuth client, as the hub is one: the flow, and what is refused."""

import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from jhos.sandbox import authentication, rbac
from jhos.sandbox.call import Cluster, User
from jhos.sandbox.failure import Failure
from jhos.sandbox.sessions import Sessions
from tests.sandbox.server import CORE, Api, serving

PASSWORD = "of-the-sandbox"
CLIENT = "system:serviceaccount:demo:hub"
REDIRECT = "http://hub.apps.localhost:8080/hub/oauth_callback"
VERIFIER = "a" * 50
CHALLENGE = urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
ASKED = {"response_type": "code", "client_id": CLIENT, "redirect_uri": REDIRECT, "state": "s",
         "scope": "user:info", "code_challenge": CHALLENGE,
         "code_challenge_method": "S256"}  # fmt: skip
REFERENCE = {"kind": "OAuthRedirectReference", "reference": {"kind": "Route", "name": "hub"}}
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    """With the service account `hub`, which comes back to the route of that name."""
    sessions = Sessions(tmp_path / "sessions.json")
    async with serving(tmp_path, sessions=sessions, password=PASSWORD) as api:
        key = "serviceaccounts.openshift.io/oauth-redirectreference.hub"
        meta = {"name": "hub", "annotations": {key: json.dumps(REFERENCE)}}
        await api.post(f"{CORE}/serviceaccounts", {"metadata": meta})
        admitted = {"type": "Admitted", "status": "True"}
        ingress = [{"host": "hub.apps.localhost", "conditions": [admitted]}]
        route = {"metadata": {"name": "hub", "namespace": "demo"}, "status": {"ingress": ingress}}
        api.store.put("routes.route.openshift.io", route)
        yield api


async def form(api: Api, path: str, **fields: str) -> Any:
    data = urlencode(fields).encode()
    async with api.http.post(
        path, data=data, headers={"Content-Type": FORM}, allow_redirects=False
    ) as answer:
        api.status = answer.status
        return answer.headers.get("Location") or await answer.text()


async def code(api: Api, user: str = "ada", **changes: str) -> str:
    """What a login brings back to the client."""
    path = f"/oauth/authorize?{urlencode({**ASKED, **changes})}"
    goal: str = await form(api, path, user=user, password=PASSWORD)
    told = parse_qs(urlsplit(goal).query)
    assert goal.startswith(REDIRECT), goal
    assert told["state"] == ["s"]
    return told["code"][0]


def secret(api: Api, name: str = "hub") -> str:
    account = api.store.get("serviceaccounts", "demo", name)
    assert account
    return authentication.issue(account, b"key", 600)[0]


async def redeem(api: Api, given: str, **changes: str) -> Any:
    fields = {"grant_type": "authorization_code", "code": given, "client_id": CLIENT,
              "client_secret": secret(api), "redirect_uri": REDIRECT,
              "code_verifier": VERIFIER}  # fmt: skip
    return json.loads(await form(api, "/oauth/token", **{**fields, **changes}))


async def test_a_user_who_logs_in_is_known_to_the_client(api: Api) -> None:
    given = await redeem(api, await code(api))
    assert given["scope"] == "user:info"
    bearer = {"Authorization": f"Bearer {given['access_token']}"}
    who = await api.get("/apis/user.openshift.io/v1/users/~", **bearer)
    assert who["metadata"]["name"] == "ada"
    assert "system:authenticated:oauth" in who["groups"]


async def test_the_token_of_a_client_reaches_no_resource(api: Api, tmp_path: Path) -> None:
    given = await redeem(api, await code(api))
    known = Cluster(sessions=Sessions(tmp_path / "sessions.json"))
    user = authentication.user_of(f"Bearer {given['access_token']}", known, api.store)
    question = rbac.Question("list", "", "pods", "demo")
    mighty = User(user.name, ("system:masters",), extra=user.extra)
    with pytest.raises(Failure, match=r"scopes \[user:info\] prevent this action"):
        rbac.check(api.store, mighty, question)


async def test_a_code_holds_once(api: Api) -> None:
    given = await code(api)
    await redeem(api, given)
    assert (await redeem(api, given))["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"client_secret": "wrong"}, "unauthorized_client"),
        ({"code_verifier": "b" * 50}, "invalid_grant"),
        ({"redirect_uri": "http://elsewhere.example.com/"}, "invalid_grant"),
        ({"code": "another"}, "invalid_grant"),
    ],
)
async def test_a_code_is_for_its_client_alone(
    api: Api, changes: dict[str, str], error: str
) -> None:
    assert (await redeem(api, await code(api), **changes))["error"] == error
    assert api.status == 400


async def test_another_account_of_the_project_is_another_client(api: Api) -> None:
    given = await code(api)
    other = await redeem(api, given, client_secret=secret(api, "default"))
    assert other["error"] == "unauthorized_client"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"client_id": "system:serviceaccount:demo:none"}, "unauthorized_client"),
        ({"client_id": "somebody"}, "unauthorized_client"),
        ({"redirect_uri": "http://elsewhere.example.com/"}, "invalid_request"),
        ({"redirect_uri": "javascript://hub.apps.localhost/"}, "invalid_request"),
        ({"scope": "user:full"}, "invalid_scope"),
    ],
)
async def test_what_a_client_may_not_ask_for_shows_no_page(
    api: Api, changes: dict[str, str], error: str
) -> None:
    answer = await api.get(f"/oauth/authorize?{urlencode({**ASKED, **changes})}")
    assert (api.status, answer["error"]) == (400, error)


@pytest.mark.parametrize(("user", "password"), [("ada", "wrong"), ("system:admin", PASSWORD)])
async def test_a_login_that_does_not_fit_is_asked_for_again(
    api: Api, user: str, password: str
) -> None:
    path = f"/oauth/authorize?{urlencode(ASKED)}"
    assert "do not fit" in await form(api, path, user=user, password=password)
    assert api.status == 401


async def test_the_page_says_who_asks_for_what(api: Api) -> None:
    page = await api.get(f"/oauth/authorize?{urlencode(ASKED)}")
    assert f"{CLIENT} asks for user:info" in page
