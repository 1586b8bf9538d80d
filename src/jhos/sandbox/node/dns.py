"""The cluster's DNS: names of services and of their endpoints under svc.cluster.local.

It knows no other names: pods of the sandbox do not reach the internet.
"""

import asyncio
import ipaddress
import struct
from dataclasses import dataclass
from typing import Any

from jhos.sandbox.client import Object
from jhos.sandbox.controllers.informers import Informer, Informers
from jhos.sandbox.node.services import SERVICES, SLICES, ready_endpoints, slices_of

A, ANY, IN = 1, 255, 1
NO_ERROR, FORMAT_ERROR, NO_SUCH_NAME = 0, 1, 3
RESPONSE_AUTHORITATIVE = 0x8400
TTL_S = 5
ZONE = ("svc", "cluster", "local")


@dataclass(frozen=True)
class Question:
    """`name` in lower case labels; `end` is where it ends in the packet."""

    name: tuple[str, ...]
    kind: int
    end: int


class Names:
    """What the cluster's names stand for."""

    def __init__(self, services: Informer, slices: Informer) -> None:
        self.services, self.slices = services, slices

    def addresses(self, name: tuple[str, ...]) -> list[str] | None:
        """IPv4 addresses, none for a service without endpoints; None where there is no such name.

        *shapes* `NAME.NAMESPACE.svc.cluster.local`, `HOSTNAME.NAME.NAMESPACE.svc.cluster.local`
        """
        if name[-3:] != ZONE or not 5 <= len(name) <= 6:
            return None
        service = self.services.get(name[-4], name[-5])
        if service is None:
            return None
        if len(name) == 6:
            return self._of_endpoint(service, name[0])
        if (address := service["spec"].get("clusterIP", "None")) not in ("", "None"):
            return [address]
        return self._of_endpoints(service)

    def _of_endpoints(self, service: Object) -> list[str]:
        found = (ready_endpoints(held) for held in slices_of(service, self.slices))
        return [a for ready in found for endpoint in ready for a in endpoint["addresses"]]

    def _of_endpoint(self, service: Object, hostname: str) -> list[str] | None:
        for held in slices_of(service, self.slices):
            for endpoint in ready_endpoints(held):
                dashed = [address.replace(".", "-") for address in endpoint["addresses"]]
                if endpoint.get("hostname") == hostname or hostname in dashed:
                    return list(endpoint["addresses"])
        return None


class DnsServer(asyncio.DatagramProtocol):
    """Answers questions over UDP."""

    def __init__(self, names: Names) -> None:
        self.names = names

    def connection_made(self, transport: Any) -> None:
        self.transport: asyncio.DatagramTransport = transport

    def datagram_received(self, packet: bytes, sender: Any) -> None:
        if reply := answer(packet, self.names):
            self.transport.sendto(reply, sender)


async def serve_dns(informers: Informers, *addresses: str) -> None:
    names = Names(informers.of(SERVICES), informers.of(SLICES))
    loop = asyncio.get_running_loop()
    for address in addresses:
        await loop.create_datagram_endpoint(lambda: DnsServer(names), (address, 53))


def answer(packet: bytes, names: Names) -> bytes | None:
    """The reply to a packet, None when it is not even a header."""
    if len(packet) < 12:
        return None
    try:
        question = parse(packet)
    except (IndexError, struct.error, UnicodeDecodeError):
        return reply(packet, 12, FORMAT_ERROR, [])
    found = names.addresses(question.name)
    if found is None:
        return reply(packet, question.end, NO_SUCH_NAME, [])
    return reply(packet, question.end, NO_ERROR, found if question.kind in (A, ANY) else [])


def parse(packet: bytes) -> Question:
    """The first question; others are not asked by anyone."""
    labels, at = [], 12
    while length := packet[at]:
        labels.append(packet[at + 1 : at + 1 + length].decode("ascii").lower())
        at += 1 + length
    (kind,) = struct.unpack_from("!H", packet, at + 1)
    return Question(tuple(labels), kind, at + 5)


def reply(packet: bytes, end: int, code: int, addresses: list[str]) -> bytes:
    (identifier, asked) = struct.unpack_from("!HH", packet)
    recursion_desired = asked & 0x0100
    flags = RESPONSE_AUTHORITATIVE | recursion_desired | (recursion_desired >> 1) | code
    header = struct.pack("!6H", identifier, flags, 1 if end > 12 else 0, len(addresses), 0, 0)
    # 0xC00C: the name of the question
    records = (
        struct.pack("!HHHIH", 0xC00C, A, IN, TTL_S, 4) + ipaddress.ip_address(address).packed
        for address in addresses
    )
    return header + packet[12:end] + b"".join(records)
