"""What the hub asks the cluster while the API server is restarting."""

import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread

import pytest

from jhos_hub.cluster import ask
from tests import certificates


@pytest.fixture
def breaking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """An API server that says each of these to a request, and hangs up."""
    said = list[bytes]()
    authority = certificates.authority(tmp_path)
    context = certificates.server(tmp_path, authority).server_context()
    (tmp_path / "token").write_text("any")
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                with context.wrap_socket(listener.accept()[0], server_side=True) as connection:
                    connection.recv(65536)
                    connection.sendall(said.pop(0))

    Thread(target=serve, daemon=True).start()
    monkeypatch.setenv("SERVICE_ACCOUNT", str(tmp_path))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(listener.getsockname()[1]))
    yield said
    listener.close()


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (b"", {}),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", {}),
        (b'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"a": "b"', {}),
        (b'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"a": "b"}', {"a": "b"}),
    ],
)
def test_an_answer_that_breaks_off_is_none(
    breaking: list[bytes], said: bytes, found: dict[str, str]
) -> None:
    breaking.append(said)
    assert ask("/api") == found
