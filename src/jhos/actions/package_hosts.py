"""The package indexes of builds that a notebook's network policy has to let through."""

import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit


def blocked_targets(urls: Iterable[str]) -> list[str]:
    """Return the networks and projects of these addresses that servers do not reach by default.

    Names of hosts are resolved on this machine; one that it does not know counts as public.
    """
    found = (target for url in urls for target in _targets(urlsplit(url).hostname or ""))
    return list(dict.fromkeys(found))


def _targets(host: str) -> list[str]:
    parts = host.split(".")
    if len(parts) > 2 and parts[2] == "svc":
        return [parts[1]]  # a Service: policies see the pods behind it, not its address
    addresses = [ip_address(text) for text in _addresses(host)]
    return [str(ip_network(each)) for each in addresses if _is_blocked(each)]


def _is_blocked(address: IPv4Address | IPv6Address) -> bool:
    return not (address.is_global or address.is_loopback)


def _addresses(host: str) -> list[str]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return []
    return [str(address[0]).partition("%")[0] for *_, address in found]
