"""The doors of the pod network: the router's way in, and the pods' way to the API server."""

import asyncio
import logging
from pathlib import Path

from jhos.sandbox.node.relay import relay

API_ADDRESS, API_PORT = "172.30.0.1", 443
log = logging.getLogger(__name__)


async def serve_ingress(socket: Path) -> asyncio.Server:
    """A connection names its goal in a first line, `IP:PORT`."""
    socket.unlink(missing_ok=True)
    server = await asyncio.start_unix_server(_lead_in, str(socket))
    socket.chmod(0o600)
    return server


async def serve_api(socket: Path) -> asyncio.Server:
    """What pods know as kubernetes.default leads to the API server's TLS socket."""

    async def lead_out(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await relay((reader, writer), lambda: asyncio.open_unix_connection(str(socket)))

    return await asyncio.start_server(lead_out, API_ADDRESS, API_PORT, backlog=512)


async def _lead_in(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        address, _, port = (await reader.readline()).decode().strip().rpartition(":")
        number = int(port)
    except ValueError:
        writer.close()
        return
    await relay((reader, writer), lambda: asyncio.open_connection(address, number))
