"""Probes against real servers, and what their results mean."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from jhos.sandbox.node.probes import Target, check, results


async def in_container(command: list[str], _timeout_s: float) -> tuple[int, str]:
    if command == ["slow"]:
        raise TimeoutError
    return (0, "well") if command == ["true"] else (3, "not well\n")


def target(**ports: int) -> Target:
    return Target(address="127.0.0.1", ports=ports, execute=in_container)


@asynccontextmanager
async def http_server() -> AsyncIterator[int]:
    """`/200` answers 200, and so on; `/slow` never answers."""

    async def answer(request: web.Request) -> web.Response:
        if request.path == "/slow":
            await asyncio.Event().wait()
        assert request.headers["User-Agent"].startswith("kube-probe/")
        return web.Response(status=int(request.path[1:]), headers={"Location": "/500"})

    app = web.Application()
    app.router.add_get("/{path}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.01)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield runner.addresses[0][1]
    await runner.cleanup()


@pytest.mark.parametrize(
    ("path", "ok", "message"),
    [
        ("/200", True, None),
        ("/302", True, None),
        ("/404", False, "HTTP probe failed with statuscode: 404"),
        ("/503", False, "HTTP probe failed with statuscode: 503"),
        ("/slow", False, "timed out after 0.2s"),
    ],
)
async def test_http_probes_take_answers_below_400(path: str, ok: bool, message: str | None) -> None:
    async with http_server() as port:
        request = {"httpGet": {"path": path, "port": "web"}, "timeoutSeconds": 0.2}
        outcome = await check(request, target(web=port))
    assert outcome.ok is ok
    assert message in (None, outcome.message)


async def test_tcp_probes_only_connect() -> None:
    async with http_server() as port:
        assert (await check({"tcpSocket": {"port": port}}, target())).ok
    refused = await check({"tcpSocket": {"port": port}}, target())
    assert not refused.ok
    assert "connection refused" in refused.message


@pytest.mark.parametrize(
    ("command", "ok", "message"),
    [("true", True, "well"), ("false", False, "not well"), ("slow", False, "timed out after 1s")],
)
async def test_commands_are_well_with_exit_code_0(command: str, ok: bool, message: str) -> None:
    outcome = await check({"exec": {"command": [command]}}, target())
    assert (outcome.ok, outcome.message) == (ok, message)


async def test_a_failure_counts_only_at_its_threshold() -> None:
    probe = {"exec": {"command": ["false"]}, "periodSeconds": 0, "failureThreshold": 3}
    counted = []
    async for _, is_certain in results(probe, target()):
        counted.append(is_certain)
        if len(counted) == 4:
            break
    assert counted == [False, False, True, True]
