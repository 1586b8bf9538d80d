"""Connections that are made while the client is imported, which takes longer than their handshakes.

On a cluster that is far away each of them would cost two ways there and back.
"""

import base64
import ssl
from collections.abc import Mapping
from concurrent.futures import Future
from threading import Thread
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from urllib3 import PoolManager
from urllib3.connection import HTTPSConnection
from urllib3.util import create_urllib3_context

CONNECT_S = 5
# What the client alone knows how to do: it connects for itself then.
_OF_A_CLUSTER = ("proxy-url", "insecure-skip-tls-verify", "tls-server-name")
_OF_A_USER = ("client-certificate", "client-certificate-data", "exec", "auth-provider")


class Handshakes:
    """`number` connections to `server`, each used by the first request that needs one."""

    def __init__(self, server: str, authorities: ssl.SSLContext, number: int) -> None:
        self.server, self.authorities = server, authorities
        self.begun = [self._begin() for _ in range(number)]

    def _begin(self) -> Future[HTTPSConnection]:
        place = urlsplit(self.server)
        connection = HTTPSConnection(
            place.hostname or "",
            place.port or 443,
            timeout=CONNECT_S,
            ssl_context=self.authorities,
        )
        made: Future[HTTPSConnection] = Future()
        # A daemon, so that no command waits for it to end.
        Thread(target=_connect, args=(connection, made), daemon=True).start()
        return made

    def serve(self, manager: PoolManager) -> None:
        """Let its requests to the server use them."""
        pool: Any = manager.connection_from_url(self.server)
        pool.ConnectionCls = self._next

    def _next(self, **given: Any) -> HTTPSConnection:
        """Raises what its handshake did, as the first request would have seen it."""
        try:
            connection = self.begun.pop().result()
        except IndexError:
            return HTTPSConnection(**given)
        for option in given.get("socket_options") or ():
            connection.sock.setsockopt(*option)
        return connection


def begin(cluster: Mapping[str, Any], user: Mapping[str, Any], number: int) -> Handshakes | None:
    """For these entries of a kubeconfig; None where they, or the environment, say how to go."""
    server = str(cluster.get("server", ""))
    special = any(map(cluster.get, _OF_A_CLUSTER)) or any(map(user.get, _OF_A_USER))
    if special or getproxies() or not server.startswith("https://"):
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
    context = create_urllib3_context()
    if file or data:
        context.load_verify_locations(cafile=None if data else file, cadata=data or None)
    else:
        context.load_default_certs()
    return context


def _connect(connection: HTTPSConnection, made: Future[HTTPSConnection]) -> None:
    try:
        connection.connect()
    except Exception as error:
        made.set_exception(error)
    else:
        made.set_result(connection)
