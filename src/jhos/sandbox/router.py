"""The router: HTTP from 127.0.0.1 by its Host header to the pods behind a route.

It reads the head of each request and copies bodies and answers as they are, so that websockets
and long answers pass. It reaches pods through the ingress socket of the node.
"""

import asyncio
import logging
import random
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from jhos.sandbox.client import Object
from jhos.sandbox.controllers.endpoints import SERVICE_LABEL, SLICES
from jhos.sandbox.controllers.informers import Informers, key_of
from jhos.sandbox.controllers.meta import labels
from jhos.sandbox.controllers.routes import ROUTES, is_admitted
from jhos.sandbox.http_head import BadHead, Head, copy_body, parse_head

CONNECT_TIMEOUT_S = 10.0
HEAD_BYTES = 2**16
CHUNK = 2**16
UNAVAILABLE = (
    b"<!doctype html><title>Application is not available</title>"
    b"<h1>Application is not available</h1>"
    b"<p>The application is currently not serving requests at this address. It may not have been"
    b" started or is still starting.</p><ul><li>The host does not exist: is it spelled as the"
    b" route has it?</li><li>The route exists, but no pod behind its service is ready.</li></ul>"
)
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Backend:
    """The address of a pod."""

    ip: str
    port: int


class Router:
    """Serves on `port` of 127.0.0.1, any free one if that is 0 or taken."""

    def __init__(self, informers: Informers, ingress_socket: Path) -> None:
        self.routes, self.slices = informers.of(ROUTES), informers.of(SLICES)
        self.ingress_socket = ingress_socket
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self, port: int = 0) -> int:
        """Bind and answer the port."""
        try:
            self._server = await self._bind(port)
        except OSError:
            self._server = await self._bind(0)
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def stop(self) -> None:
        self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _bind(self, port: int) -> asyncio.Server:
        return await asyncio.start_server(self._accept, "127.0.0.1", port, limit=HEAD_BYTES)

    def backends(self, host: str, path: str) -> list[Backend]:
        """The ready pods that a request is for."""
        route = find_route(self.routes.all(), host, path)
        if route is None:
            return []
        service = choose_service(route)
        slices = [
            s for s in self.slices.all(key_of(route)[0]) if labels(s).get(SERVICE_LABEL) == service
        ]
        return list(ready_backends(route, slices))

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            await _Connection(self, reader, writer).serve()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, BadHead):
            pass
        finally:
            self._connections.discard(task)
            writer.close()


class _Connection:
    """One client's connection; its requests go to one pod after the other."""

    def __init__(
        self, router: Router, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.router, self.reader, self.writer = router, reader, writer
        self.backend: Backend | None = None
        self.to_backend: asyncio.StreamWriter | None = None
        self.answers: asyncio.Task[None] | None = None

    async def serve(self) -> None:
        try:
            while head := await self._read_head():
                if not await self._forward(head):
                    break
        finally:
            await self._leave_backend()

    async def _read_head(self) -> Head | None:
        try:
            raw = await self.reader.readuntil(b"\r\n\r\n")
            return parse_head(raw)
        except asyncio.IncompleteReadError:
            return None
        except (asyncio.LimitOverrunError, BadHead):
            await self._answer(b"400 Bad Request", b"<h1>Bad request</h1>", close=True)
            return None

    async def _forward(self, head: Head) -> bool:
        """One request; whether another one may follow on this connection."""
        backends = self.router.backends(head.host, head.path)
        if not await self._reach(backends) or self.to_backend is None:
            with suppress(ConnectionError):
                await self._answer(b"503 Service Unavailable", UNAVAILABLE, close=True)
            return False
        self.to_backend.write(head.forwarded())
        if head.is_upgrade:
            await _copy(self.reader, self.to_backend)
        else:
            await copy_body(head, self.reader, self.to_backend)
            await self.to_backend.drain()
        return not head.is_upgrade

    async def _reach(self, backends: Sequence[Backend]) -> bool:
        """Have a connection to one of them: the present one, else a new one.

        A client sends its next request when it has the whole last answer, so the connection to
        another pod can be left then.
        """
        if self.backend in backends:
            return True
        await self._leave_backend()
        for backend in random.sample(backends, len(backends)):
            try:
                reader, self.to_backend = await self._connect(backend)
            except (OSError, TimeoutError) as error:
                log.info("cannot reach %s: %s", backend, error)
                continue
            self.backend = backend
            self.answers = asyncio.create_task(self._pass_answers(reader))
            return True
        return False

    async def _connect(self, backend: Backend) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            reader, writer = await asyncio.open_unix_connection(str(self.router.ingress_socket))
            writer.write(f"{backend.ip}:{backend.port}\n".encode())
            await writer.drain()
            return reader, writer

    async def _pass_answers(self, reader: asyncio.StreamReader) -> None:
        """Until the pod closes; that is the end of the client's connection too."""
        received = await _copy(reader, self.writer)
        if not received:
            with suppress(ConnectionError):
                await self._answer(b"503 Service Unavailable", UNAVAILABLE, close=True)
        self.writer.close()

    async def _leave_backend(self) -> None:
        answers, to_backend = self.answers, self.to_backend
        self.backend, self.to_backend, self.answers = None, None, None
        if answers:
            answers.cancel()
            await asyncio.gather(answers, return_exceptions=True)
        if to_backend:
            to_backend.close()

    async def _answer(self, status: bytes, page: bytes, *, close: bool) -> None:
        self.writer.write(
            b"HTTP/1.1 " + status + b"\r\nContent-Type: text/html; charset=utf-8\r\n"
            b"Cache-Control: private, max-age=0, no-cache, no-store\r\n"
            b"Content-Length: %d\r\n"
            % len(page)
            + (b"Connection: close\r\n" if close else b"")
            + b"\r\n"
            + page
        )
        await self.writer.drain()


def find_route(routes: Sequence[Object], host: str, path: str) -> Object | None:
    """The admitted route of that host whose path is the longest that leads here."""
    found = [
        route
        for route in routes
        if route["spec"].get("host") == host
        and is_admitted(route)
        and is_below(path, route["spec"].get("path", ""))
    ]
    return max(found, key=lambda route: len(route["spec"].get("path", "")), default=None)


def is_below(path: str, prefix: str) -> bool:
    """`/a/b` and `/a` are below `/a`, `/ab` is not."""
    prefix = prefix.rstrip("/")
    rest = path[len(prefix) :]
    return path.startswith(prefix) and (not rest or rest[0] in "/?")


def choose_service(route: Object) -> str:
    """The name of the service, by weight where there are several."""
    spec = route["spec"]
    services = [spec["to"], *(spec.get("alternateBackends") or [])]
    weights = [service.get("weight", 100) for service in services]
    if not any(weights):
        return str(spec["to"]["name"])
    return str(random.choices(services, weights)[0]["name"])


def ready_backends(route: Object, slices: Sequence[Object]) -> Iterator[Backend]:
    target = (route["spec"].get("port") or {}).get("targetPort")
    for held in slices:
        ports = [p["port"] for p in held.get("ports") or [] if _is_target(p, target)]
        for endpoint in held.get("endpoints") or []:
            if ports and (endpoint.get("conditions") or {}).get("ready", True):
                yield Backend(endpoint["addresses"][0], ports[0])


def _is_target(port: Object, target: int | str | None) -> bool:
    """By the name of the service's port or the number of the pod's; without a target any."""
    return target is None or target in (port.get("name"), port["port"])


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
    """All that comes, until either side ends; answers the number of bytes."""
    total = 0
    with suppress(ConnectionError):
        while chunk := await reader.read(CHUNK):
            writer.write(chunk)
            total += len(chunk)
            await writer.drain()
    return total
