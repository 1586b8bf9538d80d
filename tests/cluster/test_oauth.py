"""The login of OpenShift, by its answers."""

import re
from collections.abc import Iterator

import pytest
import requests
import responses

from jhos.cluster.oauth import Server, server
from jhos.errors import ClusterUnreachable, LoginNeeded

API, ISSUER = "https://api.example.com:6443", "https://oauth.example.com"
AUTHORIZE = f"{ISSUER}/oauth/authorize"
ENDPOINTS = {"issuer": ISSUER, "authorization_endpoint": AUTHORIZE}
TOKEN = "sha256~canary"


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.get(f"{API}/.well-known/oauth-authorization-server", json=ENDPOINTS)
        yield mock


@pytest.fixture
def cluster() -> Iterator[Server]:
    with server(API, authority=None, insecure=False) as found:
        yield found


def test_a_password_becomes_a_token(wire: responses.RequestsMock, cluster: Server) -> None:
    goal = f"{ISSUER}/oauth/token/implicit#access_token=sha256~canary&expires_in=86400"
    wire.get(AUTHORIZE, status=302, headers={"Location": goal})
    assert cluster.token_for("ada", lambda: "höher") == TOKEN
    asked = wire.calls[-1].request
    assert asked.headers["X-CSRF-Token"]
    assert asked.headers["Authorization"] == requests.auth._basic_auth_str(b"ada", "höher".encode())
    assert "client_id=openshift-challenging-client" in str(asked.url)
    assert "höher" not in str(asked.url)


def test_a_wrong_password_is_told_without_it(wire: responses.RequestsMock, cluster: Server) -> None:
    wire.get(AUTHORIZE, status=401, headers={"WWW-Authenticate": 'Basic realm="openshift"'})
    with pytest.raises(LoginNeeded, match="refuses the password of user ada") as caught:
        cluster.token_for("ada", lambda: "canary")
    assert "canary" not in caught.value.message


def test_a_provider_without_passwords_leads_to_the_page(
    wire: responses.RequestsMock, cluster: Server
) -> None:
    wire.get(AUTHORIZE, status=302, headers={"Location": f"{ISSUER}/login"})
    with pytest.raises(LoginNeeded) as caught:
        cluster.token_for("ada", lambda: "x")
    assert "--web" in caught.value.hint
    assert cluster.token_page() == f"{ISSUER}/oauth/token/request"


def test_a_token_tells_its_user(wire: responses.RequestsMock, cluster: Server) -> None:
    wire.get(f"{API}/apis/user.openshift.io/v1/users/~", json={"metadata": {"name": "ada"}})
    assert cluster.user_of(TOKEN) == "ada"
    assert wire.calls[-1].request.headers["Authorization"] == f"Bearer {TOKEN}"


def test_a_token_that_is_not_good_needs_a_new_one(
    wire: responses.RequestsMock, cluster: Server
) -> None:
    wire.get(f"{API}/apis/user.openshift.io/v1/users/~", status=401)
    with pytest.raises(LoginNeeded, match="does not accept"):
        cluster.user_of(TOKEN)


@pytest.mark.parametrize("answer", [{"status": 404}, {"body": "<html>", "status": 200}])
def test_another_server_is_told_apart(answer: dict[str, str], cluster: Server) -> None:
    with responses.RequestsMock() as wire:
        wire.get(re.compile(".*"), **answer)
        with pytest.raises(ClusterUnreachable, match=API):
            cluster.token_page()


def test_a_certificate_that_is_not_trusted_says_what_to_do(cluster: Server) -> None:
    with responses.RequestsMock() as wire:
        wire.get(re.compile(".*"), body=requests.exceptions.SSLError("bad"))
        with pytest.raises(ClusterUnreachable, match="not trusted") as caught:
            cluster.token_page()
    assert "--certificate-authority" in caught.value.hint


def test_a_proxy_that_does_not_answer_is_told(cluster: Server) -> None:
    refused = "Cannot connect: [Errno 111] Connection refused'"
    with responses.RequestsMock() as wire:
        wire.get(re.compile(".*"), body=requests.exceptions.ProxyError(refused))
        with pytest.raises(ClusterUnreachable, match="the proxy of HTTPS_PROXY: Connection refuse"):
            cluster.token_page()


def test_a_token_is_revoked_by_its_digest(wire: responses.RequestsMock, cluster: Server) -> None:
    wire.delete(re.compile(f"{API}/apis/oauth.openshift.io/v1/useroauthaccesstokens/.*"))
    assert cluster.revoke(TOKEN)
    assert "canary" not in str(wire.calls[-1].request.url)
