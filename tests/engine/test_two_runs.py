"""Two runs at once on one deployment: the second goes on from what the first has made of it."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event as Flag
from threading import Lock

from jhos.actions.pipeline import Deployed, Manner, carry_out
from jhos.cluster.client import Cluster
from jhos.events import Event
from jhos.objects import ObjectRef
from jhos.plan import Action
from tests.engine.conftest import given

NAME = "both"
PATIENCE_S = 30


def test_who_read_while_another_run_wrote_looks_again(reach: Callable[[], Cluster]) -> None:
    pool, waits, begun = ThreadPoolExecutor(1), Flag(), Lock()
    second: list[Future[Deployed]] = []

    def of_second(event: Event) -> None:
        if "is at work on it" in event.message:
            waits.set()

    def of_first(event: Event) -> None:
        """Halfway the second run reads all that it plans by, and then waits for its turn."""
        with begun:
            if event.message == f"applied ConfigMap {NAME}-cfg" and not second:
                manner = Manner(timeout_s=60, report=of_second, wait=False)
                second.append(pool.submit(carry_out, reach(), NAME, given(NAME), manner))
                assert waits.wait(PATIENCE_S)

    manner = Manner(timeout_s=60, report=of_first, wait=False)
    carry_out(reach(), NAME, given(NAME), manner)
    secrets = ObjectRef("Secret", f"{NAME}-secrets")
    generated = (reach().get(secrets) or {})["data"]
    done = second[0].result(PATIENCE_S)
    assert {change.action for change in done.plan.changes} == {Action.UNCHANGED}
    assert (reach().get(secrets) or {})["data"] == generated
