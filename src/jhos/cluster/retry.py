"""Whether a request that failed is sent again, and after how long: the API's contract, purely.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/ and the status codes of
https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md
"""

import random
from collections.abc import Mapping
from typing import Any, NamedTuple

import urllib3

from jhos.cluster.decoding import message_in, plain_text

_FIRST_S, _LONGEST_S = 0.25, 8.0
_LONGEST_ASKED_S = 30.0  # of Retry-After
_INTERNAL_TRIES = 3  # of an error 500 that nothing says will pass

# Of an internal error: words of one that passes by itself.
_PASSING = ("etcdserver", "timed out", "leader changed", "context deadline exceeded")
_TOO_LARGE = "request is too large"  # of etcd too, and it never passes
# What kube-apiserver says of an API whose own server it does not reach; by the first one it has
# passed nothing on.
_NOT_PASSED_ON = "service unavailable"
_AWAY = (_NOT_PASSED_ON, "error trying to reach service")
# Of a conflict: somebody else was faster, but nothing that we ask for depends on it.
_LOST_RACES = ("the object has been modified", "resourcequotas")

_NOT_SENT = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
    urllib3.exceptions.ProxyError,
)


class Failure(NamedTuple):
    """Of one request. `status` 0: no answer, or half of one; then `sent` tells if it set out.

    `wait_s`: what Retry-After asks for.
    """

    status: int
    message: str = ""
    sent: bool = True
    trusted: bool = True
    wait_s: float | None = None

    @property
    def is_away(self) -> bool:
        """Return whether one aggregated API is unavailable while the API server itself answers."""
        return self.status == 503 and self.message.startswith(_AWAY)


def of_connection(error: Exception) -> Failure:
    return Failure(
        status=0,
        sent=not isinstance(error, _NOT_SENT),
        trusted="CERTIFICATE_VERIFY_FAILED" not in str(error),
    )


def of_answer(status: int, body: Any, headers: Mapping[str, str] | None) -> Failure:
    message = message_in(body) or plain_text(body)
    return Failure(status=status, message=message, wait_s=_asked_s(headers or {}))


def is_worth_it(failure: Failure, attempt: int, *, repeatable: bool, versioned: bool) -> bool:
    """Whether to send the request again after `attempt` tries.

    `repeatable`: sent twice it does no more than sent once. `versioned`: it names the version of
    the object that it is about, so that another one is the caller's business.
    """
    match failure.status:
        case 0:
            return failure.trusted and (repeatable or not failure.sent)
        case 409:
            return not versioned and any(words in failure.message for words in _LOST_RACES)
        case 429:
            return True
        case 503 if failure.wait_s is not None or failure.message == _NOT_PASSED_ON:
            return True
        case 502 | 503 | 504:
            return repeatable
        case 500 if passes(failure.message):
            return repeatable
        case 500 if _TOO_LARGE in failure.message:
            return False
        case 500:
            return repeatable and attempt < _INTERNAL_TRIES
    return False


def passes(message: str) -> bool:
    """Return whether an internal error is likely to pass."""
    return _TOO_LARGE not in message and any(words in message for words in _PASSING)


def pause_s(failure: Failure, attempt: int) -> float:
    """Longer after each attempt, and never the same for two clients."""
    if failure.wait_s is not None:
        return min(failure.wait_s, _LONGEST_ASKED_S) + random.uniform(0, _FIRST_S)
    return float(min(_FIRST_S * 2 ** (attempt - 1), _LONGEST_S) * random.uniform(0.5, 1))


def _asked_s(headers: Mapping[str, str]) -> float | None:
    """An API server says it in seconds; a date is somebody else's."""
    asked = headers.get("Retry-After", "")
    return float(asked) if asked.isdecimal() else None
