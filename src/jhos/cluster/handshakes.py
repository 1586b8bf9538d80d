"""Connections that are made while the client is imported, which takes longer than their handshakes.

On a cluster that is far away each of them would cost two ways there and back. So nothing that is
slow to import is imported here.
"""

import base64
import os
import socket
import ssl
from collections.abc import Mapping
from concurrent.futures import Future
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from urllib3 import PoolManager
    from urllib3.connection import HTTPSConnection

CONNECT_S = 5
# What the client alone knows how to do: it connects for itself then.
_OF_A_CLUSTER = ("proxy-url", "insecure-skip-tls-verify", "tls-server-name")
_OF_A_USER = ("client-certificate", "client-certificate-data", "exec", "auth-provider")
_PROXIES = ("https_proxy", "http_proxy", "all_proxy")


class Handshakes:
    """`number` connections to `server`, each used by the first request that needs one."""

    def __init__(self, server: str, authorities: ssl.SSLContext, number: int) -> None:
        self.server, self.authorities = server, authorities
        self.begun = [self._begin() for _ in range(number)]

    def _begin(self) -> Future[ssl.SSLSocket]:
        made: Future[ssl.SSLSocket] = Future()
        # A daemon, so that no command waits for it to end.
        Thread(target=self._connect, args=(made,), daemon=True).start()
        return made

    def _connect(self, made: Future[ssl.SSLSocket]) -> None:
        place = urlsplit(self.server)
        host = place.hostname or ""
        try:
            plain = socket.create_connection((host, place.port or 443), CONNECT_S)
            made.set_result(self.authorities.wrap_socket(plain, server_hostname=host))
        except Exception as error:
            made.set_exception(error)

    def serve(self, manager: "PoolManager") -> None:
        """Let its requests to the server use them, unless they go by a proxy."""
        if manager.proxy is None:
            pool: Any = manager.connection_from_url(self.server)
            pool.ConnectionCls = self._next

    def _next(self, **given: Any) -> "HTTPSConnection":
        """Raises what its handshake did, as the first request would have seen it."""
        from urllib3.connection import HTTPSConnection

        connection = HTTPSConnection(**given)
        try:
            made = self.begun.pop()
        except IndexError:
            return connection
        connection.sock, connection.is_verified = made.result(), True
        for option in given.get("socket_options") or ():
            connection.sock.setsockopt(*option)
        return connection


def begin(cluster: Mapping[str, Any], user: Mapping[str, Any], number: int) -> Handshakes | None:
    """For these entries of a kubeconfig; None where they, or the environment, say how to go."""
    server = str(cluster.get("server", ""))
    special = any(map(cluster.get, _OF_A_CLUSTER)) or any(map(user.get, _OF_A_USER))
    proxied = any(key.lower() in _PROXIES for key in os.environ)
    if special or proxied or not server.startswith("https://"):
        return None
    try:
        data = base64.b64decode(cluster.get("certificate-authority-data") or "").decode()
        found = authorities(cluster.get("certificate-authority"), data)
        return Handshakes(server.rstrip("/"), found, number)
    except (OSError, ValueError):  # the client finds words for it
        return None


def authorities(file: str | None = None, data: str = "") -> ssl.SSLContext:
    """PEM in a file or as such; else those of this machine. To read them takes a connection longer
    than its handshake, so that all share them."""
    context = ssl.create_default_context(cafile=None if data else file, cadata=data or None)
    context.set_alpn_protocols(["http/1.1"])
    return context
