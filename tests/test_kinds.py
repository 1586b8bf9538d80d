from typing import Any

import pytest

from jhos.kinds import Status, readiness

CURRENT: dict[str, Any] = {
    "observedGeneration": 2,
    "replicas": 1,
    "updatedReplicas": 1,
    "availableReplicas": 1,
}
EXCEEDED = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}


def deployment(**status: Any) -> dict[str, Any]:
    return {
        "kind": "Deployment",
        "metadata": {"name": "hub", "generation": 2},
        "spec": {"replicas": 1},
        "status": {**CURRENT, **status},
    }


def route(*routers: str) -> dict[str, Any]:
    """What each router says of it."""
    conditions = [
        {"type": "Admitted", "status": status, "message": "host already claimed"}
        for status in routers
    ]
    return {
        "kind": "Route",
        "metadata": {"name": "hub"},
        "status": {"ingress": [{"conditions": [condition]} for condition in conditions]},
    }


def build(phase: str) -> dict[str, Any]:
    return {"kind": "Build", "metadata": {"name": "b"}, "status": {"phase": phase}}


@pytest.mark.parametrize(
    ("obj", "status"),
    [
        (deployment(), Status.READY),
        (deployment(observedGeneration=1), Status.PROGRESSING),
        (deployment(updatedReplicas=0), Status.PROGRESSING),
        (deployment(replicas=2), Status.PROGRESSING),
        (deployment(availableReplicas=0), Status.PROGRESSING),
        (
            deployment(conditions=[{"type": "ReplicaFailure", "status": "True", "message": "no"}]),
            Status.FAILED,
        ),
        (deployment(conditions=[EXCEEDED]), Status.FAILED),
        (deployment(conditions=[EXCEEDED], updatedReplicas=0), Status.PROGRESSING),
        (route("True"), Status.READY),
        (route("False"), Status.FAILED),
        (route("False", "True"), Status.READY),
        ({"kind": "Route", "metadata": {"name": "hub"}}, Status.PROGRESSING),
        (build("Complete"), Status.READY),
        (build("Running"), Status.PROGRESSING),
        (build("Cancelled"), Status.FAILED),
        ({"kind": "ConfigMap", "metadata": {"name": "c"}}, Status.READY),
    ],
)
def test_readiness_is_read_off_the_object(obj: dict[str, Any], status: Status) -> None:
    assert readiness(obj).status is status


def test_a_refusal_says_why() -> None:
    assert readiness(route("False")).message == "no router admits it: host already claimed"
