"""An API server that fails in every way that passes by itself, in the middle of a run, and one
that does not reach the server of one of its APIs."""

import json
import time
from collections.abc import Callable, Iterator

import pytest

from jhos.actions.pipeline import Manner, carry_out, propose
from jhos.actions.teardown import Wish, teardown
from jhos.events import Event, State
from jhos.plan import Action
from jhos.sandbox import faultclient
from jhos.sandbox.layout import Layout
from tests.engine.conftest import IMAGES, Jhos, Reach, given

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


@pytest.fixture
def away(server: Layout) -> Iterator[Callable[[str], None]]:
    """`away("route.openshift.io")`: the server behind that API is not reached."""

    def begin(group: str) -> None:
        faultclient.add(server, effect="unavailable", path=f"/apis/{group}/*")

    yield begin
    faultclient.clear(server)


def test_what_needs_no_address_is_shown_without_the_api_of_routes(
    jhos: Jhos, away: Callable[[str], None]
) -> None:
    jhos("deploy", "--name", "lost", *IMAGES, "--no-wait")
    away("route.openshift.io")
    listed = jhos("list", "-o", "json")
    (found,) = [each for each in json.loads(listed.stdout) if each["name"] == "lost"]
    assert found["url"] is None
    assert found["created"]
    assert "API route.openshift.io/v1 is not available" in listed.stderr
    status = json.loads(jhos("status", "lost", "-o", "json", code=1).stdout)
    assert {each["name"] for each in status["parts"]} == {"hub", "proxy", "database"}
    assert "API route.openshift.io/v1 is not available" in status["hub"]["problem"]
    assert "address unknown" in jhos("status", "lost", code=1).stdout
    assert jhos("storage", "list", "lost").exit_code == 0


@pytest.mark.parametrize(
    ("group", "command"),
    [
        ("route.openshift.io", ("teardown", "still", "--yes")),
        ("image.openshift.io", ("deploy", "--name", "still", "--hub-image", "own:1", "--no-wait")),
    ],
)
def test_an_api_that_is_away_is_named_until_the_deadline(
    jhos: Jhos, away: Callable[[str], None], group: str, command: tuple[str, ...]
) -> None:
    jhos("deploy", "--name", "still", *IMAGES, "--no-wait")
    away(group)
    began = time.monotonic()
    failed = jhos(*command, "--timeout", "4", code=5)
    assert time.monotonic() - began >= 4
    assert f"Error: The API {group}/v1 is not available" in failed.stderr
    waits = [line for line in failed.stderr.splitlines() if "trying again" in line]
    assert 1 <= len(waits) <= 2  # before and after the plan is begun
    assert all(f"does not reach the server of the API {group}/v1" in line for line in waits)
    assert "answers again" not in failed.stderr
