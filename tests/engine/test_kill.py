"""A run that dies at any of its writes leaves nothing that the next one cannot finish."""

import os
from functools import partial
from itertools import count
from multiprocessing import get_context
from signal import SIGKILL
from threading import Lock
from typing import Any

from jhos.actions.edits import Given
from jhos.actions.pipeline import Manner, carry_out
from jhos.actions.teardown import Wish, teardown
from jhos.cluster.client import Cluster
from jhos.cluster.wire import Nature, Wire
from jhos.events import silent
from jhos.inventory import recorded
from jhos.objects import RENDERED, ObjectRef, annotations_of
from tests.engine.conftest import IMAGE, IMAGES, Jhos, Launch, Reach, given

KILLED = 137
LEAST = 10  # writes of a run that are worth the name


class Mortal(Wire):
    """Takes the process with it, as kill -9 does, between write `last` and its answer.

    To die before a write is sent is, to the server, to die before the answer to the one before it.
    """

    def __init__(self, wire: Wire, last: int) -> None:
        super().__init__(wire.renewed(), wire.renewed)
        self.left, self.counting = last, Lock()

    def request(self, method: str, path: str, nature: Nature, **given: Any) -> Any:
        writes = method != "get" and "selfsubject" not in path
        with self.counting:
            self.left -= writes
            dies = writes and self.left == 0
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


def dies(cluster: Cluster, act: partial[None], write: int) -> bool:
    """Run it in a process that ends at this write; False where it has fewer."""

    def run() -> None:
        cluster.wire = Mortal(cluster.wire, write)
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


def test_a_first_deployment_killed_at_any_write_is_finished_by_the_next(reach_alone: Reach) -> None:
    cluster = reach_alone()
    deploy(cluster, given("whole"))
    whole = objects(cluster, "whole")
    for write in count(1):
        name = f"killed-{write}"
        if not dies(cluster, partial(deploy, settings=given(name)), write):
            break
        created = secrets(cluster, name)
        deploy(cluster, given(name))
        assert objects(cluster, name) == whole, f"killed at write {write}"
        assert created in (None, secrets(cluster, name))
    assert write > LEAST


def test_a_change_killed_at_any_write_is_finished_by_the_next(reach_alone: Reach) -> None:
    cluster = reach_alone()
    deploy(cluster, given("whole"))
    deploy(cluster, changed("whole"))
    whole = objects(cluster, "whole")
    for write in count(1):
        name = f"killed-{write}"
        deploy(cluster, given(name))
        created = secrets(cluster, name)
        if not dies(cluster, partial(deploy, settings=changed(name)), write):
            break
        deploy(cluster, changed(name))
        assert objects(cluster, name) == whole, f"killed at write {write}"
        assert secrets(cluster, name) == created
    assert write > LEAST


def test_a_teardown_killed_at_any_write_is_finished_by_the_next(reach_alone: Reach) -> None:
    cluster, name = reach_alone(), "killed"
    for write in count(1):
        deploy(cluster, given(name))
        if not dies(cluster, partial(tear_down, name=name), write):
            break
        tear_down(cluster, name)
        assert not objects(cluster, name), f"killed at write {write}"
    assert write > LEAST


def test_a_command_killed_as_it_waits_is_finished_by_the_next(
    launch: Launch, jhos: Jhos, reach: Reach
) -> None:
    process = launch("deploy", "--name", "waited", *IMAGES)
    assert process.stderr
    assert any("waiting for" in line for line in process.stderr)
    process.kill()
    process.wait()
    assert process.returncode == -SIGKILL
    cluster = reach()
    before, created = objects(cluster, "waited"), secrets(cluster, "waited")
    assert "Nothing had to be changed." in jhos("deploy", "--name", "waited", "--no-wait").stdout
    assert objects(cluster, "waited") == before
    assert secrets(cluster, "waited") == created
