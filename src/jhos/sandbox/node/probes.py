"""Probes: asking a container over HTTP, TCP or a command whether it is well."""

import asyncio
import os
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import aiohttp

from jhos.sandbox.client import Object

Execute = Callable[[list[str], float], Awaitable[tuple[int, str]]]
USER_AGENT = "kube-probe/1.32"
MAX_OUTPUT = 1024


@dataclass(frozen=True)
class Outcome:
    """Of one probe; `message` is for the event about a failure."""

    ok: bool
    message: str = ""


@dataclass(frozen=True, kw_only=True)
class Target:
    """The container that is asked: its address, its named ports, a way to run commands in it."""

    address: str
    ports: dict[str, int]
    execute: Execute

    def port(self, number_or_name: int | str) -> int:
        if isinstance(number_or_name, int):
            return number_or_name
        return self.ports.get(number_or_name) or int(number_or_name)


async def results(probe: Object, target: Target) -> AsyncIterator[tuple[Outcome, bool]]:
    """Without end: each outcome, and whether its threshold is reached."""
    await asyncio.sleep(probe.get("initialDelaySeconds", 0))
    last, times = None, 0
    while True:
        outcome = await check(probe, target)
        times = times + 1 if outcome.ok is last else 1
        last = outcome.ok
        name, default = ("successThreshold", 1) if outcome.ok else ("failureThreshold", 3)
        yield outcome, times >= probe.get(name, default)
        await asyncio.sleep(probe.get("periodSeconds", 10))


async def check(action: Object, target: Target) -> Outcome:
    """One try of a probe or lifecycle action."""
    timeout_s = action.get("timeoutSeconds", 1)
    try:
        if request := action.get("httpGet"):
            return await _over_http(request, target, timeout_s)
        if socket := action.get("tcpSocket"):
            return await _over_tcp(socket, target, timeout_s)
        if command := action.get("exec"):
            return await _by_command(command["command"], target, timeout_s)
    except TimeoutError:
        return Outcome(False, f"timed out after {timeout_s}s")
    except aiohttp.ClientConnectorError as error:
        where = f"{error.host}:{error.port}"
        return Outcome(False, f"dial tcp {where}: connect: {_words(error.os_error)}")
    except OSError as error:
        return Outcome(False, _words(error))
    except (ValueError, aiohttp.ClientError) as error:
        return Outcome(False, str(error) or type(error).__name__)
    return Outcome(False, "the sandbox knows httpGet, tcpSocket and exec only")


async def _over_http(request: Object, target: Target, timeout_s: float) -> Outcome:
    headers = {item["name"]: item["value"] for item in request.get("httpHeaders") or []}
    scheme = request.get("scheme", "HTTP").lower()
    host = request.get("host") or target.address
    path = "/" + request.get("path", "/").removeprefix("/")
    url = f"{scheme}://{host}:{target.port(request['port'])}{path}"
    timeout = aiohttp.ClientTimeout(total=timeout_s)
    async with (
        aiohttp.ClientSession(timeout=timeout, headers={"User-Agent": USER_AGENT}) as session,
        session.get(url, headers=headers, allow_redirects=False, ssl=_unchecked(scheme)) as answer,
    ):
        ok = 200 <= answer.status < 400
        return Outcome(ok, f"HTTP probe failed with statuscode: {answer.status}")


async def _over_tcp(socket: Object, target: Target, timeout_s: float) -> Outcome:
    host = socket.get("host") or target.address
    dial = asyncio.open_connection(host, target.port(socket["port"]))
    _, writer = await asyncio.wait_for(dial, timeout_s)
    writer.transport.abort()
    return Outcome(True)


async def _by_command(command: list[str], target: Target, timeout_s: float) -> Outcome:
    code, output = await target.execute(command, timeout_s)
    return Outcome(code == 0, output.strip()[:MAX_OUTPUT] or f"command exited with {code}")


def _words(error: OSError) -> str:
    """`connection refused`: asyncio's own texts hide it among numbers."""
    return os.strerror(error.errno).lower() if error.errno else str(error)


def _unchecked(scheme: str) -> ssl.SSLContext | bool:
    """As the kubelet: a probe does not check certificates."""
    if scheme != "https":
        return True
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
