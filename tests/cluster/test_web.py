"""Requests to the hub and to the login in the environment of a company's machine."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

import pytest

from jhos.cluster import oauth
from jhos.cluster.route import certificate_expiry, session_at, until_answered
from jhos.errors import SettingsError
from jhos.events import Event, State
from jhos.hubapi import HubApi
from tests import certificates
from tests.certificates import Certificate
from tests.cluster.answering import (
    Answer,
    Request,
    Server,
    answering,
    answering_over_tls,
    cluster_at,
)

BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
ROUTE = {"spec": {"host": "127.0.0.1", "tls": {}}}


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[tuple[Server, Certificate]]:
    """Of an authority that this machine does not know."""
    with answering_over_tls(tmp_path / "hub", lambda _: Answer()) as found:
        yield found


@pytest.fixture
def company(tmp_path: Path) -> Path:
    """The file of an authority that has nothing to do with the hub."""
    return certificates.authority(tmp_path / "company").file


@pytest.fixture
def netrc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "netrc"
    file.write_text("default login ada password canary\n")
    file.chmod(0o600)
    monkeypatch.setenv("NETRC", str(file))


def set_bundle(monkeypatch: pytest.MonkeyPatch, variable: str, file: Path) -> None:
    for each in BUNDLES:
        monkeypatch.delenv(each, raising=False)
    monkeypatch.setenv(variable, str(file))


@pytest.mark.parametrize("variable", BUNDLES)
def test_a_hub_counts_as_there_whatever_bundle_a_variable_names(
    hub: tuple[Server, Certificate],
    company: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
) -> None:
    set_bundle(monkeypatch, variable, company)
    events: list[Event] = []
    cluster = cluster_at(hub[0].address, tmp_path)
    until_answered(cluster, hub[0].address, 5, events.append)
    assert events[-1].state is State.DONE


@pytest.mark.parametrize("variable", BUNDLES)
def test_the_authorities_of_the_cluster_are_trusted_beside_a_bundle(
    hub: tuple[Server, Certificate],
    company: Path,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
) -> None:
    set_bundle(monkeypatch, variable, company)
    api = HubApi(hub[0].address, "t", authorities=hub[1].file.read_text)
    assert api.info() == {}


def test_a_login_trusts_the_authority_of_the_kubeconfig_whatever_a_variable_names(
    company: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(BUNDLES[0], str(company))
    user = Answer(body={"metadata": {"name": "ada"}})
    with answering_over_tls(tmp_path, lambda _: user) as (server, authority):
        for trust in ({"authority": authority.file.read_text(), "insecure": False},
                      {"authority": None, "insecure": True}):  # fmt: skip
            with oauth.server(server.address, **trust) as known:
                assert known.user_of("t") == "ada"


def test_a_login_names_a_bundle_that_does_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(BUNDLES[0], "/nowhere/company.pem")
    with (
        pytest.raises(SettingsError, match="/nowhere/company"),
        oauth.server("https://127.0.0.1", authority=None, insecure=False),
    ):
        pass


def authorization(server: Server) -> list[str]:
    """The `token` of a request is its Authorization without the word Bearer."""
    return [request.token for request in server.requests]


@pytest.mark.usefixtures("netrc")
def test_a_login_of_netrc_replaces_no_token(tmp_path: Path) -> None:
    def script(_: Request) -> Answer:
        return Answer(body={"metadata": {"name": "ada"}})

    with answering(script) as server:
        HubApi(server.address, "one").info()
        with oauth.server(server.address, authority=None, insecure=False) as known:
            known.user_of("two")
        until_answered(cluster_at(server.address, tmp_path), server.address, 5, lambda _: None)
    assert authorization(server) == ["token one", "two", ""]


def test_a_hub_is_reached_by_the_proxy_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with answering(lambda _: Answer()) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.address)
        cluster = cluster_at(proxy.address, tmp_path)
        until_answered(cluster, "http://hub.example.invalid", 5, lambda _: None)
    assert [each.path for each in proxy.requests] == ["http://hub.example.invalid/hub/health"]


def test_a_router_on_this_machine_is_reached_without_a_proxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "elsewhere.example.com")
    with answering(lambda _: Answer()) as router:
        cluster = cluster_at(router.address, tmp_path)
        cluster.router = router.address.removeprefix("http://")
        session, target = session_at(cluster, "http://hub.localhost")
        HubApi("http://hub.localhost", "t", session=session, target=target).info()
    assert [each.path for each in router.requests] == ["/hub/api/info"]


def test_the_end_of_a_certificate_is_known_whether_or_not_it_is_trusted(
    hub: tuple[Server, Certificate],
) -> None:
    expected = datetime.now(UTC).date().toordinal() + 1
    found = certificate_expiry(ROUTE, hub[0].address)
    assert found
    assert found.date().toordinal() == expected


def test_the_end_of_a_certificate_is_seen_through_a_proxy(
    hub: tuple[Server, Certificate], monkeypatch: pytest.MonkeyPatch
) -> None:
    with tunnel(hub[0]) as (proxy, asked):
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        assert certificate_expiry(ROUTE, "https://hub.example.invalid")
    assert asked == ["CONNECT hub.example.invalid:443"]


@contextmanager
def tunnel(server: Server) -> Iterator[tuple[str, list[str]]]:
    """A proxy that leads its one client to `server`, whatever it asks for."""
    listener = socket.create_server(("127.0.0.1", 0))
    asked: list[str] = []

    def serve() -> None:
        client, _ = listener.accept()
        asked.append(client.recv(4096).decode().partition(" HTTP/")[0])
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        ends = (client, socket.create_connection(("127.0.0.1", server.http.server_address[1])))
        back = Thread(target=pour, args=ends[::-1], daemon=True)
        back.start()
        pour(*ends)

    Thread(target=serve, daemon=True).start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}", asked
    listener.close()


def pour(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):  # the other direction has ended first
        while content := source.recv(4096):
            sink.sendall(content)
    sink.close()
