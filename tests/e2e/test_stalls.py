"""Every cause of a stall, provoked in the cluster, is told in words while one waits."""

import time
from typing import Any

import pytest

from jhos.cluster.client import Cluster
from jhos.cluster.connect import connect
from jhos.errors import JhosError, OutOfTime, Refused
from jhos.events import Event
from jhos.objects import ObjectRef
from jhos.wait import until_ready
from tests.e2e.programs import Run

pytestmark = pytest.mark.e2e

PROJECT = "stalls"
IMAGE = "registry.example.com/none/hub@sha256:" + "0" * 64
DEADLINE_S = 180
Object = dict[str, Any]


@pytest.fixture(scope="module")
def cluster(jhos: Run, kubectl: Run, environment: dict[str, str]) -> Cluster:
    """With a project of 4 cpus, in which no container may have more than 1Gi."""
    kubectl("create", "-f", "tests/e2e/stalls/project.yaml")
    admin = jhos("sandbox", "kubeconfig", "--admin").stdout.strip()
    kubectl("--kubeconfig", admin, "apply", "--server-side", "-f", "tests/e2e/stalls/bounds.yaml")
    return connect(environment["KUBECONFIG"], None, PROJECT)


def labels(name: str) -> dict[str, str]:
    return {"app": name, "component": "hub", "app.kubernetes.io/instance": name}


def deployment(name: str, **changes: Any) -> Object:
    """`changes`: of the container, or `volumes` of the pod."""
    sizes = {"memory": changes.pop("memory", "64Mi"), "cpu": changes.pop("cpu", "10m")}
    volumes = changes.pop("volumes", [])
    container = {"name": "hub", "image": IMAGE, **changes,
                 "resources": {"requests": sizes, "limits": sizes}}  # fmt: skip
    meta = {"name": name, "labels": labels(name)}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": meta,
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": labels(name)},
                "spec": {"containers": [container], "volumes": volumes},
            },
        },
    }


def claim(name: str, storage_class: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "labels": labels(name)},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Mi"}},
            "storageClassName": storage_class,
        },
    }


def route(name: str, host: str) -> Object:
    return {
        "apiVersion": "route.openshift.io/v1",
        "kind": "Route",
        "metadata": {"name": name, "labels": labels(name)},
        "spec": {"host": host, "to": {"kind": "Service", "name": "any"}},
    }


def created(obj: Object) -> str:
    """In whole seconds."""
    at: str = obj["metadata"]["creationTimestamp"]
    return at


class Told(Exception):
    """What was waited for has been said."""


def wait(
    cluster: Cluster, name: str, *objects: Object, until: str = "", deadline_s: float = DEADLINE_S
) -> None:
    """Raises what the waiting raises, or Told once it says `until`; what was made goes."""

    def report(event: Event) -> None:
        if until and until in event.message:
            raise Told

    for obj in objects:
        cluster.apply(obj)
    refs = [ObjectRef.of(obj) for obj in objects if obj["kind"] in ("Deployment", "Route")]
    try:
        until_ready(cluster, name, refs, deadline_s, time.monotonic() + deadline_s, report)
    finally:
        for obj in objects:
            cluster.delete(ObjectRef.of(obj))


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("quota", {"cpu": "9"}, "quota stalls has no room: asked for limits.cpu=9"),
        ("limits", {"memory": "2Gi"}, "at most 1Gi memory per container, 2Gi is asked for"),
        ("policy", {"securityContext": {"runAsUser": 0}}, "restricted-v2: .containers[0]"),
    ],
)  # fmt: skip
def test_a_pod_that_may_not_be_is_refused_with_the_cause(
    cluster: Cluster, name: str, changes: Object, words: str
) -> None:
    with pytest.raises(Refused) as error:
        wait(cluster, name, deployment(name, **changes))
    assert words in error.value.message
    assert "jhos status " in error.value.hint


def test_an_image_that_cannot_be_pulled_is_named(cluster: Cluster) -> None:
    with pytest.raises(JhosError, match=f"image {IMAGE} of container hub cannot be pulled"):
        wait(cluster, "pull", deployment("pull"))


def test_a_claim_without_a_volume_names_its_class(cluster: Cluster) -> None:
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": "unborn"}}
    wanted = deployment("unborn", volumes=[volume])
    with pytest.raises(JhosError, match=r"claim unborn \(class fast\) gets no volume: .*fast"):
        wait(cluster, "unborn", claim("unborn", "fast"), wanted)


def test_a_route_of_a_taken_address_says_who_has_it(cluster: Cluster) -> None:
    first = cluster.apply(route("first", "taken.localhost"))
    while created(cluster.apply(route("clock", "free.localhost"))) == created(first):
        cluster.delete(ObjectRef("Route", "clock"))  # of two of one second either may win
    with pytest.raises(JhosError, match=r"no router admits it: route first .*taken\.localhost"):
        wait(cluster, "second", route("second", "taken.localhost"))


def test_a_pod_that_no_node_takes_is_told_and_waited_for(cluster: Cluster) -> None:
    """A node may come."""
    nowhere = deployment("nowhere")
    nowhere["spec"]["template"]["spec"]["nodeSelector"] = {"gpu": "yes"}
    said = "no node takes the pod: 0/1 nodes are available"
    with pytest.raises(Told):
        wait(cluster, "nowhere", nowhere, until=said)
    with pytest.raises(OutOfTime, match=said) as error:
        wait(cluster, "nowhere", nowhere, deadline_s=5)
    assert "Another node size" in error.value.hint


def test_a_volume_that_cannot_be_mounted_is_told_and_waited_for(cluster: Cluster) -> None:
    volume = {"name": "secrets", "secret": {"secretName": "nowhere"}}
    wanted = deployment("unmounted", volumes=[volume])
    with pytest.raises(Told):
        wait(cluster, "unmounted", wanted, until='secret "nowhere" not found')
