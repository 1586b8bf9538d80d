"""A run that dies at any of its writes leaves nothing that the next one cannot finish."""

import os
from collections.abc import Callable
from multiprocessing import get_context
from threading import Lock
from typing import Any

import pytest

from jhos.actions.pipeline import Manner, carry_out
from jhos.cluster.client import Cluster
from jhos.cluster.wire import Nature, Wire
from jhos.events import silent
from jhos.objects import ObjectRef
from tests.engine.conftest import given

KILLED = 137
Reach = Callable[[], Cluster]


class Mortal(Wire):
    """Takes the process with it, as kill -9 does, at write `last`: sent already or not yet."""

    def __init__(self, wire: Wire, last: int, *, sent: bool) -> None:
        super().__init__(wire.connect)
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


def deploy(cluster: Cluster, name: str) -> None:
    carry_out(cluster, name, given(name), Manner(timeout_s=60, report=silent, wait=False))


def dies(reach: Reach, name: str, write: int, *, sent: bool) -> bool:
    """False where the run has fewer writes."""

    def run() -> None:
        cluster = reach()
        cluster.wire = Mortal(cluster.wire, write, sent=sent)
        cluster.wire.keep_trying(60)
        deploy(cluster, name)

    process = get_context("fork").Process(target=run)
    process.start()
    process.join()
    assert process.exitcode in (0, KILLED)
    return process.exitcode == KILLED


def objects(cluster: Cluster, name: str) -> set[str]:
    """What is there, with the inventory's own word; the name left out."""
    kinds = ("ConfigMap", "Deployment", "Lease", "NetworkPolicy", "PersistentVolumeClaim", "Role",
             "RoleBinding", "Route", "Secret", "Service", "ServiceAccount")  # fmt: skip
    found = [obj for kind in kinds for obj in cluster.metadata(kind, f"app={name}")]
    inventory = cluster.get(ObjectRef("ConfigMap", f"{name}-inventory")) or {}
    words = [f"{obj['kind']}/{obj['metadata']['name']}" for obj in found]
    return {each.replace(name, "NAME") for each in (*words, inventory["data"]["objects"])}


def secrets(cluster: Cluster, name: str) -> dict[str, str] | None:
    found = cluster.get(ObjectRef("Secret", f"{name}-secrets"))
    return found and found["data"]


@pytest.mark.parametrize("sent", [False, True], ids=["before it is sent", "before its answer"])
def test_a_run_killed_at_any_write_is_finished_by_the_next(reach: Reach, sent: bool) -> None:
    cluster, word = reach(), "sent" if sent else "unsent"
    deploy(cluster, f"whole-{word}")
    whole, write = objects(cluster, f"whole-{word}"), 1
    while dies(reach, name := f"{word}{write}", write, sent=sent):
        made = secrets(cluster, name)
        deploy(cluster, name)
        assert objects(cluster, name) == whole, f"killed at write {write}"
        assert made in (None, secrets(cluster, name))
        write += 1
    assert write > len(whole)
