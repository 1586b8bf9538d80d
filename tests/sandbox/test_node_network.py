"""Names, service addresses and relays of the pod network."""

import asyncio
import json
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from jhos.sandbox.controllers.informers import Informer
from jhos.sandbox.node.dns import Names, answer
from jhos.sandbox.node.ingress import serve_ingress
from jhos.sandbox.node.network import PodNetwork
from jhos.sandbox.node.services import SERVICES, SLICES, Listener, targets
from jhos.sandbox.node_process import isolation

A, AAAA = 1, 28


def service(name: str, **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "demo", "resourceVersion": "1"}, "spec": spec}


def endpoint_slice(of: str, *endpoints: dict[str, Any], port: int = 8080) -> dict[str, Any]:
    labels = {"kubernetes.io/service-name": of}
    meta = {"name": f"{of}-x", "namespace": "demo", "labels": labels, "resourceVersion": "1"}
    return {"metadata": meta, "ports": [{"name": "", "port": port}], "endpoints": list(endpoints)}


def endpoint(address: str, ready: bool = True, **more: Any) -> dict[str, Any]:
    return {"addresses": [address], "conditions": {"ready": ready}, **more}


def informers(*objects: dict[str, Any]) -> tuple[Informer, Informer]:
    services, slices = Informer(SERVICES), Informer(SLICES)
    for obj in objects:
        (services if "spec" in obj else slices).observe("ADDED", obj)
    return services, slices


CLUSTER = informers(
    service("web", clusterIP="172.30.1.1", ports=[{"port": 80}]),
    endpoint_slice("web", endpoint("10.128.1.2"), endpoint("10.128.1.3", ready=False)),
    service("db", clusterIP="None"),
    endpoint_slice("db", endpoint("10.128.1.4", hostname="db-0"), endpoint("10.128.1.5")),
)


def ask(name: str, kind: int = A) -> tuple[int, list[str]]:
    """The code and the addresses of the reply."""
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    packet = (
        struct.pack("!6H", 7, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!HH", kind, 1)
    )
    reply = answer(packet, Names(*CLUSTER))
    assert reply
    assert reply[:2] == packet[:2]
    (count,) = struct.unpack_from("!H", reply, 6)
    records = reply[len(packet) :]
    found = [records[16 * n + 12 : 16 * n + 16] for n in range(count)]
    return reply[3] & 0xF, [".".join(map(str, address)) for address in found]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("web.demo.svc.cluster.local", (0, ["172.30.1.1"])),
        ("WEB.demo.svc.cluster.LOCAL", (0, ["172.30.1.1"])),
        ("db.demo.svc.cluster.local", (0, ["10.128.1.4", "10.128.1.5"])),
        ("db-0.db.demo.svc.cluster.local", (0, ["10.128.1.4"])),
        ("10-128-1-5.db.demo.svc.cluster.local", (0, ["10.128.1.5"])),
        ("nope.db.demo.svc.cluster.local", (3, [])),
        ("nope.demo.svc.cluster.local", (3, [])),
        ("example.com", (3, [])),
    ],
)
def test_names_of_services_and_endpoints_are_known_and_no_others(name: str, expected: Any) -> None:
    assert ask(name) == expected


def test_a_service_has_no_ipv6_address_but_exists() -> None:
    assert ask("web.demo.svc.cluster.local", AAAA) == (0, [])


@pytest.mark.parametrize("packet", [b"", b"\0" * 11])
def test_what_is_no_question_gets_no_answer(packet: bytes) -> None:
    assert answer(packet, Names(*CLUSTER)) is None


def test_a_broken_question_is_a_format_error() -> None:
    reply = answer(b"\0" * 12 + b"\x3fabc", Names(*CLUSTER))
    assert reply
    assert reply[3] & 0xF == 1


def test_only_ports_with_a_ready_endpoint_are_served() -> None:
    assert targets(*CLUSTER) == {("172.30.1.1", 80): ([("10.128.1.2", 8080)], False)}


def test_a_service_without_ready_endpoints_is_not_served() -> None:
    found = informers(
        service("web", clusterIP="172.30.1.1", ports=[{"port": 80}]),
        endpoint_slice("web", endpoint("10.128.1.3", ready=False)),
    )
    assert targets(*found) == {}


async def test_connections_take_turns_or_stay_with_their_endpoint() -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    endpoints = [("10.128.1.2", 80), ("10.128.1.3", 80)]
    turns, sticky = Listener(server, endpoints, False), Listener(server, endpoints, True)
    assert {turns.choose("10.128.9.9") for _ in range(2)} == set(endpoints)
    assert len({sticky.choose("10.128.9.9") for _ in range(4)}) == 1
    server.close()


@asynccontextmanager
async def upper_case_server() -> AsyncIterator[int]:
    """Answers all that it got, in capitals, once the client has ended."""

    async def shout(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write((await reader.read()).upper())
        writer.close()

    server = await asyncio.start_server(shout, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


async def dial(socket: Path, goal: str, text: bytes) -> bytes:
    reader, writer = await asyncio.open_unix_connection(str(socket))
    writer.write(f"{goal}\n".encode() + text)
    writer.write_eof()
    return await reader.read()


async def test_the_ingress_leads_where_the_first_line_says(tmp_path: Path) -> None:
    socket = tmp_path / "ingress.sock"
    server = await serve_ingress(socket)
    async with upper_case_server() as port:
        assert await dial(socket, f"127.0.0.1:{port}", b"hello" * 50_000) == b"HELLO" * 50_000
    server.close()


async def test_the_ingress_closes_on_nonsense(tmp_path: Path) -> None:
    socket = tmp_path / "ingress.sock"
    server = await serve_ingress(socket)
    assert await dial(socket, "nowhere", b"x") == b""
    server.close()


def in_namespaces(coroutine: Callable[[Path], Awaitable[None]], directory: Path) -> None:
    """Runs `coroutine(directory)` of this module on a machine network of its own."""
    code = (
        "import asyncio, pathlib, sys; "
        f"from {__name__} import {coroutine.__name__} as run; "
        "asyncio.run(run(pathlib.Path(sys.argv[1])))"
    )
    command = ["unshare", isolation(), "--mount-proc", sys.executable, "-c", code, str(directory)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


async def reuse_an_address(directory: Path) -> None:
    network = PodNetwork(directory)
    await network.set_up()
    first = await network.add("first")
    lingering = await asyncio.create_subprocess_exec(*network.enter("first"), "sleep", "60")
    assert await network.add("second") != first
    await network.remove("first")
    network._next = 0
    assert await network.add("third") == first
    lingering.kill()
    await lingering.wait()


async def fail_and_try_again(directory: Path) -> None:
    network = PodNetwork(directory)
    await network.set_up()
    address = await network.add("pod")
    await network.remove("pod")
    network._next, path = 0, os.environ["PATH"]
    for missing in ("unshare", "ip", "nsenter"):
        only = directory / f"without-{missing}"
        only.mkdir()
        for name in {"unshare", "ip", "nsenter", "true"} - {missing}:
            (only / name).symlink_to(str(shutil.which(name)))
        os.environ["PATH"] = str(only)
        with pytest.raises(OSError, match=missing):
            await network.add("pod")
        assert not (directory / "pod").exists()
        os.environ["PATH"], network._next = path, 0
    assert await network.add("pod") == address


async def keep_the_address_of_the_gateway(directory: Path) -> None:
    network = PodNetwork(directory)
    await network.set_up()
    link = ["ip", "-json", "link", "show", "br0"]
    before = json.loads(subprocess.check_output(link))[0]["address"]
    for number in range(8):
        await network.add(f"pod-{number}")
    after = json.loads(subprocess.check_output(link))[0]["address"]
    assert after == before


@pytest.mark.parametrize(
    "coroutine", [reuse_an_address, fail_and_try_again, keep_the_address_of_the_gateway]
)
def test_the_pod_network(tmp_path: Path, coroutine: Callable[[Path], Awaitable[None]]) -> None:
    in_namespaces(coroutine, tmp_path)
