"""The head of an HTTP request: read, and rewritten for the one behind a proxy."""

import asyncio
from dataclasses import dataclass

CHUNK = 2**16


class BadHead(Exception):
    """This is no request of HTTP/1.1."""


@dataclass(frozen=True, kw_only=True)
class Head:
    """The request line and the headers in their order."""

    method: str
    target: str
    version: str
    headers: tuple[tuple[str, str], ...]

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name), "")

    @property
    def host(self) -> str:
        """Without its port, in lower case."""
        host = self.header("host").lower()
        return host if host.startswith("[") else host.partition(":")[0].rstrip(".")

    @property
    def path(self) -> str:
        """The target also where the client sends it with scheme and host, as to a proxy."""
        if self.target.startswith(("http://", "https://")):
            return "/" + self.target.split("/", 3)[3] if self.target.count("/") > 2 else "/"
        return self.target

    @property
    def is_upgrade(self) -> bool:
        return bool(self.header("upgrade")) and "upgrade" in self.header("connection").lower()

    @property
    def is_chunked(self) -> bool:
        return "chunked" in self.header("transfer-encoding").lower()

    @property
    def content_length(self) -> int:
        return int(self.header("content-length") or "0")

    def forwarded(self) -> bytes:
        """For the backend: with X-Forwarded-* of our own, whatever the client said."""
        ours = {
            "X-Forwarded-Host": self.header("host"),
            "X-Forwarded-Port": self.header("host").rpartition(":")[2] or "80",
            "X-Forwarded-Proto": "http",
            "X-Forwarded-For": "127.0.0.1",
            "Forwarded": f"for=127.0.0.1;host={self.header('host')};proto=http",
        }
        replaced = {name.lower() for name in ours}
        kept = [(key, value) for key, value in self.headers if key.lower() not in replaced]
        lines = [f"{key}: {value}" for key, value in [*kept, *ours.items()]]
        first = f"{self.method} {self.path} {self.version}"
        return ("\r\n".join([first, *lines]) + "\r\n\r\n").encode("latin-1")


def parse_head(raw: bytes) -> Head:
    """`raw` ends with the empty line."""
    first, *lines = raw.decode("latin-1").rstrip("\r\n").lstrip("\r\n").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise BadHead(first)
    headers = tuple(_header(line) for line in lines)
    head = Head(method=words[0], target=words[1], version=words[2], headers=headers)
    if not (head.header("content-length") or "0").isdecimal():
        raise BadHead("Content-Length is no number")
    return head


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or not name or name != name.strip():
        raise BadHead(line)
    return name, value.strip()


async def copy_body(head: Head, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The body that belongs to `head`, as it is framed."""
    if head.is_chunked:
        await _copy_chunks(reader, writer)
    else:
        await _copy_exactly(head.content_length, reader, writer)


async def _copy_exactly(
    length: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    while length:
        data = await reader.read(min(length, CHUNK))
        if not data:
            raise asyncio.IncompleteReadError(b"", length)
        length -= len(data)
        writer.write(data)
        await writer.drain()


async def _copy_chunks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        line = await reader.readuntil(b"\r\n")
        writer.write(line)
        size = _chunk_size(line)
        if not size:
            break
        await _copy_exactly(size + 2, reader, writer)
    while line != b"\r\n":
        line = await reader.readuntil(b"\r\n")
        writer.write(line)
    await writer.drain()


def _chunk_size(line: bytes) -> int:
    try:
        return int(line.split(b";")[0].strip(), 16)
    except ValueError:
        raise BadHead("a chunk without its size") from None
