"""An API server behind TLS."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from jhos.sandbox.pki import Pki
from tests.cluster.answering import Answer, Server, answering


@pytest.fixture
def tls(tmp_path: Path) -> Iterator[tuple[Path, Server]]:
    """The authority, and a server with a certificate of it."""
    pki = Pki(tmp_path / "pki")
    pki.ensure()
    with answering(lambda _: Answer()) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pki.certificate, pki.key)
        server.http.socket = context.wrap_socket(server.http.socket, server_side=True)
        server.scheme = "https"
        yield pki.ca, server
