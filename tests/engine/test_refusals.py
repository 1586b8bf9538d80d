"""What cannot be deployed is said in one sentence, with nothing half-done."""

from collections.abc import Callable
from pathlib import Path

import pytest

from jhos.cluster.client import Cluster
from jhos.cluster.connect import connect
from jhos.objects import ObjectRef
from jhos.sandbox.layout import Layout
from tests.engine.conftest import IMAGE, IMAGES, Jhos, Kubectl, Reach

KINDS = ("ConfigMap", "Deployment", "Lease", "PersistentVolumeClaim", "Pod", "Secret", "Service")
QUICKSTART = ("quickstart", "--name", "course", "--git-url", "https://example.com/course.git")
SETTINGS = "\n".join(f"{part}: {{image: '{IMAGE}'}}" for part in ("hub", "notebook", "database"))


def objects(cluster: Cluster, name: str) -> set[str]:
    found = [obj for kind in KINDS for obj in cluster.metadata(kind, f"app={name}")]
    return {str(ObjectRef.of(obj)) for obj in found}


@pytest.mark.parametrize("command", ["deploy", "check"])
def test_a_project_without_rights_is_refused(jhos: Jhos, command: str) -> None:
    result = jhos(command, "-n", "openshift", code=4)
    assert "no project openshift in which you have rights" in result.stderr
    assert command == "check" or "--create-project" in result.stderr


def test_a_check_shows_what_there_is_and_changes_nothing(
    jhos: Jhos, reach: Reach, tmp_path: Path
) -> None:
    (tmp_path / "jhos.yaml").write_text(SETTINGS)
    found = jhos("check", "unborn", "-f", str(tmp_path / "jhos.yaml"))
    assert "default class" in found.stdout
    assert "problem" not in found.stdout
    assert not objects(reach(), "unborn")


def test_an_unknown_image_leaves_nothing_behind(jhos: Jhos, reach: Reach) -> None:
    result = jhos("deploy", "--name", "odd", "--notebook-image", "nowhere:1", code=2)
    assert "nowhere:1" in result.stderr
    assert not objects(reach(), "odd")


def test_a_foreign_configuration_of_the_same_name_is_left_alone(
    jhos: Jhos, kubectl: Kubectl, reach: Reach
) -> None:
    kubectl("create", "configmap", "taken-cfg", "--from-literal=belongs=to somebody else")
    before = reach().get(ObjectRef("ConfigMap", "taken-cfg"))
    result = jhos("deploy", "--name", "taken", *IMAGES, "--no-wait", code=4)
    assert "ConfigMap taken-cfg exists already" in result.stderr
    assert not objects(reach(), "taken")
    assert reach().get(ObjectRef("ConfigMap", "taken-cfg")) == before


def test_a_quota_in_the_way_is_said_with_its_numbers(
    jhos: Jhos, project: str, reach_alone: Reach, server: Layout
) -> None:
    admin = connect(str(server.admin_kubeconfig), None, project)
    admin.create({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "narrow"},
                  "spec": {"hard": {"pods": "0"}}})  # fmt: skip
    deploy = ("deploy", "--name", "small", "-n", project, *IMAGES)
    assert "quota narrow leaves 0 of 0 pods, 3 needed" in jhos(*deploy, code=4).stderr
    assert not objects(reach_alone(), "small")
    assert "exceeded quota: narrow" in jhos(*deploy, "--no-check", code=4).stderr
    found = jhos("check", "small", "-n", project, code=4).stdout
    assert "problem Quota" in found


@pytest.fixture
def restrict(server: Layout, project: str) -> Callable[[str, dict[str, object]], None]:
    """Makes a ResourceQuota or LimitRange in `project`."""
    admin = connect(str(server.admin_kubeconfig), None, project)

    def restrict(kind: str, spec: dict[str, object]) -> None:
        metadata = {"name": "narrow"}
        admin.create({"apiVersion": "v1", "kind": kind, "metadata": metadata, "spec": spec})

    return restrict


RATIO = {"limits": [{"type": "Pod", "maxLimitRequestRatio": {"memory": "3"}}]}
LIMITS = {"limits": [{"type": "Container", "max": {"memory": "1Gi"}}]}


@pytest.mark.parametrize(
    ("kind", "spec", "words"),
    [
        (
            "ResourceQuota",
            {"hard": {"limits.memory": "1Gi"}},
            "1024Mi of 1024Mi limits.memory, 2048Mi needed",
        ),
        ("LimitRange", LIMITS, "build.memory is 2Gi but may be 1024Mi at most"),
        ("LimitRange", RATIO, "more than 3 times build.memory_request (512Mi)"),
    ],
)
@pytest.mark.parametrize("command", [("build-images", "hub"), QUICKSTART], ids=["upload", "git"])
def test_a_build_that_the_project_has_no_room_for_is_not_begun(
    jhos: Jhos, restrict: Callable[..., None], project: str, reach_alone: Reach,
    kind: str, spec: dict[str, object], words: str, command: tuple[str, ...],
) -> None:  # fmt: skip
    restrict(kind, spec)
    result = jhos(*command, "-n", project, code=4)
    assert words in result.stderr
    assert "--build-memory" in result.stderr
    assert not reach_alone().metadata("ImageStream")
    assert words in jhos("check", "-n", project, code=4).stdout


def test_a_smaller_build_fits_into_a_small_quota(
    jhos: Jhos, restrict: Callable[..., None], project: str
) -> None:
    restrict("ResourceQuota", {"hard": {"limits.memory": "1Gi"}})
    words = ("--build-memory", "1Gi", "--timeout", "2", "-n", project)
    assert "Not built after 2 s" in jhos("build-images", "hub", *words, code=5).stderr


def test_a_build_that_fills_the_quota_itself_is_waited_for_again(
    jhos: Jhos, restrict: Callable[..., None], project: str
) -> None:
    restrict("ResourceQuota", {"hard": {"limits.memory": "2Gi"}})
    words = ("build-images", "hub", "--timeout", "2", "-n", project)
    for _ in range(2):
        assert "Not built after 2 s" in jhos(*words, code=5).stderr


def test_an_upload_whose_build_gets_no_pod_ends_with_the_reason(
    jhos: Jhos, restrict: Callable[..., None], project: str
) -> None:
    # Quotas by priority are not looked at beforehand: the cluster may give pods one.
    scope = {"scopeName": "PriorityClass", "operator": "DoesNotExist"}
    selector = {"matchExpressions": [scope]}
    restrict("ResourceQuota", {"hard": {"pods": "0"}, "scopeSelector": selector})
    result = jhos("build-images", "hub", "-n", project, code=4)
    assert "jupyterhub:latest could not be built: quota narrow has no room" in result.stderr
    assert "overloaded" not in result.stderr


def test_an_image_stream_of_somebody_else_is_left_alone(
    jhos: Jhos, kubectl: Kubectl, project: str, reach_alone: Reach
) -> None:
    kubectl("create", "-n", project, "-f", "tests/engine/stream.yaml")
    result = jhos("build-images", "minimal", "-n", project, code=4)
    assert "ImageStream s2i-minimal-notebook exists already" in result.stderr
    stream = reach_alone().get(ObjectRef("ImageStream", "s2i-minimal-notebook")) or {}
    assert "labels" not in stream["metadata"]
