"""An API server that fails in every way that passes by itself, in the middle of a run."""

import time
from collections.abc import Callable, Iterator

import pytest

from jhos.actions.pipeline import Manner, carry_out, propose
from jhos.actions.teardown import Wish, teardown
from jhos.events import Event, State
from jhos.plan import Action
from jhos.sandbox import faultclient
from jhos.sandbox.layout import Layout
from tests.engine.conftest import Reach, given

PASSING = (
    {"effect": "lose", "methods": ["PATCH"], "count": 4},
    {"effect": "lose", "methods": ["POST", "PUT", "DELETE"], "count": 2},
    {"effect": "reset", "count": 4},
    {"effect": "status", "code": 503, "count": 4},
    {"effect": "status", "code": 429, "retryAfter": 1, "count": 1},
    {"effect": "reset", "count": 12},
    {"effect": "drop", "seconds": 0.2},
)


class FastClock:
    """A clock whose pauses are over ten times sooner."""

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float, /) -> None:
        time.sleep(seconds / 10)


@pytest.fixture
def fail(server: Layout) -> Iterator[Callable[[], None]]:
    """Every fault, one after the other: whatever is sent next meets one."""

    def begin() -> None:
        for fault in PASSING:
            faultclient.add(server, **fault)

    yield begin
    faultclient.clear(server)


def test_a_run_ends_well_though_the_cluster_fails_meanwhile(
    reach: Reach, fail: Callable[[], None]
) -> None:
    cluster = reach()
    cluster.wire.clock = FastClock()
    told: list[Event] = []
    begun = False

    def report(event: Event) -> None:
        nonlocal begun
        told.append(event)
        if event.message.startswith(("applied", "deleted")) and not begun:
            begun = True
            fail()

    carry_out(cluster, "stormy", given("stormy"), Manner(timeout_s=60, report=report, wait=False))
    assert State.DONE in {event.state for event in told if "answers again" in event.message}
    assert not propose(cluster, "stormy", given("stormy")).plan.differs
    begun = False
    done = teardown(
        cluster, "stormy", Wish(delete_storage=True),
        approve=lambda _: True, timeout_s=60, report=report,
    )  # fmt: skip
    assert done
    left = teardown(cluster, "stormy", Wish(), approve=lambda _: False, timeout_s=60, report=report)
    assert left
    assert not left.plan.of(Action.DELETE, Action.KEEP)
