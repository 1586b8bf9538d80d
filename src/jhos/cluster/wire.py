"""The connection to one API server: a request is sent, and sent again where that may help."""

import logging
import math
import time
from collections.abc import Callable
from copy import copy
from threading import Lock
from typing import Any, NamedTuple, Protocol

import urllib3
from kubernetes.client.exceptions import ApiException
from openshift.dynamic import DynamicClient

from jhos.cluster import retry
from jhos.cluster.errors import api_unavailable, cause_of
from jhos.cluster.handshakes import CONNECT_S
from jhos.events import Event, Report, State, silent
from jhos.objects import shown

OUTAGE_S = 600.0  # that one is ridden out by what goes on until it is ended
_FIRST_CONTACT_S = 5.0  # so long is a server tried that has never answered: it may be the wrong one
_SPARED_S = 3.0  # so long is an API that is away waited for where a command can do without
_SUBJECT = "Cluster"
_SERVER = ""  # in place of an API, where the connection to the server itself fails
log = logging.getLogger(__name__)


def _whole(answer: Any) -> Any:
    answer.read(cache_content=True)
    return answer


class Nature(NamedTuple):
    """What may be done with a request: see `retry.is_worth_it`.

    `take`: what becomes of its answer; while that comes in it is part of the request.
    """

    repeatable: bool = True
    versioned: bool = False
    take: Callable[[Any], Any] = _whole


class Clock(Protocol):
    """What the module `time` has of one."""

    def monotonic(self) -> float: ...

    def sleep(self, seconds: float, /) -> None: ...


class Outage:
    """The current failures, by API, which all threads of a command report in one line."""

    def __init__(self) -> None:
        self.failing: dict[str, str] = {}
        self.lock = Lock()

    def begin(self, api: str, words: str) -> str:
        """Return the words for all that fails."""
        with self.lock:
            self.failing[api] = words
            return "; ".join(sorted(set(self.failing.values())))

    def end(self, *apis: str) -> bool:
        """Return whether these were the last that failed."""
        with self.lock:
            found = [self.failing.pop(api, "") for api in apis]
            return any(found) and not self.failing


class Wire:
    """`renewed` makes a client anew, with the login that the kubeconfig has by then.

    `patience_s`: how long a request may go without an answer. `deadline`: of the monotonic clock;
    until then an outage is ridden out. `report` is told of one. `clock`: by which it waits.
    `api_deadline`: until when, at most, an API is waited for whose own server is away.
    """

    def __init__(self, client: DynamicClient, renewed: Callable[[], DynamicClient]) -> None:
        self.client, self.renewed, self.renewing = client, renewed, Lock()
        self.patience_s = 30.0
        self.report: Report = silent
        self.clock: Clock = time
        self.began: float = self.clock.monotonic()
        self.deadline: float = self.began
        self.api_deadline = math.inf
        self.wall_offset = time.time() - self.began  # from the monotonic clock to the time of day
        self.answered, self.outage = False, Outage()

    @property
    def server(self) -> str:
        host: str = self.client.configuration.host
        return host

    def keep_trying(self, timeout_s: float, report: Report | None = None) -> None:
        """Ride out what passes within `timeout_s` from now."""
        now = self.clock.monotonic()
        self.deadline, self.wall_offset = now + timeout_s, time.time() - now
        self.report = report or self.report

    def sparing(self) -> "Wire":
        """Return a wire for what a command can do without: it waits shortly for an API."""
        wire = copy(self)
        wire.api_deadline = self.clock.monotonic() + _SPARED_S
        wire.report, wire.outage = silent, Outage()
        return wire

    def give_up(self) -> None:
        """Try nothing again, in any thread."""
        self.deadline = self.clock.monotonic()

    def request(self, method: str, path: str, nature: Nature, **arguments: Any) -> Any:
        """What is taken of an answer of a status below 300. Raises what the libraries raise, and
        ApiUnavailable."""
        api, attempt, renewed = _api_of(path), 0, False
        while True:
            attempt, client = attempt + 1, self.client
            try:
                answer = self._once(client, method, path, nature, arguments)
            except ApiException as error:
                self.answered = True
                if error.status == 401 and not renewed:
                    renewed = True
                    self._renew(client)
                    continue
                failure = retry.of_answer(error.status, error.body, error.headers)
                words = f"{self.server} answers {error.status}"
                if failure.is_away:
                    words = f"{self.server} does not reach the server of the API {api}"
                if not self._wait(failure, attempt, nature, api, words):
                    if failure.is_away:
                        raise api_unavailable(self.server, api) from error
                    raise
            except (urllib3.exceptions.HTTPError, OSError) as error:
                failure = retry.of_connection(error)
                words = f"{self.server} does not answer ({cause_of(error)})"
                if not self._wait(failure, attempt, nature, _SERVER, words):
                    raise
            else:
                self._well(api)
                return answer

    def _once(
        self, client: DynamicClient, method: str, path: str, nature: Nature, given: dict[str, Any]
    ) -> Any:
        # The client writes into what it gets.
        arguments = {**given, "header_params": dict(given.get("header_params", {}))}
        arguments.setdefault("_request_timeout", (CONNECT_S, self.patience_s))
        began, status = time.perf_counter(), "no answer"
        try:
            answer = client.request(method, path, serialize=False, **arguments)
            taken = nature.take(answer)
            status = answer.status
        except ApiException as error:
            if not error.status:  # what the client makes of an error of TLS
                raise urllib3.exceptions.SSLError(error.reason) from error
            status = error.status
            raise
        finally:
            time_ms = (time.perf_counter() - began) * 1000
            sent = log.isEnabledFor(logging.DEBUG)
            more = shown(given.get("query_params", []), given.get("body")) if sent else ""
            log.info("%s %s %s %.0f ms%s", method.upper(), path, status, time_ms, more)
        return taken

    def _wait(
        self, failure: retry.Failure, attempt: int, nature: Nature, api: str, words: str
    ) -> bool:
        """False where it is no use, or no time is left for it."""
        if not retry.is_worth_it(
            failure, attempt, repeatable=nature.repeatable, versioned=nature.versioned
        ):
            if 0 < failure.status < 500:
                self._well(api)
            self.outage.end(api)
            return False
        deadline = self._deadline(failure)
        left_s = deadline - self.clock.monotonic()
        if left_s <= 0:
            self.outage.end(api)
            return False
        if failure.status != 409:
            said = self.outage.begin(api, words)
            until = time.strftime("%H:%M:%S", time.localtime(self.wall_offset + deadline))
            message = f"{said}: trying again until {until} at most"
            self.report(Event(_SUBJECT, State.RUNNING, message))
        self.clock.sleep(min(retry.pause_s(failure, attempt), left_s))
        return True

    def _deadline(self, failure: retry.Failure) -> float:
        if failure.is_away:
            return min(self.deadline, self.api_deadline)
        if failure.status or self.answered:
            return self.deadline
        return min(self.deadline, self.began + _FIRST_CONTACT_S)

    def _well(self, api: str) -> None:
        self.answered = True
        if self.outage.end(api, _SERVER):
            self.report(Event(_SUBJECT, State.DONE, f"{self.server} answers again"))

    def _renew(self, refused: DynamicClient) -> None:
        """Another client, unless somebody was faster."""
        with self.renewing:
            if self.client is refused:
                self.client = self.renewed()


def _api_of(path: str) -> str:
    """Return it as an object's `apiVersion`: `route.openshift.io/v1`, `v1`."""
    _, prefix, *rest = path.split("/")
    return "/".join(rest[: 2 if prefix == "apis" else 1])
