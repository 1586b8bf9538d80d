"""An API server behind TLS."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import certificates
from tests.cluster.answering import Answer, Server, answering


@pytest.fixture
def tls(tmp_path: Path) -> Iterator[tuple[Path, Server]]:
    """The authority, and a server with a certificate of it."""
    authority = certificates.authority(tmp_path / "pki")
    context = certificates.server(tmp_path / "pki", authority).server_context()
    with answering(lambda _: Answer()) as server:
        server.http.socket = context.wrap_socket(server.http.socket, server_side=True)
        server.scheme = "https"
        yield authority.file, server
