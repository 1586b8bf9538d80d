"""A project that is being deleted, with its deployments."""

from collections.abc import Callable
from time import monotonic, sleep
from typing import IO, Any

import pytest

from jhos.actions.list_deployments import list_deployments
from jhos.actions.status import status
from jhos.cluster.client import Cluster
from jhos.cluster.connect import connect
from jhos.cluster.facts import create_project
from jhos.errors import BeingDeleted, DeletedMeanwhile, Refused
from jhos.events import silent
from jhos.objects import ObjectRef
from jhos.sandbox.layout import Layout
from jhos.wait import until_open
from tests.engine.conftest import IMAGES, Jhos, Launch, Reach

HOLD = {"finalizers": ["example.com/hold"]}
REPOSITORY = "https://git.example.com/notebooks.git"
RIGHTS = ObjectRef("RoleBinding", "admin")


def until(is_true: Callable[[], Any]) -> None:
    end = monotonic() + 30
    while not is_true():
        assert monotonic() < end
        sleep(0.1)


def rights_are_gone(cluster: Cluster) -> bool:
    try:
        return cluster.get(RIGHTS) is None
    except Refused:
        return True


def test_that_it_is_being_deleted_is_said_as_long_as_it_can_be_seen(server: Layout) -> None:
    def reach() -> Cluster:
        return connect(str(server.kubeconfig), None, "going")

    cluster = reach()
    create_project(cluster)
    until(lambda: cluster.get(RIGHTS))
    cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "held", **HOLD}})
    cluster.merge(RIGHTS, {"metadata": HOLD})
    cluster.delete(ObjectRef("Project", "going"))
    with pytest.raises(BeingDeleted, match="Project going is being deleted"):
        status(reach(), "alpha", full=False)
    cluster.merge(RIGHTS, {"metadata": {"finalizers": []}})
    until(lambda: rights_are_gone(reach()))
    with pytest.raises(Refused, match="Not allowed") as refused:
        list_deployments(reach())
    assert "Nor may you see project going: it is being deleted" in refused.value.hint


def test_a_check_reports_a_project_that_is_being_deleted(
    jhos: Jhos, project: str, reach_alone: Reach
) -> None:
    cluster = reach_alone()
    held = {"metadata": {"name": "held", **HOLD}}
    cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", **held})
    cluster.merge(RIGHTS, {"metadata": HOLD})
    cluster.delete(ObjectRef("Project", project))
    found = jhos("check", "alpha", "-n", project, code=4).stdout
    assert f"{project} is being deleted" in found
    for ref in (ObjectRef("ConfigMap", "held"), RIGHTS):
        cluster.merge(ref, {"metadata": {"finalizers": []}})


WAITING = [("deploy", "--name", "alpha", *IMAGES), ("rollout", "alpha", "status"),
           ("configure", "alpha", "--set", "cull.idle=2h")]  # fmt: skip


@pytest.mark.parametrize("command", WAITING, ids=lambda words: words[0])
def test_a_teardown_ends_a_command_that_waits(
    jhos: Jhos, launch: Launch, project: str, reach_alone: Reach, command: tuple[str, ...]
) -> None:
    if command[0] != "deploy":
        jhos("deploy", "--name", "alpha", "-n", project, *IMAGES, "--no-wait")
    waiting = launch(*command, "-n", project)
    _until_waiting(waiting.stderr)
    jhos("teardown", "alpha", "-y", "-n", project)
    said = waiting.communicate(timeout=60)[1]
    assert "Deployment alpha was torn down meanwhile" in said
    assert f"jhos deploy --name alpha -n {project}" in said
    assert "404" not in said
    assert waiting.returncode == 4
    assert not reach_alone().metadata("Deployment", "app=alpha")


def test_a_part_that_is_deleted_meanwhile_is_named(
    launch: Launch, project: str, reach_alone: Reach
) -> None:
    waiting = launch("deploy", "--name", "alpha", *IMAGES, "-n", project)
    _until_waiting(waiting.stderr)
    reach_alone().delete(ObjectRef("Deployment", "alpha-proxy"))
    said = waiting.communicate(timeout=60)[1]
    assert "Deployment alpha-proxy was deleted meanwhile" in said


def test_a_route_that_is_deleted_before_its_address_is_asked_is_named(
    jhos: Jhos, project: str, reach_alone: Reach
) -> None:
    jhos("deploy", "--name", "alpha", "-n", project, *IMAGES, "--no-wait")
    cluster = reach_alone()
    cluster.delete(ObjectRef("Route", "alpha"))
    with pytest.raises(DeletedMeanwhile, match="Route alpha was deleted meanwhile"):
        until_open(cluster, "alpha", "", 1, silent)


def test_a_project_that_is_deleted_ends_a_deployment_that_waits(
    launch: Launch, project: str, reach_alone: Reach
) -> None:
    waiting = launch("deploy", "--name", "alpha", *IMAGES, "-n", project)
    _until_waiting(waiting.stderr)
    cluster = reach_alone()
    cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "held", **HOLD}})
    cluster.merge(RIGHTS, {"metadata": HOLD})
    cluster.delete(ObjectRef("Project", project))
    said = waiting.communicate(timeout=60)[1]
    assert f"Project {project} is being deleted" in said
    for ref in (ObjectRef("ConfigMap", "held"), RIGHTS):
        cluster.merge(ref, {"metadata": {"finalizers": []}})


def _until_waiting(report: IO[str] | None) -> None:
    """Until it names an object that is not ready yet."""
    assert any(
        "Deployment alpha" in line and ("starting" in line or "waiting" in line)
        for line in report or ()
    )


def test_a_build_that_is_deleted_ends_the_command_that_waits_for_it(
    launch: Launch, project: str, reach_alone: Reach
) -> None:
    cluster = reach_alone()
    begun = launch("quickstart", "--name", "course", "-n", project, "--git-url", REPOSITORY,
                   "--builder-image", "registry.example.com/base:1")  # fmt: skip
    until(lambda: cluster.list("Build")[0])
    begun.kill()
    waiting = launch("build-images", "--name", "course", "-n", project)
    until(lambda: len(cluster.list("Build")[0]) == 2)
    for build in cluster.list("Build")[0]:
        cluster.delete(ObjectRef.of(build))
    said = waiting.communicate(timeout=60)[1]
    assert "the build was deleted" in said
    assert waiting.returncode == 6
