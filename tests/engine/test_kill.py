"""A run that dies at any of its writes leaves nothing that the next one cannot finish."""

import os
from collections.abc import Callable
from functools import partial
from multiprocessing import get_context
from threading import Lock
from typing import Any

import pytest

from jhos.actions.edits import Given
from jhos.actions.pipeline import Manner, carry_out
from jhos.actions.teardown import Wish, teardown
from jhos.cluster.client import Cluster
from jhos.cluster.wire import Nature, Wire
from jhos.events import silent
from jhos.inventory import recorded
from jhos.objects import RENDERED, ObjectRef, annotations_of
from tests.engine.conftest import IMAGE, given

KILLED = 137
LEAST = 10  # writes of a run that are worth the name
Reach = Callable[[], Cluster]


class Mortal(Wire):
    """Takes the process with it, as kill -9 does, at write `last`: sent already or not yet."""

    def __init__(self, wire: Wire, last: int, *, sent: bool) -> None:
        super().__init__(wire.renewed(), wire.renewed)
        self.left, self.sent, self.counting = last, sent, Lock()

    def request(self, method: str, path: str, nature: Nature, **given: Any) -> Any:
        with self.counting:
            self.left -= method != "get" and "selfsubject" not in path
            dies = self.left == 0 and method != "get"
            if dies and not self.sent:
                os._exit(KILLED)
        answer = super().request(method, path, nature, **given)
        if dies:
            os._exit(KILLED)
        return answer


def deploy(cluster: Cluster, settings: Given) -> None:
    name = settings.settings["name"]
    carry_out(cluster, name, settings, Manner(timeout_s=60, report=silent, wait=False))


def tear_down(cluster: Cluster, name: str) -> None:
    wish = Wish(delete_storage=True)
    teardown(cluster, name, wish, approve=lambda _: True, timeout_s=60, report=silent)


def dies(reach: Reach, act: Callable[[Cluster], None], write: int, *, sent: bool) -> bool:
    """False where the run has fewer writes."""

    def run() -> None:
        cluster = reach()
        cluster.wire = Mortal(cluster.wire, write, sent=sent)
        cluster.wire.keep_trying(60)
        act(cluster)

    process = get_context("fork").Process(target=run)
    process.start()
    process.join()
    assert process.exitcode in (0, KILLED)
    return process.exitcode == KILLED


def objects(cluster: Cluster, name: str) -> set[str]:
    """What is there and stays; the name left out. The inventory names it, or more."""
    kinds = ("ConfigMap", "Deployment", "Lease", "NetworkPolicy", "PersistentVolumeClaim", "Role",
             "RoleBinding", "Route", "Secret", "Service", "ServiceAccount")  # fmt: skip
    there = [obj for kind in kinds for obj in cluster.metadata(kind, f"app={name}")]
    found = [obj for obj in there if "deletionTimestamp" not in obj["metadata"]]
    inventory = cluster.get(ObjectRef("ConfigMap", f"{name}-inventory")) or {}
    rendered = {ObjectRef.of(obj) for obj in found if RENDERED in annotations_of(obj)}
    assert rendered <= recorded(inventory)
    return {str(ObjectRef.of(obj)).replace(name, "NAME") for obj in found}


def secrets(cluster: Cluster, name: str) -> dict[str, str] | None:
    found = cluster.get(ObjectRef("Secret", f"{name}-secrets"))
    return found and found["data"]


def changed(name: str) -> Given:
    """Takes objects away, brings some and changes others."""
    more = {"hub": {"image": IMAGE, "memory": "640Mi"}, "database": {"type": "sqlite"}}
    return given(name, **more)


# To die before a write is sent is, to the server, to die before the answer to the one before it.
@pytest.mark.parametrize(
    ("runs", "sent"),
    [((given,), False), ((given,), True), ((given, changed), True)],
    ids=["first, before it is sent", "first, before its answer", "change, before its answer"],
)
def test_a_run_killed_at_any_write_is_finished_by_the_next(
    reach: Reach, runs: tuple[Callable[[str], Given], ...], sent: bool
) -> None:
    *before, last = runs
    cluster, word = reach(), f"{last.__name__}{'-sent' * sent}"
    for run in runs:
        deploy(cluster, run(f"{word}-whole"))
    whole, write, name = objects(cluster, f"{word}-whole"), 1, f"{word}1"
    for run in before:
        deploy(cluster, run(name))
    while dies(reach, partial(deploy, settings=last(name)), write, sent=sent):
        made = secrets(cluster, name)
        deploy(cluster, last(name))
        assert objects(cluster, name) == whole, f"killed at write {write}"
        assert made in (None, secrets(cluster, name))
        write, name = write + 1, f"{word}{write + 1}"
        for run in before:
            deploy(cluster, run(name))
    assert write > LEAST


def test_a_teardown_killed_at_any_write_is_finished_by_the_next(reach: Reach) -> None:
    cluster, write, name = reach(), 1, "torn1"
    deploy(cluster, given(name))
    while dies(reach, partial(tear_down, name=name), write, sent=True):
        tear_down(cluster, name)
        assert not objects(cluster, name), f"killed at write {write}"
        write, name = write + 1, f"torn{write + 1}"
        deploy(cluster, given(name))
    assert write > LEAST
