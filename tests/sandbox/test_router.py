"""The router, with the real API, routes and ingress socket; pods are servers of this process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp import web

from jhos.sandbox.http_head import BadHead, parse_head
from jhos.sandbox.node.ingress import serve_ingress
from jhos.sandbox.router import Router, find_route, is_below
from tests.sandbox.control import Plane, control_plane

if TYPE_CHECKING:
    from jhos.sandbox.client import Object

SERVICES, ROUTES = "api/v1/services", "apis/route.openshift.io/v1/routes"
SLICES = "apis/discovery.k8s.io/v1/endpointslices"


@pytest.fixture
async def plane(tmp_path: Path) -> AsyncIterator[Plane]:
    async with control_plane(tmp_path) as running:
        yield running


@pytest.fixture
async def router(plane: Plane) -> AsyncIterator[str]:
    """The URL of a running router."""
    ingress = await serve_ingress(plane.layout.ingress_socket)
    running = Router(plane.informers, plane.layout.ingress_socket)
    port = await running.start()
    yield f"http://127.0.0.1:{port}"
    await running.stop()
    ingress.close()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def pod(request: web.Request) -> web.StreamResponse:
    """Answers what it was asked, or echoes a websocket."""
    if request.headers.get("Upgrade", "").lower() == "websocket":
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(f"echo {message.data}")
        return socket
    body = await request.read()
    told = {"path": request.path_qs, "body": len(body), "headers": dict(request.headers)}
    return web.json_response(told)


@asynccontextmanager
async def backend(name: str = "") -> AsyncIterator[int]:
    """The port of a server; with a name it answers only that."""

    async def named(_: web.Request) -> web.StreamResponse:
        return web.Response(text=name)

    app = web.Application(client_max_size=2**26)
    app.router.add_route("*", "/{path:.*}", named if name else pod)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner.addresses[0][1]
    await runner.cleanup()


async def expose(plane: Plane, name: str, port: int, *, ready: bool = True, **spec: Any) -> None:
    """A route, a service and the one pod behind it."""
    meta = {"name": name, "namespace": "demo"}
    service: Object = {"apiVersion": "v1", "kind": "Service", "metadata": meta}
    service["spec"] = {"ports": [{"name": "http", "port": 80}]}
    await plane.client.create(SERVICES, service)
    labelled = meta | {"labels": {"kubernetes.io/service-name": name}}
    endpoint = {"addresses": ["127.0.0.1"], "conditions": {"ready": ready}}
    held: Object = {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice"}
    held |= {"metadata": labelled, "addressType": "IPv4", "endpoints": [endpoint]}
    held |= {"ports": [{"name": "http", "port": port, "protocol": "TCP"}]}
    await plane.client.create(SLICES, held)
    route: Object = {"apiVersion": "route.openshift.io/v1", "kind": "Route", "metadata": meta}
    route["spec"] = {"to": {"kind": "Service", "name": name}, **spec}
    await plane.client.create(ROUTES, route)
    informer = plane.informers.of(ROUTES)

    async def is_admitted() -> bool:
        seen = informer.get("demo", name)
        return bool(seen and seen.get("status", {}).get("ingress")) and bool(
            plane.informers.of(SLICES).get("demo", name)
        )

    await plane.until(is_admitted)


def host(name: str) -> dict[str, str]:
    return {"Host": f"{name}-demo.apps.localhost:1234"}


async def test_a_request_reaches_the_pod_behind_its_host(
    plane: Plane, router: str, http: aiohttp.ClientSession
) -> None:
    async with backend() as port:
        await expose(plane, "web", port)
        async with http.get(f"{router}/a?b=c", headers=host("web")) as answer:
            assert (await answer.json())["path"] == "/a?b=c"


async def test_a_pod_learns_how_it_was_called(
    plane: Plane, router: str, http: aiohttp.ClientSession
) -> None:
    async with backend() as port:
        await expose(plane, "web", port)
        lie = {"X-Forwarded-Proto": "https"}
        async with http.get(router, headers=host("web") | lie) as answer:
            headers = (await answer.json())["headers"]
    assert headers["X-Forwarded-Host"] == "web-demo.apps.localhost:1234"
    assert headers["X-Forwarded-Proto"] == "http"
    assert headers["X-Forwarded-For"] == "127.0.0.1"


@pytest.mark.parametrize("chunked", [False, True], ids=["by length", "in chunks"])
async def test_bodies_pass_whole(
    plane: Plane, router: str, http: aiohttp.ClientSession, chunked: bool
) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(50):
            yield b"x" * 40_000

    data = chunks() if chunked else b"x" * 2_000_000
    async with backend() as port:
        await expose(plane, "web", port)
        for _ in range(2):
            async with http.post(router, data=data, headers=host("web")) as answer:
                assert (await answer.json())["body"] == 2_000_000
            data = b"x" * 2_000_000


async def test_websockets_pass(plane: Plane, router: str, http: aiohttp.ClientSession) -> None:
    async with backend() as port:
        await expose(plane, "web", port)
        async with http.ws_connect(router, headers=host("web")) as socket:
            await socket.send_str("one")
            assert await socket.receive_str() == "echo one"


async def test_one_connection_serves_several_hosts(plane: Plane, router: str) -> None:
    async with backend("first") as one, backend("second") as two:
        await expose(plane, "one", one)
        await expose(plane, "two", two)
        reader, writer = await asyncio.open_connection("127.0.0.1", int(router.rpartition(":")[2]))
        bodies = []
        for name in ("one", "two", "one"):
            writer.write(f"GET / HTTP/1.1\r\nHost: {name}-demo.apps.localhost\r\n\r\n".encode())
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = head.partition("content-length: ")[2].partition("\r\n")[0]
            bodies.append(await reader.readexactly(int(length)))
        writer.close()
    assert bodies == [b"first", b"second", b"first"]


async def test_the_longest_path_wins(
    plane: Plane, router: str, http: aiohttp.ClientSession
) -> None:
    async with backend("all") as one, backend("some") as two:
        await expose(plane, "one", one, host="a.apps.localhost")
        await expose(plane, "two", two, host="a.apps.localhost", path="/some")
        answers = []
        for path in ("/", "/some/where", "/something"):
            async with http.get(router + path, headers={"Host": "a.apps.localhost"}) as answer:
                answers.append(await answer.text())
    assert answers == ["all", "some", "all"]


async def test_an_unknown_host_is_told_so(
    plane: Plane, router: str, http: aiohttp.ClientSession
) -> None:
    assert plane
    async with http.get(router, headers=host("none")) as answer:
        assert answer.status == 503
        assert "Application is not available" in await answer.text()


async def test_a_pod_that_is_not_ready_gets_no_requests(
    plane: Plane, router: str, http: aiohttp.ClientSession
) -> None:
    async with backend() as port:
        await expose(plane, "web", port, ready=False)
        async with http.get(router, headers=host("web")) as answer:
            assert answer.status == 503


async def test_a_pod_that_is_gone_is_unavailable(
    plane: Plane, router: str, http: aiohttp.ClientSession
) -> None:
    async with backend() as port:
        pass
    await expose(plane, "web", port)
    async with http.get(router, headers=host("web")) as answer:
        assert answer.status == 503


async def test_what_is_no_http_is_refused(router: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(router.rpartition(":")[2]))
    writer.write(b"hello\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 400")
    writer.close()


@pytest.mark.parametrize(
    ("path", "prefix", "below"),
    [("/a", "", True), ("/a", "/a", True), ("/a/b", "/a", True), ("/a?x", "/a/", True),
     ("/ab", "/a", False), ("/", "/a", False)],
)  # fmt: skip
def test_paths_are_compared_by_their_parts(path: str, prefix: str, below: bool) -> None:
    assert is_below(path, prefix) is below


def test_a_route_that_is_not_admitted_is_not_found() -> None:
    assert find_route([{"spec": {"host": "a"}, "status": {}}], "a", "/") is None


@pytest.mark.parametrize(
    "raw",
    [b"GET /\r\n\r\n", b"GET / HTTP/2\r\n\r\n", b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
     b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"],
)  # fmt: skip
def test_a_malformed_head_is_refused(raw: bytes) -> None:
    with pytest.raises(BadHead):
        parse_head(raw)


def test_a_host_is_read_without_its_port() -> None:
    head = parse_head(b"GET / HTTP/1.1\r\nHost: A.apps.localhost:8080\r\n\r\n")
    assert head.host == "a.apps.localhost"
