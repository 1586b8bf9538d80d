"""An API server as from far away: a fixed round-trip time, and every request counted.

Two hops in one process: the outer one delays bytes, so that the handshakes of TCP and TLS pay for
it as well; the inner one ends TLS and counts what is asked.
"""

import asyncio
import base64
import re
import ssl
import subprocess
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

_HEAD = re.compile(rb"^(GET|POST|PUT|PATCH|DELETE) (\S+) HTTP/1\.1\r$", re.MULTILINE)
_CHUNK = 65536
_WRITES = ("POST", "PUT", "PATCH", "DELETE")


@dataclass
class Far:
    """`kubeconfig`: of the address that is far away."""

    upstream: Any
    kubeconfig: Path
    rtt_s: float = 0.0
    seen: list[tuple[str, str]] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    def take(self) -> list[tuple[str, str]]:
        """The (method, path) since the last time."""
        taken, self.seen = self.seen, []
        return taken


def writes(requests: list[tuple[str, str]]) -> int:
    """Reviews of one's own rights write nothing."""
    return sum(method in _WRITES and "selfsubject" not in path for method, path in requests)


@asynccontextmanager
async def far(kubeconfig: Path, folder: Path) -> AsyncIterator[Far]:
    document = yaml.safe_load(kubeconfig.read_text())
    cluster = document["clusters"][0]["cluster"]
    place = urlsplit(cluster["server"])
    authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
    found = Far((place.hostname, place.port, ssl.create_default_context(cadata=authority)), folder)
    inner = await asyncio.start_server(
        lambda *streams: _counted(found, *streams), "127.0.0.1", 0, ssl=_certificate(folder)
    )
    port = inner.sockets[0].getsockname()[1]
    outer = await asyncio.start_server(
        lambda *streams: _delayed(found, port, *streams), "127.0.0.1", 0
    )
    cluster.clear()
    cluster["server"] = f"https://127.0.0.1:{outer.sockets[0].getsockname()[1]}"
    pem = (folder / "far.crt").read_bytes()
    cluster["certificate-authority-data"] = base64.b64encode(pem).decode()
    found.kubeconfig = folder / "kubeconfig"
    found.kubeconfig.write_text(yaml.safe_dump(document))
    try:
        yield found
    finally:
        outer.close()
        inner.close()
        # Connections that end with the loop are no news.
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)


def _certificate(folder: Path) -> ssl.SSLContext:
    names = ["-subj", "/CN=far", "-addext", "subjectAltName=IP:127.0.0.1"]
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    files = ["-keyout", str(folder / "far.key"), "-out", str(folder / "far.crt")]
    command = ["openssl", "req", "-x509", "-days", "2", *key, *names, *files]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "far.crt", folder / "far.key")
    return context


async def _delayed(
    far: Far, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    await asyncio.sleep(far.rtt_s)  # what a handshake of TCP takes
    below = await asyncio.open_connection("127.0.0.1", port)
    await asyncio.gather(_late(far, reader, below[1]), _late(far, below[0], writer))


async def _late(far: Far, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Each piece half a round trip after it came, in order; as many at once as there are."""
    queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    async def deliver() -> None:
        with suppress(OSError):
            while True:
                due, piece = await queue.get()
                await asyncio.sleep(max(0, due - loop.time()))
                if not piece:
                    break
                writer.write(piece)
                await writer.drain()
        writer.close()

    sending = asyncio.create_task(deliver())
    with suppress(OSError):
        while piece := await reader.read(_CHUNK):
            queue.put_nowait((loop.time() + far.rtt_s / 2, piece))
    queue.put_nowait((loop.time() + far.rtt_s / 2, b""))
    await sending


async def _counted(far: Far, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    host, port, context = far.upstream
    above = await asyncio.open_connection(host, port, ssl=context, server_hostname=host)

    async def ask() -> None:
        with suppress(OSError):
            while piece := await reader.read(_CHUNK):
                for method, path in _HEAD.findall(piece):
                    far.seen.append((method.decode(), path.decode()))
                above[1].write(piece)
                await above[1].drain()
        above[1].close()

    async def answer() -> None:
        with suppress(OSError):
            while piece := await above[0].read(_CHUNK):
                if status := re.match(rb"HTTP/1\.1 (\d+)", piece):
                    far.statuses[int(status[1])] += 1
                writer.write(piece)
                await writer.drain()
        writer.close()

    await asyncio.gather(ask(), answer())
