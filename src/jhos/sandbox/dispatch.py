"""From a call to its answer: the view where a resource has one, else the generic verb."""

import inspect
from collections.abc import AsyncIterator

from jhos.sandbox import watching
from jhos.sandbox.answers import Answer, Handler
from jhos.sandbox.call import Call
from jhos.sandbox.failure import Failure
from jhos.sandbox.verbs import GENERIC, GENERIC_LISTS
from jhos.sandbox.views import VIEWS, WATCHES


async def perform(call: Call) -> Answer:
    """Raises Failure."""
    answer = _handler(call)(call)
    return await answer if inspect.isawaitable(answer) else answer


def watch(call: Call, render: watching.Render) -> AsyncIterator[bytes]:
    """The lines of a watch; raises Failure."""
    return WATCHES.get(call.kind.key, watching.lines)(call, render)


def _handler(call: Call) -> Handler:
    sub = call.path.subresource
    view = VIEWS.get((call.kind.key, sub), {}).get(call.verb)
    if view is not None:
        return view
    served = call.kind.subresources.get(sub)
    if sub and served is None:
        raise Failure(404, "the server could not find the requested resource", details={})
    known = served.verbs if served else call.kind.verbs
    generic = GENERIC if call.path.name else GENERIC_LISTS
    if call.verb not in known or call.verb not in generic or sub not in ("", "status"):
        message = "the server does not allow this method on the requested resource"
        raise Failure(405, message, details={})
    return generic[call.verb]
