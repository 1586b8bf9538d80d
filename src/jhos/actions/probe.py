"""Does the whole of it work? Start a server as a user of its own, run a cell, take all away."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from jhos.actions.reach import reach
from jhos.actions.servers import owner, stop
from jhos.actions.storage import volumes_of
from jhos.cluster.client import Cluster
from jhos.errors import JhosError, OutOfTime
from jhos.events import Event, Report, State, silent
from jhos.hubapi import HubApi, Server
from jhos.notebook import run_cell
from jhos.objects import ObjectRef

USER = "jhos-probe"  # the hub lets the token into this user's servers only
_STOP_S = 60
_CELL = "print(6 * 7)"


@dataclass(frozen=True)
class Step:
    name: str
    seconds: float


def probe(cluster: Cluster, name: str, *, timeout_s: float, report: Report) -> tuple[Step, ...]:
    """The steps with their times. Raises JhosError with the first that fails; leaves nothing."""
    deadline = time.monotonic() + timeout_s
    api = reach(cluster, name)
    steps: list[Step] = []
    _clean(cluster, name, api)  # of a probe that was cut off
    try:
        with _timed(steps, "The hub answers", report):
            api.info()
        with _timed(steps, "A server starts", report) as tell:
            path = _start(api, deadline, tell)
        with _timed(steps, "A cell runs", report):
            _calculate(api, path, deadline)
        with _timed(steps, "The server stops", report):
            _stop(api)
    finally:
        _clean(cluster, name, api)
    return tuple(steps)


@contextmanager
def _timed(steps: list[Step], name: str, report: Report) -> Iterator[Callable[[str], None]]:
    """Yields what tells of the progress."""
    began = time.monotonic()
    report(Event(name, State.RUNNING))
    try:
        yield lambda words: report(Event(name, State.RUNNING, words))
    except JhosError as error:
        report(Event(name, State.FAILED, error.message))
        raise
    seconds = time.monotonic() - began
    steps.append(Step(name, seconds))
    report(Event(name, State.DONE, f"{seconds:.1f} s"))


def _start(api: HubApi, deadline: float, tell: Callable[[str], None]) -> str:
    """The path of the server once it is ready."""
    api.add([USER])
    api.start(USER)
    last = ""
    for event in api.progress(USER):
        last = event.get("message", last)
        tell(last)
        if event.get("ready"):
            return str(event["url"])
        if event.get("failed"):
            break
        if time.monotonic() > deadline:
            raise OutOfTime(f"The server did not start in time: {last}")
    raise JhosError(f"The server does not start: {last}", "jhos logs NAME hub tells more.")


def _calculate(api: HubApi, path: str, deadline: float) -> None:
    printed = run_cell(api, path, _CELL, deadline)
    if printed.strip() != "42":
        raise JhosError(f"A cell with {_CELL} printed {printed!r}.")


def _stop(api: HubApi) -> None:
    user = api.user(USER)
    servers: tuple[Server, ...] = user.servers if user else ()
    stop(api, servers, time.monotonic() + _STOP_S, silent)


def _clean(cluster: Cluster, name: str, api: HubApi) -> None:
    """The user with its server, and its volume."""
    with suppress(OutOfTime):
        _stop(api)
    api.remove(USER)
    for claim in volumes_of(cluster, name):
        if owner(claim)[0] == USER:
            ref = ObjectRef("PersistentVolumeClaim", claim["metadata"]["name"])
            cluster.delete(ref, uid=claim["metadata"]["uid"])
