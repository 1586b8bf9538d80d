"""What the hub answers, and what becomes of its refusals."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
import responses

from jhos.actions.reach import raised
from jhos.cluster.parallel import together
from jhos.errors import ClusterUnreachable, JhosError, OutOfTime, Refused, SettingsError
from jhos.hubapi import HubApi
from tests.cluster.answering import Answer, answering_over_tls

URL = "https://hub.example.com"
API = f"{URL}/hub/api"


@pytest.fixture
def hub() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


def user(name: str, **servers: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "admin": False, "groups": [], "servers": servers}


def test_users_come_page_by_page(hub: responses.RequestsMock) -> None:
    for offset, name, following in ((0, "ada", {"offset": 200}), (200, "bob", None)):
        hub.get(
            f"{API}/users",
            json={"items": [user(name)], "_pagination": {"next": following}},
            match=[responses.matchers.query_param_matcher({"limit": 200, "offset": offset})],
        )
    assert [each.name for each in HubApi(URL, "t").users()] == ["ada", "bob"]
    assert hub.calls[0].request.headers["Authorization"] == "token t"


def test_a_server_has_its_times_and_its_title(hub: responses.RequestsMock) -> None:
    model = {"name": "two", "started": "2026-11-27T02:00:00.000000Z", "pending": "spawn"}
    hub.get(f"{API}/users/ada", json=user("ada", two=model))
    found = HubApi(URL, "t").user("ada")
    assert found
    assert found.servers[0].title == "ada/two"
    assert found.servers[0].started == datetime(2026, 11, 27, 2, tzinfo=UTC)
    assert found.servers[0].pending == "spawn"


def test_of_a_hub_that_breaks_its_log_tells_more(hub: responses.RequestsMock) -> None:
    hub.get(f"{API}/info", status=500, json={"status": 500, "message": "Internal Server Error"})
    api = HubApi(URL, "t", failed=lambda said: JhosError(f"{said}, as the log tells"))
    with pytest.raises(JhosError, match="Error, as the log tells"):
        api.info()


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("sqlalchemy.exc.ProgrammingError: (psycopg.errors.UndefinedColumn) column a.b is missing",
         ("psycopg.errors.UndefinedColumn", "column a.b is missing")),
        ("sqlalchemy.exc.OperationalError: (sqlite3.OperationalError) no such column: users.is",
         ("sqlite3.OperationalError", "no such column: users.is")),
        ("ValueError: not this.", ("", "not this")),
        ("[I 2026-11-27 JupyterHub] Error: none", ("", "an earlier one")),
    ],
)  # fmt: skip
def test_the_last_exception_of_a_log_is_found(line: str, found: tuple[str, str]) -> None:
    log = f"    KeyError: an earlier one\n[I] between\n    {line}\n    LINE 1: SELECT\n[I] after\n"
    assert raised(log) == found


def test_names_are_quoted_in_paths(hub: responses.RequestsMock) -> None:
    hub.delete(f"{API}/users/ada%2Fx%40y/servers/a%20b", status=202)
    HubApi(URL, "t").stop("ada/x@y", "a b")


def test_what_is_gone_already_is_well(hub: responses.RequestsMock) -> None:
    hub.get(f"{API}/users/nobody", status=404)
    hub.delete(f"{API}/users/nobody", status=404)
    assert HubApi(URL, "t").user("nobody") is None
    HubApi(URL, "t").remove("nobody")


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (403, Refused, "does not let this command in"),
        (503, OutOfTime, "does not run"),
        (400, Refused, "bad name"),
        (404, JhosError, "no such user"),
    ],
)
def test_a_refusal_says_what_to_do(
    hub: responses.RequestsMock, status: int, kind: type[JhosError], words: str
) -> None:
    hub.patch(f"{API}/users/ada", status=status, json={"message": "bad name"})
    with pytest.raises(kind, match=words) as caught:
        HubApi(URL, "canary").set_admin("ada", True)
    assert "canary" not in caught.value.message + caught.value.hint


def test_a_page_that_is_no_hub_is_named(hub: responses.RequestsMock) -> None:
    hub.get(f"{API}/info", body="<html>welcome</html>")
    with pytest.raises(JhosError, match="no hub"):
        HubApi(URL, "t").info()


def test_no_answer_names_the_address_and_what_to_check(hub: responses.RequestsMock) -> None:
    hub.get(f"{API}/info", body=requests.ConnectionError("[Errno 111] Connection refused"))
    with pytest.raises(ClusterUnreachable, match=f"{URL} does not answer") as caught:
        HubApi(URL, "t").info()
    assert "router" in caught.value.hint


HUB = Answer(body={"version": "6.1.1", "items": [], "_pagination": {"total": 0, "next": None}})


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """The address of a hub, and the authority of its certificate."""
    with answering_over_tls(tmp_path, lambda _: HUB) as (server, authority):
        yield server.address, authority.file.read_text()


def test_the_authorities_of_the_cluster_are_trusted_too(secure: tuple[str, str]) -> None:
    url, certificate = secure
    assert HubApi(url, "t", authorities=lambda: certificate).info()["version"] == "6.1.1"


def test_requests_side_by_side_trust_the_authorities_of_the_cluster(
    secure: tuple[str, str],
) -> None:
    url, certificate = secure
    asked: list[str] = []

    def authorities() -> str:
        asked.append(url)
        return certificate

    for _ in range(5):
        api = HubApi(url, "t", authorities=authorities)
        together(api.info, api.count, api.servers, api.info, api.count)
    assert len(asked) == 5


def test_a_token_is_not_sent_to_whom_nobody_vouches_for(secure: tuple[str, str]) -> None:
    with pytest.raises(ClusterUnreachable, match="not trusted") as caught:
        HubApi(secure[0], "t").info()
    assert "REQUESTS_CA_BUNDLE" in caught.value.hint


def test_a_bundle_that_does_not_exist_is_named(
    secure: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/company.pem")
    with pytest.raises(SettingsError, match=r"REQUESTS_CA_BUNDLE names /nowhere/company\.pem"):
        HubApi(secure[0], "t").info()
