"""What is asked at once, since on a cluster far away each way there and back takes time."""

from collections.abc import Callable
from threading import Barrier, Semaphore
from typing import Any

import pytest

from jhos.actions.configure import Wish, changeable, configure, read
from jhos.actions.pipeline import Manner, carry_out
from jhos.actions.rollout import standing
from jhos.actions.teardown import Wish as Going
from jhos.actions.teardown import teardown
from jhos.cluster.client import Cluster
from jhos.cluster.wire import Nature, Wire
from jhos.events import silent
from tests.engine.conftest import Reach, given

PATIENCE_S = 20
Act = Callable[[Cluster], object]


class Gathering(Wire):
    """Sends nothing before the first `count` requests are all there."""

    def __init__(self, wire: Wire, count: int) -> None:
        super().__init__(wire.client, wire.renewed)
        self.held, self.gate = Semaphore(count), Barrier(count)

    def request(self, method: str, path: str, nature: Nature, **given: Any) -> Any:
        if self.held.acquire(blocking=False):
            self.gate.wait(PATIENCE_S)
        return super().request(method, path, nature, **given)


def change_nothing(cluster: Cluster) -> None:
    configure(cluster, "near", Wish(), check=False, precaution=None, wait=False, timeout_s=60,
              report=silent)  # fmt: skip


def look_only(cluster: Cluster) -> None:
    teardown(cluster, "near", Going(), approve=lambda _: False, timeout_s=60, report=silent)


@pytest.mark.parametrize(
    ("act", "count"),
    [
        (lambda cluster: read(cluster, "near"), 4),
        (lambda cluster: changeable(cluster, "near"), 5),
        (lambda cluster: standing(cluster, "near"), 3),
        (change_nothing, 14),
        (look_only, 7),
    ],
    ids=["read", "changeable", "standing", "configure", "teardown"],
)
def test_what_is_known_to_be_needed_is_asked_at_once(reach: Reach, act: Act, count: int) -> None:
    carry_out(reach(), "near", given("near"), Manner(timeout_s=60, report=silent, wait=False))
    cluster = reach()
    cluster.wire = Gathering(cluster.wire, count)
    cluster.wire.keep_trying(60)
    act(cluster)
