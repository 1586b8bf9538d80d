"""What a verb answers, and the Status objects of success."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from jhos.sandbox import failure
from jhos.sandbox.call import Call

Object = dict[str, Any]
Connection = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Answer:
    """`objects` makes it a list with the metadata `body`; `stream` is sent as it comes.

    `connection` takes the whole request over.
    """

    body: Object
    status: int = 200
    objects: list[Object] | None = None
    stream: AsyncIterator[bytes] | None = None
    connection: Connection | None = None


Handler = Callable[[Call], Answer | Awaitable[Answer]]
NO_CONTENT = Answer({}, 204)


def success(details: Object | None = None) -> Object:
    status: Object = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
    return {**status, "details": details} if details else status


def deleted(call: Call, obj: Object) -> Object:
    """The Status that names what went."""
    details = failure.named(call.kind.group, call.kind.plural, call.name)
    details["uid"] = obj["metadata"]["uid"]
    return success(details)
