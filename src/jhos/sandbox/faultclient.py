"""Asks a running sandbox for faults: what `jhos sandbox fault` and tests call."""

import http.client
import json
import socket
from typing import Any

from jhos.sandbox import daemon
from jhos.sandbox.errors import SandboxError
from jhos.sandbox.layout import Layout

Object = dict[str, Any]
PATH = "/sandbox/faults"
TIMEOUT_S = 10


def add(where: Layout, **fault: Any) -> Object:
    """Set a fault, for example `effect="status", code=503, methods=["PATCH"], count=2`.

    What else there is to say of one: `path`, `user` (globs), `probability`, `seconds`,
    `retryAfter`. Returns it with its `id`. Raises SandboxError.
    """
    found: Object = _ask(where, "POST", PATH, fault)[0]
    return found


def listed(where: Layout) -> list[Object]:
    """All that are set, those that struck for the last time too."""
    return _ask(where, "GET", PATH)


def clear(where: Layout, *ids: int) -> list[Object]:
    """Take out these, or all; returns what went. Raises SandboxError for an unknown one."""
    known = {fault["id"] for fault in listed(where)}
    if missing := [number for number in ids if number not in known]:
        raise SandboxError(f"there is no fault {missing[0]}", "list them: jhos sandbox fault list")
    paths = [f"{PATH}/{number}" for number in ids] or [PATH]
    return [fault for path in paths for fault in _ask(where, "DELETE", path)]


def _ask(where: Layout, method: str, path: str, body: Object | None = None) -> list[Object]:
    if daemon.status(where).state not in ("running", "degraded", "starting"):
        raise SandboxError("the sandbox does not run", "start it: jhos sandbox start")
    connection = _Connection(str(where.api_socket))
    try:
        connection.request(method, path, json.dumps(body) if body else None)
        answer = connection.getresponse()
        document = json.loads(answer.read())
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise SandboxError(f"the sandbox does not answer: {error}") from error
    finally:
        connection.close()
    if answer.status >= 400:
        raise SandboxError(document["message"])
    items: list[Object] = document["items"]
    return items


class _Connection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("sandbox", timeout=TIMEOUT_S)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(TIMEOUT_S)
        self.sock.connect(self.path)
