"""Commands of users with the role `view` or `edit`."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from jhos.objects import ObjectRef
from tests.engine.conftest import IMAGES, Jhos, Kubectl, Reach

As = Callable[[str], Path]


@pytest.fixture
def having(kubectl: Kubectl, project: str, tmp_path: Path) -> As:
    """`having("view")`: the kubeconfig of somebody who has the role in `project`."""

    def make(role: str) -> Path:
        account = f"--serviceaccount={project}:{role}er"
        kubectl("create", "serviceaccount", f"{role}er", "-n", project)
        kubectl("create", "rolebinding", role, f"--clusterrole={role}", account, "-n", project)
        token = kubectl("create", "token", f"{role}er", "-n", project).strip()
        config = json.loads(
            kubectl("config", "view", "--raw", "--minify", "--flatten", "-o", "json", "-n", project)
        )
        config["users"][0]["user"] = {"token": token}
        path = tmp_path / role
        path.write_text(json.dumps(config))
        return path

    return make


def test_a_status_shows_what_the_viewer_may_read_and_names_the_rest(
    jhos: Jhos, project: str, having: As
) -> None:
    jhos("deploy", "--name", "seen", "-n", project, *IMAGES, "--no-wait")
    viewer = having("view")
    status = ("status", "seen", "-n", project)
    done = jhos(*status, kubeconfig=viewer, code=1)
    assert "hub " in done.stdout
    assert "users and servers of the hub (Secret)" in done.stdout
    assert "Not allowed" not in done.output
    full = json.loads(jhos(*status, "--full", "-o", "json", kubeconfig=viewer, code=1).stdout)
    assert {part["name"] for part in full["parts"]} == {"hub", "proxy", "database"}
    assert full["hidden"] == ["Secret"]
    assert full["volumes"] == {"number": 0, "bytes": 0}
    assert jhos("rollout", "seen", "status", "-n", project, "--no-wait", kubeconfig=viewer).stdout


@pytest.mark.parametrize(
    "command",
    [("configure", "kept", "--set", "cull.idle=2h"), ("teardown", "kept", "-y"),
     ("deploy", "--name", "kept", *IMAGES), ("users", "list", "kept"),
     ("servers", "list", "kept")],
)  # fmt: skip
def test_a_viewer_is_told_which_right_a_change_needs(
    jhos: Jhos, project: str, having: As, command: tuple[str, ...]
) -> None:
    jhos("deploy", "--name", "kept", "-n", project, *IMAGES, "--no-wait")
    result = jhos(*command, "-n", project, kubeconfig=having("view"), code=4)
    assert f"In project {project} you may not: " in result.stderr
    assert "Secret" in result.stderr
    assert "Role," not in result.stderr
    assert "the role `edit`" in result.stderr


@pytest.mark.parametrize(
    "command",
    [("configure", "changed", "--set", "cull.idle=2h"),
     ("deploy", "--name", "changed", "--cull-idle", "2h"),
     ("rollout", "changed", "restart")],
)  # fmt: skip
def test_an_editor_changes_a_deployment_whose_role_stays(
    jhos: Jhos, project: str, having: As, reach_alone: Reach, command: tuple[str, ...]
) -> None:
    jhos("deploy", "--name", "changed", "-n", project, *IMAGES, "--no-wait")
    roles = reach_alone().metadata("Role")
    jhos(*command, "--no-wait", "-n", project, kubeconfig=having("edit"))
    hub = reach_alone().get(ObjectRef("Deployment", "changed")) or {}
    assert hub["metadata"]["generation"] == 2
    assert reach_alone().metadata("Role") == roles


def test_an_editor_sees_the_difference_of_a_change(jhos: Jhos, project: str, having: As) -> None:
    jhos("deploy", "--name", "changed", "-n", project, *IMAGES, "--no-wait")
    diff = ("diff", "--name", "changed", "-n", project, "--cull-idle", "2h")
    assert "cull.idle" in jhos(*diff, kubeconfig=having("edit")).stdout


def test_an_editor_cannot_begin_a_deployment_and_is_told_why(
    jhos: Jhos, project: str, having: As, reach_alone: Reach
) -> None:
    deploy = ("deploy", "--name", "new", "-n", project, *IMAGES, "--no-wait")
    result = jhos(*deploy, kubeconfig=having("edit"), code=4)
    assert "create, patch Role, RoleBinding" in result.stderr
    assert "`admin`" in result.stderr
    assert not reach_alone().metadata("ConfigMap", "app=new")


def test_an_editor_needs_the_admin_where_another_jhos_wrote_the_role(
    jhos: Jhos, project: str, having: As, reach_alone: Reach
) -> None:
    jhos("deploy", "--name", "older", "-n", project, *IMAGES, "--no-wait")
    note = {"metadata": {"annotations": {"jhos.dev/version": "0.0.1"}}}
    reach_alone().merge(ObjectRef("ConfigMap", "older-cfg"), note)
    change = ("configure", "older", "-n", project, "--set", "cull.idle=2h", "--no-wait")
    assert "Role, RoleBinding" in jhos(*change, kubeconfig=having("edit"), code=4).stderr


@pytest.mark.parametrize("has_inventory", [True, False])
def test_an_editor_tears_down_all_but_the_role(
    jhos: Jhos, project: str, having: As, reach_alone: Reach, has_inventory: bool
) -> None:
    jhos("deploy", "--name", "ended", "-n", project, *IMAGES, "--no-wait")
    if not has_inventory:
        reach_alone().delete(ObjectRef("ConfigMap", "ended-inventory"))
    teardown = ("teardown", "ended", "-y", "--delete-storage", "-n", project)
    said = jhos(*teardown, kubeconfig=having("edit")).stdout
    left = {kind: reach_alone().metadata(kind, "app=ended") for kind in ("Role", "Deployment")}
    assert (len(left["Role"]), left["Deployment"]) == (1, [])
    assert not has_inventory or "someone with the role `admin`" in said.lower()
    jhos(*teardown)
    assert not reach_alone().metadata("Role", "app=ended")


def test_a_check_asks_an_editor_for_the_admin_only_before_the_first_deployment(
    jhos: Jhos, project: str, having: As
) -> None:
    check, editor = ("check", "kept", "-n", project), having("edit")
    assert "Role, RoleBinding" in jhos(*check, kubeconfig=editor, code=4).stdout
    jhos("deploy", "--name", "kept", "-n", project, *IMAGES, "--no-wait")
    assert "Role, RoleBinding" not in jhos(*check, kubeconfig=editor).stdout
