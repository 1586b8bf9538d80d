"""Commands in running containers, for `kubectl exec`: a websocket here, a process there.

The API server leads clients here; it has checked their rights, this has not.
"""

import asyncio
import fcntl
import json
import os
import signal
import struct
import termios
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from aiohttp import WSMsgType, web

from jhos.sandbox import channels
from jhos.sandbox.node.container import CHUNK, Process, enter
from jhos.sandbox.node.rootfs import Box

OUTPUT_AFTER_END_S = 2.0
UNLOCK, OTHER_END = 0x40045431, 0x5441  # TIOCSPTLCK and TIOCGPTPEER of linux/tty.h


class Container(Protocol):
    """What is needed of one: its process and box while it runs."""

    process: Process | None
    box: Box | None


Find = Callable[[str, str], Container | None]


@dataclass(frozen=True, kw_only=True)
class Session:
    """What a client asks for."""

    command: Sequence[str]
    stdin: bool
    stdout: bool
    stderr: bool
    tty: bool


async def serve_execs(socket: Path, find: Find) -> web.AppRunner:
    """Answer `/POD_UID/CONTAINER?command=…&stdin=true…` on a unix socket."""

    async def answer(request: web.Request) -> web.StreamResponse:
        container = find(request.match_info["uid"], request.match_info["container"])
        if container is None or container.process is None or container.box is None:
            return web.Response(status=404)
        connection = web.WebSocketResponse(protocols=channels.PROTOCOLS, max_msg_size=0)
        await connection.prepare(request)
        await _run(connection, _session(request), container.process, container.box)
        return connection

    app = web.Application()
    app.router.add_get("/{uid}/{container}", answer)
    # not cancelled when the client goes, or a process that is just being made would be forgotten
    runner = web.AppRunner(app, shutdown_timeout=1.0, access_log=None)
    await runner.setup()
    socket.unlink(missing_ok=True)
    await web.UnixSite(runner, str(socket)).start()
    socket.chmod(0o600)
    return runner


def _session(request: web.Request) -> Session:
    query = request.query
    asked = {n: query.get(n) in ("true", "1") for n in ("stdin", "stdout", "stderr", "tty")}
    return Session(command=query.getall("command"), **asked)


async def _run(
    connection: web.WebSocketResponse, session: Session, process: Process, box: Box
) -> None:
    words = enter(process.pid, box.workdir, session.command)
    env = dict(box.env)
    if session.tty:
        code = await _with_terminal(connection, process.pid, words, env)
    else:
        code = await _with_pipes(connection, session, words, env)
    with suppress(ConnectionError):
        await connection.send_bytes(channels.ended(code))
    await connection.close()


async def _with_pipes(
    connection: web.WebSocketResponse, session: Session, words: Sequence[str], env: dict[str, str]
) -> int:
    piped, none = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    child = await asyncio.create_subprocess_exec(
        *words,
        stdin=piped if session.stdin else none,
        stdout=piped if session.stdout else none,
        stderr=piped if session.stderr else none,
        env=env,
        start_new_session=True,
    )
    outputs = [
        asyncio.create_task(_send(connection, channel, stream.read))
        for channel, stream in ((channels.STDOUT, child.stdout), (channels.STDERR, child.stderr))
        if stream
    ]
    inputs = asyncio.create_task(_receive(connection, _Pipe(child.stdin)))
    return await _until_end(child, inputs, outputs)


async def _with_terminal(
    connection: web.WebSocketResponse, pid: int, words: Sequence[str], env: dict[str, str]
) -> int:
    """As on a terminal of its own, so both outputs are one."""
    ours, theirs = _terminal_of(pid)
    try:
        child = await asyncio.create_subprocess_exec(
            *("setsid", "--ctty", *words),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={"TERM": "xterm", **env},
        )
        os.close(theirs)
        terminal = _Terminal(ours)
        output = asyncio.create_task(_send(connection, channels.STDOUT, terminal.read))
        inputs = asyncio.create_task(_receive(connection, terminal))
        return await _until_end(child, inputs, [output])
    finally:
        os.close(ours)


def _terminal_of(pid: int) -> tuple[int, int]:
    """Both ends of a new terminal that the container of the process knows by name."""
    ours = os.open(f"/proc/{pid}/root/dev/pts/ptmx", os.O_RDWR | os.O_NOCTTY)
    fcntl.ioctl(ours, UNLOCK, struct.pack("i", 0))
    return ours, fcntl.ioctl(ours, OTHER_END, os.O_RDWR | os.O_NOCTTY)


async def _until_end(
    child: asyncio.subprocess.Process,
    inputs: "asyncio.Task[None]",
    outputs: list[asyncio.Task[None]],
) -> int:
    """The exit code. The command does not outlive its client."""
    ended = asyncio.create_task(child.wait())
    try:
        await asyncio.wait({ended, inputs}, return_when=asyncio.FIRST_COMPLETED)
        if not ended.done():
            _kill(child)
        code = await ended
        if outputs:
            await asyncio.wait(outputs, timeout=OUTPUT_AFTER_END_S)
        return code if code >= 0 else 128 - code
    finally:
        _kill(child)
        for task in (inputs, *outputs):
            task.cancel()
        await asyncio.gather(inputs, *outputs, return_exceptions=True)


def _kill(child: asyncio.subprocess.Process) -> None:
    if child.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)


async def _send(
    connection: web.WebSocketResponse, channel: int, read: Callable[[int], Awaitable[bytes]]
) -> None:
    with suppress(ConnectionError):
        while content := await read(CHUNK):
            await connection.send_bytes(channels.framed(channel, content))


class _Input(Protocol):
    async def write(self, content: bytes) -> None: ...
    def close(self) -> None: ...
    def resize(self, width: int, height: int) -> None: ...


async def _receive(connection: web.WebSocketResponse, sink: _Input) -> None:
    """Until the client has gone."""
    async for message in connection:
        if message.type is not WSMsgType.BINARY or not message.data:
            continue
        channel, content = message.data[0], message.data[1:]
        if channel == channels.STDIN:
            await sink.write(content)
        elif channel == channels.CLOSE and content[:1] == bytes([channels.STDIN]):
            sink.close()
        elif channel == channels.RESIZE:
            size = json.loads(content)
            sink.resize(size["Width"], size["Height"])


class _Pipe:
    """Standard input; what comes after the command closed it is lost, as in a shell."""

    def __init__(self, writer: asyncio.StreamWriter | None) -> None:
        self.writer = writer

    async def write(self, content: bytes) -> None:
        if self.writer:
            with suppress(ConnectionError):
                self.writer.write(content)
                await self.writer.drain()

    def close(self) -> None:
        if self.writer:
            self.writer.close()

    def resize(self, width: int, height: int) -> None:
        """There is no terminal."""


class _Terminal:
    """Our end of a pseudo terminal."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    async def read(self, size: int) -> bytes:
        try:
            return await asyncio.to_thread(os.read, self.descriptor, size)
        except OSError:  # nobody has the other end any more
            return b""

    async def write(self, content: bytes) -> None:
        with suppress(OSError):
            await asyncio.to_thread(os.write, self.descriptor, content)

    def close(self) -> None:
        with suppress(OSError):
            os.write(self.descriptor, b"\x04")

    def resize(self, width: int, height: int) -> None:
        size = struct.pack("HHHH", height, width, 0, 0)
        with suppress(OSError):
            fcntl.ioctl(self.descriptor, termios.TIOCSWINSZ, size)
