"""The pod network: a bridge in the node's network namespace, and a namespace for each pod.

10.128.0.1/16 on br0   the node, gateway of every pod
10.128.x.y             a pod
172.30.0.0/16          service addresses, all local to the node
"""

import asyncio
import ipaddress
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from jhos.sandbox.node.overlay import unmount

POD_NETWORK = ipaddress.ip_network("10.128.0.0/16")
NODE_ADDRESS = "10.128.0.1"
SERVICE_NETWORK = "172.30.0.0/16"
DNS_ADDRESS = "172.30.0.10"
FIRST_POD = 258  # 10.128.1.2, the first addresses are the node's
BRIDGE = "br0"
# Without one given a bridge changes its address as pods come and go, and the others lose it.
BRIDGE_MAC = "0a:58:0a:80:00:01"


class NetworkError(Exception):
    """`ip` refused; the message is its own."""


class PodNetwork:
    """Namespaces and addresses of the pods; `directory` holds a file for each namespace."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._used: dict[str, str] = {}  # address by pod uid
        self._next = 0  # counted from the first address of a pod

    async def set_up(self) -> None:
        """The node's own side, once."""
        self.directory.mkdir(parents=True, exist_ok=True)
        await ip_batch(
            "link set lo up",
            f"link add {BRIDGE} address {BRIDGE_MAC} type bridge",
            f"addr add {NODE_ADDRESS}/{POD_NETWORK.prefixlen} dev {BRIDGE}",
            f"link set {BRIDGE} up",
            f"route add local {SERVICE_NETWORK} dev lo",
        )

    async def add(self, uid: str) -> str:
        """The address of the pod, with a new namespace for it; all or nothing."""
        address = self._used[uid] = self._free_address()
        try:
            await self._connect(uid, address)
        except BaseException:
            await self.remove(uid)
            raise
        return address

    async def _connect(self, uid: str, address: str) -> None:
        namespace = self.directory / uid
        namespace.touch()
        await _run("unshare", f"--net={namespace}", "true")
        host_end = _host_end(address)
        await ip_batch(
            f"link add {host_end} type veth peer name eth0 netns {namespace}",
            f"link set {host_end} master {BRIDGE} up",
        )
        await ip_batch(
            f"addr add {address}/{POD_NETWORK.prefixlen} dev eth0",
            "link set lo up",
            "link set eth0 up",
            f"route add default via {NODE_ADDRESS}",
            inside=self.enter(uid),
        )

    async def remove(self, uid: str) -> None:
        """Its address is free again; a pod without one is well."""
        address = self._used.get(uid)
        if address is None:
            return
        # A namespace takes its link along only some time after its last process.
        with suppress(NetworkError, OSError):
            await ip_batch(f"link del {_host_end(address)}")
        namespace = self.directory / uid
        unmount(namespace)
        namespace.unlink(missing_ok=True)
        self._used.pop(uid, None)

    def enter(self, uid: str) -> list[str]:
        """The words before a command that is to run in the pod's network."""
        return ["nsenter", f"--net={self.directory / uid}"]

    def _free_address(self) -> str:
        """The next one round and round, so that an address is not taken again at once."""
        used = set(self._used.values())
        size = POD_NETWORK.num_addresses - 1 - FIRST_POD
        for step in range(size):
            place = (self._next + step) % size
            address = str(POD_NETWORK[FIRST_POD + place])
            if address not in used:
                self._next = place + 1
                return address
        raise NetworkError(f"no free address in {POD_NETWORK}")


def _host_end(address: str) -> str:
    """The name of the pod's link on the node's side."""
    return f"veth{int(ipaddress.ip_address(address)):08x}"


async def ip_batch(*commands: str, inside: Sequence[str] = ()) -> None:
    await _run(*inside, "ip", "-batch", "-", text="\n".join(commands) + "\n")


async def _run(*command: str, text: str = "") -> None:
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, errors = await process.communicate(text.encode())
    if process.returncode != 0:
        raise NetworkError(f"{command[0]}: {errors.decode().strip()}")
