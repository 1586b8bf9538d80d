"""What cannot be deployed is said in one sentence, with nothing half-done."""

import pytest

from tests.e2e.programs import Run, crashing, objects

pytestmark = pytest.mark.e2e

FOREIGN = ("--hub-image", "quay.io/some/hub:1", "--notebook-image", "quay.io/some/notebook:1")


def test_a_project_without_rights_is_refused(jhos: Run) -> None:
    result = jhos("deploy", "-n", "openshift", code=4)
    assert "no project openshift in which you have rights" in result.stderr
    assert "--create-project" in result.stderr


def test_a_check_tells_what_there_is_and_changes_nothing(
    jhos: Run, kubectl: Run, project: str
) -> None:
    found = jhos("check", "unborn", "-n", project)
    assert "default class" in found.stdout
    assert "problem" not in found.stdout
    assert objects(kubectl, project, "all,cm,secret,pvc,lease", "app=unborn") == []
    assert "no project openshift" in jhos("check", "-n", "openshift", code=4).stderr


def test_an_unknown_image_leaves_nothing_behind(jhos: Run, kubectl: Run, project: str) -> None:
    result = jhos("deploy", "--name", "odd", "-n", project, "--notebook-image", "nowhere:1", code=2)
    assert "nowhere:1" in result.stderr
    assert objects(kubectl, project, "all,cm,secret,pvc,lease", "app=odd") == []


def test_a_foreign_object_of_the_same_name_is_left_alone(
    jhos: Run, kubectl: Run, project: str
) -> None:
    kubectl("apply", "-n", project, "--server-side", "-f", "tests/e2e/foreign.yaml")
    result = jhos("deploy", "--name", "taken", "-n", project, code=4)
    assert "ConfigMap taken-cfg exists already" in result.stderr
    assert objects(kubectl, project, "deployments,pvc", "app=taken") == []


def test_an_image_that_cannot_be_pulled_is_said_in_words(jhos: Run, project: str) -> None:
    pull = "registry.example.com/none/hub@sha256:" + "0" * 64
    result = jhos("deploy", "--name", "pulled", "-n", project, "--hub-image", pull, code=1)
    assert "cannot become ready" in result.stderr
    assert "registry.example.com/none/hub" in result.stderr
    jhos("teardown", "pulled", "-n", project, "--yes", "--delete-storage")


def test_a_configuration_that_crashes_the_hub_shows_its_last_words(
    jhos: Run, project: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    config = tmp_path_factory.mktemp("config") / "jupyterhub_config.py"
    config.write_text(crashing("the moon is full"))
    result = jhos("deploy", "--name", "moon", "-n", project, "--config", str(config), code=1)
    assert "the moon is full" in result.stderr
    jhos("teardown", "moon", "-n", project, "--yes", "--delete-storage")


def test_a_quota_in_the_way_is_said_with_its_numbers(jhos: Run, kubectl: Run) -> None:
    jhos("deploy", "--name", "small", "-n", "narrow", "--create-project", "--no-wait", *FOREIGN)
    jhos("teardown", "small", "-n", "narrow", "--yes", "--delete-storage")
    admin = jhos("sandbox", "kubeconfig", "--admin").stdout.strip()
    kubectl("--kubeconfig", admin, "apply", "--server-side", "-f", "tests/e2e/quota.yaml")
    result = jhos("deploy", "--name", "small", "-n", "narrow", *FOREIGN, code=4)
    assert "do not fit: pods lacks 3" in result.stderr
    assert objects(kubectl, "narrow", "cm,secret,pvc,lease", "app=small") == []
    nevertheless = ("deploy", "--name", "small", "-n", "narrow", "--no-check", *FOREIGN)
    assert "exceeded quota: narrow" in jhos(*nevertheless, code=4).stderr
    found = jhos("check", "small", "-n", "narrow", code=4).stdout
    assert "problem Quota" in found
    assert "room for 0 notebook servers" in found
    jhos("teardown", "small", "-n", "narrow", "--yes", "--delete-storage")


def test_an_image_stream_of_somebody_else_is_left_alone(jhos: Run, kubectl: Run) -> None:
    jhos("deploy", "--name", "own", "-n", "taken", "--create-project", "--no-wait", *FOREIGN)
    kubectl("create", "-n", "taken", "-f", "tests/e2e/stream.yaml")
    result = jhos("build-images", "minimal", "-n", "taken", code=4)
    assert "ImageStream s2i-minimal-notebook exists already" in result.stderr
    stream = kubectl("get", "is", "s2i-minimal-notebook", "-n", "taken", "-o", "json").stdout
    assert "managed-by" not in stream
    jhos("teardown", "own", "-n", "taken", "--yes", "--delete-storage")
