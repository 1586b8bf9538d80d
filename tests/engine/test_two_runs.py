"""Two runs at once on one deployment: the second goes on from what the first has made of it."""

import json
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event as Flag
from threading import Lock

import pytest

from jhos.actions.pipeline import Deployed, Manner, carry_out
from jhos.errors import Conflict
from jhos.events import Event
from jhos.objects import ObjectRef
from jhos.plan import Action
from tests.engine.conftest import IMAGES, Jhos, Launch, Reach, given

NAME = "both"
PATIENCE_S = 30


def test_who_read_while_another_run_wrote_looks_again(reach: Reach) -> None:
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


def test_what_another_run_has_deleted_is_a_conflict_as_what_it_has_changed(reach: Reach) -> None:
    cluster = reach()
    old = cluster.create(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "raced"}, "data": {"a": "1"}}
    )
    cluster.merge(ObjectRef.of(old), {"data": {"a": "2"}})
    with pytest.raises(Conflict):
        cluster.replace(old)
    cluster.delete(ObjectRef.of(old))
    with pytest.raises(Conflict):
        cluster.replace(old)


def test_two_commands_at_once_end_in_one_deployment(
    launch: Launch, jhos: Jhos, reach: Reach
) -> None:
    words = ("deploy", "--name", "twice", *IMAGES, "--no-wait", "-o", "json")
    both = [launch(*words) for _ in range(2)]
    results = [process.communicate(timeout=300) for process in both]
    assert [process.returncode for process in both] == [0, 0], results
    created = [
        sum(change["action"] == "create" for change in json.loads(stdout)["changes"])
        for stdout, _ in results
    ]
    assert sorted(created) == [0, max(created)]
    cluster, lease = reach(), ObjectRef("Lease", "twice-jhos")
    assert not (cluster.get(lease) or {})["spec"].get("holderIdentity")
    jhos("teardown", "twice", "--yes", "--delete-storage")
    assert cluster.get(lease) is None
