"""Service addresses: a TCP proxy for each port of a service that has a ready endpoint.

Without one nothing listens, so that a client is refused as on a real cluster. UDP services and
load balancers are not served.
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from zlib import crc32

from jhos.sandbox.client import Object
from jhos.sandbox.controllers.informers import Informer, Informers
from jhos.sandbox.node.relay import Connection, relay

SERVICES = "api/v1/services"
SLICES = "apis/discovery.k8s.io/v1/endpointslices"
SERVICE_LABEL = "kubernetes.io/service-name"
DIAL_TIMEOUT_S = 120  # about as long as Linux itself tries, since on a cluster nothing else does
log = logging.getLogger(__name__)

Address = tuple[str, int]


@dataclass
class Listener:
    """One service port and where it leads; `sticky` keeps a client at its endpoint."""

    server: asyncio.Server
    endpoints: Sequence[Address]
    sticky: bool
    turn: int = field(default=0)

    def choose(self, client: str) -> Address:
        self.turn += 1
        number = crc32(client.encode()) if self.sticky else self.turn
        return self.endpoints[number % len(self.endpoints)]


class ServiceProxy:
    """Keeps the listeners as the services and endpoint slices are."""

    def __init__(self, informers: Informers) -> None:
        self.services, self.slices = informers.of(SERVICES), informers.of(SLICES)
        self.listeners: dict[Address, Listener] = {}
        self._changed = asyncio.Event()
        for informer in (self.services, self.slices):
            informer.listen(lambda *_: self._changed.set())

    async def run(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            await self._follow(targets(self.services, self.slices))

    async def _follow(self, wanted: dict[Address, tuple[list[Address], bool]]) -> None:
        for address in self.listeners.keys() - wanted.keys():
            self.listeners.pop(address).server.close()
        for address, (endpoints, sticky) in wanted.items():
            if held := self.listeners.get(address):
                held.endpoints, held.sticky = endpoints, sticky
            else:
                await self._listen(address, endpoints, sticky)

    async def _listen(self, address: Address, endpoints: list[Address], sticky: bool) -> None:
        async def lead(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await relay((reader, writer), lambda: self._dial(address, writer))

        try:
            server = await asyncio.start_server(lead, *address, backlog=512)
        except OSError as error:
            log.warning("service address %s:%s: %s", *address, error)
            return
        self.listeners[address] = Listener(server, endpoints, sticky)

    async def _dial(self, address: Address, writer: asyncio.StreamWriter) -> Connection:
        listener = self.listeners.get(address)
        if listener is None:
            raise ConnectionRefusedError(address)
        client = writer.get_extra_info("peername")[0]
        goal = asyncio.open_connection(*listener.choose(client))
        return await asyncio.wait_for(goal, DIAL_TIMEOUT_S)


def targets(services: Informer, slices: Informer) -> dict[Address, tuple[list[Address], bool]]:
    """`{(cluster ip, port): ([(pod ip, port), …], sticky)}` of ports with a ready endpoint."""
    found = {}
    for service in services.all():
        spec = service["spec"]
        if spec.get("type") == "ExternalName" or spec.get("clusterIP", "None") in ("", "None"):
            continue
        sticky = spec.get("sessionAffinity") == "ClientIP"
        held = slices_of(service, slices)
        for port in spec.get("ports") or []:
            if port.get("protocol", "TCP") == "TCP" and (ready := endpoints(port, held)):
                found[spec["clusterIP"], port["port"]] = (ready, sticky)
    return found


def slices_of(service: Object, slices: Informer) -> list[Object]:
    meta = service["metadata"]
    return [
        held
        for held in slices.all(meta["namespace"])
        if (held["metadata"].get("labels") or {}).get(SERVICE_LABEL) == meta["name"]
    ]


def endpoints(port: Object, slices: Iterable[Object]) -> list[Address]:
    """Where one port of a service leads."""
    return sorted(
        (address, target["port"])
        for held in slices
        for target in held.get("ports") or []
        if target.get("name", "") == port.get("name", "")
        for endpoint in ready_endpoints(held)
        for address in endpoint["addresses"]
    )


def ready_endpoints(held: Object) -> list[Object]:
    """Not known is ready, as the API has it."""
    return [
        endpoint
        for endpoint in held.get("endpoints") or []
        if (endpoint.get("conditions") or {}).get("ready", True) is not False
    ]
