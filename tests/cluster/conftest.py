"""An API server behind TLS."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.answering import Answer, Server, answering_over_tls


@pytest.fixture
def tls(tmp_path: Path) -> Iterator[tuple[Path, Server]]:
    """The authority, and a server with a certificate of it."""
    with answering_over_tls(tmp_path, lambda _: Answer()) as (server, authority):
        yield authority.file, server
