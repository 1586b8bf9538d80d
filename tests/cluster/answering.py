"""An API server that answers by a script, request by request, with the faults of real ones."""

import json
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import SO_LINGER, SOL_SOCKET
from threading import Thread
from typing import Any

import yaml

from jhos.cluster.client import Cluster
from jhos.cluster.connect import connect
from tests import certificates
from tests.certificates import Certificate

Object = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    status: int = 200
    body: Any = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    text: str = ""  # in place of `body`


@dataclass(frozen=True)
class Broken:
    """The connection is reset; `half`: after a part of the answer."""

    half: bool = False
    text: str = "{"


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    token: str
    body: Any


Script = Callable[[Request], Answer | Broken]


def failure(status: int, message: str, **headers: str) -> Answer:
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    return Answer(status, {"kind": "Status", "message": message}, named)


def in_turn(*answers: Answer | Broken) -> Script:
    """The last one again and again."""
    left = list(answers)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


class Server:
    """`requests`: what has come so far, over so many `connections`."""

    def __init__(self, script: Script) -> None:
        self.requests: list[Request] = []
        self.connections = 0
        self.scheme = "http"
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                outer.connections += 1
                super().setup()

            def answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                token = self.headers.get("Authorization", "").removeprefix("Bearer ")
                outer.requests.append(
                    Request(self.command, self.path, token, json.loads(body) if body else None)
                )
                answer = script(outer.requests[-1])
                if isinstance(answer, Broken):
                    self.break_off(answer)
                    return
                content = (answer.text or json.dumps(answer.body)).encode()
                self.send_response(answer.status)
                for key, value in answer.headers.items():
                    self.send_header(key, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def break_off(self, answer: Broken) -> None:
                self.close_connection = True
                if answer.half:
                    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
                    self.wfile.write(head + answer.text.encode())
                    self.wfile.flush()
                    if answer.text.endswith("\n"):
                        self.connection.close()  # so that what was written arrives
                        return
                self.connection.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()

            def log_message(self, *_: object) -> None:
                pass

            do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = answer  # as they are looked up

        self.handler = Handler
        self.listen(port=0)

    def listen(self, port: int) -> None:
        self.http = ThreadingHTTPServer(("127.0.0.1", port), self.handler)
        self.http.daemon_threads = True

    def serve(self) -> None:
        Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        self.http.shutdown()
        self.http.server_close()

    def restart(self) -> None:
        """Serve again at the address of before."""
        self.listen(self.http.server_address[1])
        self.serve()

    @property
    def address(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.http.server_address[1]}"

    @property
    def methods(self) -> list[str]:
        return [request.method for request in self.requests]


@contextmanager
def answering(script: Script) -> Iterator[Server]:
    server = Server(script)
    server.serve()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def answering_over_tls(folder: Path, script: Script) -> Iterator[tuple[Server, Certificate]]:
    """With the authority of the server's certificate."""
    authority = certificates.authority(folder / "pki")
    context = certificates.server(folder / "pki", authority).server_context()
    with answering(script) as server:
        server.http.socket = context.wrap_socket(server.http.socket, server_side=True)
        server.scheme = "https"
        yield server, authority


def write_kubeconfig(file: Path, server: str, token: str = "first") -> None:
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": {"token": token}}],
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
    }
    file.write_text(yaml.safe_dump(document))


class QuickClock:
    """A clock for which a pause is over at once; `meanwhile` happens in the first one."""

    def __init__(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        self.pauses: list[float] = []
        self.meanwhile = meanwhile

    def monotonic(self) -> float:
        return time.monotonic() + sum(self.pauses)

    def sleep(self, seconds: float, /) -> None:
        if not self.pauses:
            self.meanwhile()
        self.pauses.append(seconds)


def cluster_at(
    server: str, folder: Path, timeout_s: float = 20, clock: QuickClock | None = None
) -> Cluster:
    write_kubeconfig(folder / "kubeconfig", server)
    cluster = connect(str(folder / "kubeconfig"), None, "demo")
    cluster.wire.clock = clock or QuickClock()
    cluster.wire.keep_trying(timeout_s)
    return cluster
