"""Bytes both ways between two connections: what service addresses and the ingress are made of."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Dial = Callable[[], Awaitable[Connection]]
CHUNK = 2**16


async def relay(near: Connection, dial: Dial) -> None:
    """Until both sides are done; a refused `dial` closes the near side."""
    try:
        far = await dial()
    except OSError:
        near[1].transport.abort()
        return
    try:
        await asyncio.gather(pump(near[0], far[1]), pump(far[0], near[1]))
    except (ConnectionError, TimeoutError):
        near[1].transport.abort()
        far[1].transport.abort()
    finally:
        near[1].close()
        far[1].close()


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One direction, its end passed on."""
    while chunk := await reader.read(CHUNK):
        writer.write(chunk)
        await writer.drain()
    if writer.can_write_eof():
        with contextlib.suppress(OSError):
            writer.write_eof()
