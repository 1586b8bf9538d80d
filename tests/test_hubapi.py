"""What the hub answers, and what becomes of its refusals."""

import json
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import requests
import responses
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from jhos.actions.reach import raised
from jhos.errors import ClusterUnreachable, JhosError, OutOfTime, Refused
from jhos.hubapi import HubApi

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


class Hub(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps({"version": "6.1.1"}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """The address of a hub, and the certificate that it signed itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate = made.public_bytes(serialization.Encoding.PEM).decode()
    pair = tmp_path / "pair.pem"
    pair.write_bytes(
        certificate.encode()
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    server = HTTPServer(("127.0.0.1", 0), Hub)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"https://localhost:{server.server_address[1]}", certificate
    server.shutdown()


def test_the_authorities_of_the_cluster_are_trusted_too(secure: tuple[str, str]) -> None:
    url, certificate = secure
    assert HubApi(url, "t", authorities=lambda: certificate).info()["version"] == "6.1.1"


def test_a_token_is_not_sent_to_whom_nobody_vouches_for(secure: tuple[str, str]) -> None:
    with pytest.raises(ClusterUnreachable, match="not trusted") as caught:
        HubApi(secure[0], "t").info()
    assert "REQUESTS_CA_BUNDLE" in caught.value.hint
