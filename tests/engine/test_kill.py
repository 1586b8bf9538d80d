"""A run that dies at any of its writes leaves nothing that the next one cannot finish."""

import os
from collections import Counter
from collections.abc import Callable
from functools import partial
from itertools import count
from multiprocessing import get_context
from signal import SIGKILL
from threading import Lock
from typing import Any

import pytest

from jhos.actions import history
from jhos.actions.edits import Given
from jhos.actions.pipeline import Manner, carry_out
from jhos.actions.profiles import change
from jhos.actions.stored import existing
from jhos.actions.teardown import Wish, teardown
from jhos.cluster.client import Cluster
from jhos.cluster.wire import Nature, Wire
from jhos.events import silent
from jhos.inventory import recorded
from jhos.objects import RENDERED, ObjectRef, annotations_of
from jhos.settings.profiles import added, removed
from tests.engine.conftest import IMAGE, IMAGES, Jhos, Launch, Reach, given

KILLED = 137
LEAST = 10  # writes of a run that are worth the name
PARTS = 3  # that run in parallel


class Mortal(Wire):
    """Takes the process with it, as kill -9 does, between write `last` and its answer.

    To die before a write is sent is, to the server, to die before the answer to the one before it.
    """

    def __init__(self, wire: Wire, last: int) -> None:
        super().__init__(wire.renewed(), wire.renewed)
        self.left, self.counting = last, Lock()
        self.answered = True  # as of the wire that it replaces

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
    """What is there and stays; the name left out. The inventory names just what was rendered."""
    kinds = ("ConfigMap", "Deployment", "Lease", "NetworkPolicy", "PersistentVolumeClaim", "Role",
             "RoleBinding", "Route", "Secret", "Service", "ServiceAccount")  # fmt: skip
    there = [obj for kind in kinds for obj in cluster.metadata(kind, f"app={name}")]
    found = [obj for obj in there if "deletionTimestamp" not in obj["metadata"]]
    inventory = cluster.get(ObjectRef("ConfigMap", f"{name}-inventory")) or {}
    rendered = {ObjectRef.of(obj) for obj in found if RENDERED in annotations_of(obj)}
    assert rendered == recorded(inventory)
    return {str(ObjectRef.of(obj)).replace(name, "NAME") for obj in found}


def secrets(cluster: Cluster, name: str) -> dict[str, str] | None:
    found = cluster.get(ObjectRef("Secret", f"{name}-secrets"))
    return found and found["data"]


def changed(name: str) -> Given:
    """Takes objects away, brings some and changes others."""
    more = {"hub": {"image": IMAGE, "memory": "640Mi"}, "database": {"type": "sqlite"}}
    return given(name, **more)


@pytest.mark.parametrize("first", range(1, PARTS + 1))
def test_a_run_killed_at_any_write_is_finished_by_the_next(reach_alone: Reach, first: int) -> None:
    """Each run of a deployment's life, at every third write; the parts together: at any."""
    cluster, name, deaths = reach_alone(), "killed", Counter[int]()
    life = (
        partial(deploy, settings=given(name)),
        partial(deploy, settings=changed(name)),
        partial(tear_down, name=name),
    )
    whole = [after(cluster, run, name) for run in life]
    for write in count(first, PARTS):
        died = [False] * len(life)
        for number, run in enumerate(life):
            died[number] = dies(cluster, run, write)
            created = secrets(cluster, name)
            assert after(cluster, run, name) == whole[number], f"run {number}, write {write}"
            assert None in (created, secrets(cluster, name)) or created == secrets(cluster, name)
        deaths.update(number for number, each in enumerate(died) if each)
        if not any(died):
            break
    assert min(deaths[number] for number in range(len(life))) * PARTS > LEAST


BIG = {"name": "big", "memory": "4Gi", "groups": ["staff"], "default": True}


@pytest.mark.parametrize(
    ("before", "edit", "new", "profiles"),
    [
        (["small"], added, [BIG], ["small", "big"]),
        (["small", "big"], lambda rows: removed(rows, ["big"]), [], ["small"]),
    ],
    ids=["add", "remove"],
)
def test_a_change_of_profiles_killed_at_any_write_is_finished_by_the_next(
    reach_alone: Reach, before: list[str], edit: Callable[..., Any], new: list[Any],
    profiles: list[str],
) -> None:  # fmt: skip
    cluster, name = reach_alone(), "chosen"
    settings = given(name, profiles=[{"name": each} for each in before])

    def run(cluster: Cluster) -> None:
        change(cluster, name, edit, *new, precaution=None, wait=False, timeout_s=60, report=silent)

    for write in count(1):
        deploy(cluster, settings)
        died = dies(cluster, partial(run), write)
        run(cluster)
        newest = history.revisions(cluster, name)[-1]
        of_revision = history.content(cluster, name, newest.number).settings
        for found in (existing(cluster, name).settings, of_revision):
            assert [row["name"] for row in found["profiles"]] == profiles, f"write {write}"
        if not died:
            break
    assert write > PARTS


def after(cluster: Cluster, run: partial[None], name: str) -> set[str]:
    run(cluster)
    return objects(cluster, name)


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
