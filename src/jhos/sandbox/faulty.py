"""Faults at the wire: the middleware that lets them strike, and the API that sets them.

Only what comes over TLS is struck. The controllers, the router and the node ask over the plain
socket and are spared, or the sandbox itself would break.
"""

import asyncio
import json
import socket
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from jhos.sandbox.call import User
from jhos.sandbox.failure import Failure, bad_request
from jhos.sandbox.faults import Effect, Fault, Faults, parse

PATH = "/sandbox/faults"
ADMINS = "system:masters"
HARD_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER without a wait: the peer sees a reset
MESSAGES = {
    401: "Unauthorized",
    409: "Operation cannot be fulfilled: the object has been modified; please apply your changes "
    "to the latest version and try again",
    410: "too old resource version",
    429: "Too many requests, please try again later.",
    500: "Internal error occurred: a fault was asked for",
    503: "the server is currently unable to handle the request",
}
# Plain text, no Status and no Retry-After: written by kube-aggregator's proxy itself.
UNAVAILABLE = "service unavailable\n"

Next = Callable[[web.Request], Awaitable[web.StreamResponse]]
WhoAsks = Callable[[web.Request], User]


@dataclass(frozen=True)
class Faulty:
    """Both, for one server; `who_asks` raises Failure for a token that is not good."""

    faults: Faults
    who_asks: WhoAsks

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get(PATH, self._list),
            web.post(PATH, self._add),
            web.delete(PATH, self._clear),
            web.delete(PATH + r"/{id:\d+}", self._clear),
        ]

    @property
    def middleware(self) -> Any:
        """Tried first for every request."""

        @web.middleware
        async def strike(request: web.Request, handler: Next) -> web.StreamResponse:
            fault = self._fault(request)
            return await (handler(request) if fault is None else _suffer(fault, request, handler))

        return strike

    def _fault(self, request: web.Request) -> Fault | None:
        plain = request.transport is None or not request.transport.get_extra_info("sslcontext")
        if plain or not self.faults.held or request.path.startswith(PATH):
            return None
        try:
            user = self.who_asks(request).name
        except Failure:
            return None
        return self.faults.strike(request.method, request.path, user, watch=_is_watch(request))

    async def _list(self, request: web.Request) -> web.Response:
        return self._managed(request, lambda: list(self.faults.held.values()))

    async def _add(self, request: web.Request) -> web.Response:
        body = await request.read()
        return self._managed(request, lambda: [self.faults.add(_read(body))])

    async def _clear(self, request: web.Request) -> web.Response:
        chosen = [int(number)] if (number := request.match_info.get("id")) else []
        return self._managed(request, lambda: self.faults.clear(chosen))

    def _managed(self, request: web.Request, act: Callable[[], list[Fault]]) -> web.Response:
        """The faults that `act` gives, for the cluster's admins only."""
        try:
            if ADMINS not in self.who_asks(request).groups:
                raise Failure(403, "only the cluster's admin sets faults")
            return web.json_response({"items": [fault.document() for fault in act()]})
        except KeyError as error:
            return _refusal(Failure(404, f"there is no fault {error.args[0]}"))
        except Failure as error:
            return _refusal(error)


def _read(body: bytes) -> Fault:
    try:
        return parse(json.loads(body))
    except (ValueError, TypeError, AttributeError) as error:
        raise bad_request(str(error)) from error


async def _suffer(fault: Fault, request: web.Request, answer: Next) -> web.StreamResponse:
    match fault.effect:
        case Effect.DELAY:
            await asyncio.sleep(fault.seconds)
            return await answer(request)
        case Effect.STATUS:
            return _instead(fault, request)
        case Effect.UNAVAILABLE:
            return web.Response(status=503, text=UNAVAILABLE)
        case Effect.RESET:
            raise _cut(request)
        case Effect.LOSE:
            await answer(request)
            raise _cut(request)
        case Effect.DROP:
            with suppress(TimeoutError):
                return await asyncio.wait_for(answer(request), fault.seconds)
            raise _cut(request)


def _instead(fault: Fault, request: web.Request) -> web.Response:
    """A watch learns by an event that its version is gone, as from the real server."""
    failure = Failure(fault.code, MESSAGES.get(fault.code, "a fault was asked for"))
    if fault.code == 410 and _is_watch(request):
        event = {"type": "ERROR", "object": failure.status()}
        return web.Response(text=json.dumps(event) + "\n", content_type="application/json")
    refusal = _refusal(failure)
    if fault.retry_after is not None:
        refusal.headers["Retry-After"] = str(fault.retry_after)
    return refusal


def _cut(request: web.Request) -> ConnectionResetError:
    """Ends the connection with a reset; the error to leave the handler with."""
    if transport := request.transport:
        if raw := transport.get_extra_info("socket"):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, HARD_CLOSE)
        transport.abort()
    return ConnectionResetError("a fault was asked for")


def _refusal(failure: Failure) -> web.Response:
    return web.json_response(failure.status(), status=failure.code)


def _is_watch(request: web.Request) -> bool:
    return request.query.get("watch", "false") not in ("", "0", "false")
