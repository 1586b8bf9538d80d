"""A cell is run over TLS with the same trust as the requests to the hub."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from aiohttp import web

from jhos.hubapi import HubApi
from jhos.notebook import run_cell
from tests import certificates

PATIENCE_S = 60


async def channels(request: web.Request) -> web.WebSocketResponse:
    """Answers the first message as a kernel does."""
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    asked = await socket.receive_json()
    parent = {"parent_header": asked["header"]}
    for kind, content in (
        ("stream", {"text": f"{asked['content']['code']} by {request.headers['Authorization']}"}),
        ("status", {"execution_state": "idle"}),
    ):
        await socket.send_json({**parent, "msg_type": kind, "content": content})
    return socket


async def create(_: web.Request) -> web.Response:
    return web.json_response({"id": "k"})


async def delete(_: web.Request) -> web.Response:
    return web.Response(status=204)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """The address of a notebook server, and the authority of its certificate (PEM)."""
    authority = certificates.authority(tmp_path)
    context = certificates.server(tmp_path, authority).server_context()
    app = web.Application()
    app.router.add_post("/user/ada/api/kernels", create)
    app.router.add_delete("/user/ada/api/kernels/k", delete)
    app.router.add_get("/user/ada/api/kernels/k/channels", channels)
    loop = asyncio.new_event_loop()
    runner = web.AppRunner(app)

    async def start() -> int:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        return int(runner.addresses[0][1])

    port = loop.run_until_complete(start())
    thread = Thread(target=loop.run_forever)
    thread.start()
    yield f"https://127.0.0.1:{port}", authority.file.read_text()
    asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.mark.parametrize("by", ["cluster", "variable"])
def test_a_cell_runs_where_the_certificate_is_known(
    server: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    url, authority = server
    known: dict[str, Any] = {"authorities": lambda: authority}
    if by == "variable":
        bundle, known = tmp_path / "company.pem", {}
        bundle.write_text(authority)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    printed = run_cell(HubApi(url, "t", **known), "/user/ada/", "1", time.monotonic() + PATIENCE_S)
    assert printed == "1 by token t"
