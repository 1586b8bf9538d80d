"""Leads a client's websocket on to the node: the API server's part of exec."""

import asyncio
from pathlib import Path
from urllib.parse import quote

import aiohttp
from aiohttp import WSMsgType, web
from yarl import URL

from jhos.sandbox import channels
from jhos.sandbox.failure import Failure

UPGRADE_NEEDED = "Upgrade request required"
Side = web.WebSocketResponse | aiohttp.ClientWebSocketResponse


async def lead(request: web.Request, socket: Path, uid: str, container: str) -> web.StreamResponse:
    """Both ways until one side ends; raises Failure where it cannot begin."""
    _check_upgrade(request)
    query = request.rel_url.raw_query_string
    url = URL(f"http://node/{quote(uid)}/{quote(container)}?{query}", encoded=True)
    connector = aiohttp.UnixConnector(str(socket))
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as http:
        try:
            node = await http.ws_connect(url, protocols=_spoken(request), max_msg_size=0)
        except (aiohttp.ClientError, OSError) as error:
            raise _not_there(error, container) from error
        async with node:
            client = web.WebSocketResponse(protocols=_spoken(request), max_msg_size=0)
            await client.prepare(request)
            await _relay(client, node)
            return client


def _check_upgrade(request: web.Request) -> None:
    wanted = request.headers.get("Upgrade", "").lower()
    if not wanted:
        raise Failure(400, UPGRADE_NEEDED)
    if wanted != "websocket" or not _spoken(request):
        why = f"{wanted} is not spoken here: kubectl 1.31 and later use {channels.V5}"
        raise Failure(501, why, reason="NotImplemented")


def _spoken(request: web.Request) -> list[str]:
    offered = request.headers.get("Sec-WebSocket-Protocol", "").split(",")
    return [name.strip() for name in offered if name.strip() in channels.PROTOCOLS]


def _not_there(error: Exception, container: str) -> Failure:
    if isinstance(error, aiohttp.WSServerHandshakeError) and error.status == 404:
        why = f'unable to upgrade connection: container not found ("{container}")'
        return Failure(500, why, reason="InternalError")
    return Failure(500, f"error dialing backend: {error}", reason="InternalError")


async def _relay(client: web.WebSocketResponse, node: aiohttp.ClientWebSocketResponse) -> None:
    up = asyncio.create_task(_pump(client, node))
    down = asyncio.create_task(_pump(node, client))
    try:
        await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        up.cancel()
        down.cancel()
        await asyncio.gather(up, down, return_exceptions=True)
        await client.close()


async def _pump(source: Side, sink: Side) -> None:
    async for message in source:
        if message.type in (WSMsgType.BINARY, WSMsgType.TEXT):
            content = message.data
            await sink.send_bytes(content.encode() if isinstance(content, str) else content)
