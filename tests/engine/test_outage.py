"""An API server that fails in every way that passes by itself, in the middle of a run."""

from collections.abc import Callable, Iterator
from threading import Timer

import pytest

from jhos.actions.pipeline import Manner, carry_out, propose
from jhos.actions.teardown import Wish, teardown
from jhos.cluster.client import Cluster
from jhos.events import Event, State
from jhos.plan import Action
from jhos.sandbox import faultclient
from jhos.sandbox.layout import Layout
from tests.engine.conftest import given

OUTAGE_S = 4
PASSING = (
    {"effect": "lose", "methods": ["PATCH"], "count": 4},
    {"effect": "lose", "methods": ["POST", "PUT", "DELETE"], "count": 2},
    {"effect": "reset", "count": 4},
    {"effect": "status", "code": 503, "count": 4},
    {"effect": "status", "code": 429, "retryAfter": 1, "count": 2},
    {"effect": "drop", "seconds": 1},
)


@pytest.fixture
def fail(server: Layout) -> Iterator[Callable[[], None]]:
    """Every fault at once, and no answer at all for a while."""

    def begin() -> None:
        for fault in PASSING:
            faultclient.add(server, **fault)
        outage = faultclient.add(server, effect="reset")
        Timer(OUTAGE_S, lambda: faultclient.clear(server, outage["id"])).start()

    yield begin
    faultclient.clear(server)


def test_a_run_ends_well_though_the_cluster_fails_meanwhile(
    reach: Callable[[], Cluster], fail: Callable[[], None]
) -> None:
    cluster = reach()
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
