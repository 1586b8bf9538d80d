"""What cannot be deployed is said in one sentence, with nothing half-done."""

from pathlib import Path

import pytest

from jhos.cluster.client import Cluster
from jhos.cluster.connect import connect
from jhos.objects import ObjectRef
from jhos.sandbox.layout import Layout
from tests.engine.conftest import IMAGE, IMAGES, Jhos, Kubectl, Reach

KINDS = ("ConfigMap", "Deployment", "Lease", "PersistentVolumeClaim", "Pod", "Secret", "Service")
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
    assert "do not fit: pods lacks 3" in jhos(*deploy, code=4).stderr
    assert not objects(reach_alone(), "small")
    assert "exceeded quota: narrow" in jhos(*deploy, "--no-check", code=4).stderr
    found = jhos("check", "small", "-n", project, code=4).stdout
    assert "problem Quota" in found
    assert "room for 0 notebook servers" in found


def test_an_image_stream_of_somebody_else_is_left_alone(
    jhos: Jhos, kubectl: Kubectl, project: str, reach_alone: Reach
) -> None:
    kubectl("create", "-n", project, "-f", "tests/engine/stream.yaml")
    result = jhos("build-images", "minimal", "-n", project, code=4)
    assert "ImageStream s2i-minimal-notebook exists already" in result.stderr
    stream = reach_alone().get(ObjectRef("ImageStream", "s2i-minimal-notebook")) or {}
    assert "labels" not in stream["metadata"]
