"""Logs of what has not begun: without scheduler and node, every pod and every build."""

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from jhos.cluster.connect import connect
from jhos.cluster.wire import Nature
from jhos.objects import ObjectRef
from jhos.sandbox.layout import Layout
from tests.engine.conftest import IMAGES, PROJECT, Jhos, Reach

SetStatus = Callable[[dict[str, Any]], None]
_numbers = count(1)
BUILD_CONFIG = {
    "apiVersion": "build.openshift.io/v1",
    "kind": "BuildConfig",
    "metadata": {"name": "silent-0-nb"},
    "spec": {
        "source": {"type": "Git", "git": {"uri": "https://example.com/a.git"}},
        "strategy": {
            "sourceStrategy": {"from": {"kind": "DockerImage", "name": "example.com/builder:1"}}
        },
        "output": {"to": {"kind": "DockerImage", "name": "example.com/built:1"}},
    },
}


@pytest.fixture
def name() -> str:
    """Of a deployment that no other test has."""
    return f"silent-{next(_numbers)}"


@pytest.fixture
def pending(jhos: Jhos, reach: Reach, name: str) -> ObjectRef:
    """The hub's pod of the deployment."""
    jhos("deploy", "--name", name, *IMAGES, "--no-wait")
    cluster = reach()
    while not (pods := cluster.metadata("Pod", f"app={name},component=hub")):
        pass
    return ObjectRef.of(pods[0])


@pytest.fixture
def set_status(server: Layout, pending: ObjectRef) -> SetStatus:
    """Write the status of that pod, as scheduler and kubelet do; containers are of a node."""
    admin = connect(str(server.admin_kubeconfig), None, PROJECT)

    def write(status: dict[str, Any]) -> None:
        pod = admin.get(pending) or {}
        if "containerStatuses" in status and not pod["spec"].get("nodeName"):
            meta, node = {"name": pending.name}, {"kind": "Node", "name": "sandbox"}
            binding = {"apiVersion": "v1", "kind": "Binding", "metadata": meta, "target": node}
            admin.post(pending, "binding", binding)
        path, kind = f"{admin.path(pending)}/status", "application/merge-patch+json"
        body = {"status": {"conditions": None, "containerStatuses": None, **status}}
        admin.wire.request("patch", path, Nature(), body=body, content_type=kind)

    return write


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    state = {"waiting": {"reason": reason, "message": message}}
    always = {"ready": False, "restartCount": 0, "image": "i", "imageID": ""}
    return {"containerStatuses": [{"name": "hub", **always, "state": state}]}


UNSCHEDULABLE = {
    "type": "PodScheduled",
    "status": "False",
    "reason": "Unschedulable",
    "message": "0/3 nodes are available: insufficient memory",
}


@pytest.mark.usefixtures("pending")
def test_a_pod_without_a_node_has_no_log_for_a_reason(jhos: Jhos, name: str) -> None:
    failed = jhos("logs", name, code=1)
    assert not failed.stdout
    assert "has no log yet: it has no node yet." in failed.stderr


@pytest.mark.parametrize(
    ("status", "why"),
    [
        ({"conditions": [UNSCHEDULABLE]}, "0/3 nodes are available: insufficient memory"),
        (waiting("ContainerCreating"), "container hub is waiting to start: ContainerCreating"),
        (waiting("ImagePullBackOff", "not found"), "of container hub cannot be pulled: not found"),
    ],
)
def test_the_reason_is_what_holds_the_pod_up(
    jhos: Jhos, name: str, set_status: SetStatus, status: dict[str, Any], why: str
) -> None:
    set_status(status)
    for words in ((), ("-f",)):
        assert why in jhos("logs", name, *words, code=1).stderr


def test_a_build_that_has_not_begun_has_no_log_for_a_reason(jhos: Jhos, reach: Reach) -> None:
    jhos("deploy", "--name", "silent-0", *IMAGES, "--no-wait")
    cluster = reach()
    cluster.apply(BUILD_CONFIG)
    request = {"apiVersion": "build.openshift.io/v1", "kind": "BuildRequest"}
    config = ObjectRef("BuildConfig", "silent-0-nb")
    build = cluster.post(config, "instantiate", {**request, "metadata": {"name": config.name}})
    try:
        failed = jhos("logs", "silent-0", "build", code=1)
        assert f"Build {build['metadata']['name']} has no log yet" in failed.stderr
    finally:
        cluster.delete(config)
