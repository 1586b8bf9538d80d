"""Messages as API servers, kubelets and provisioners of OpenShift write them."""

from typing import Any

import pytest

from jhos.stalls import crashed, of_claim, of_pod, refusal

LIMIT = (
    'pods "hub-1" is forbidden: [maximum memory usage per Container is 100Mi, but limit is 512Mi, '
    "minimum cpu usage per Container is 200m, but request is 100m]"
)
POLICY = (
    'pods "hub-1" is forbidden: unable to validate against any security context constraint: '
    '[provider "anyuid": Forbidden: not usable by user or serviceaccount, '
    "provider restricted-v2: .containers[0].runAsUser: Invalid value: 0: must be in the ranges: "
    '[1000660000, 1000669999], provider "privileged": Forbidden: not usable by user or '
    "serviceaccount]"
)


def pod(reason: str = "", restarts: int = 0, message: str = "") -> dict[str, Any]:
    state = {"waiting": {"reason": reason, "message": message}} if reason else {"running": {}}
    status = {"name": "hub", "image": "r/hub:1", "state": state, "restartCount": restarts}
    phase = "Pending" if reason else "Running"
    return {
        "kind": "Pod",
        "metadata": {"name": "p"},
        "status": {"phase": phase, "containerStatuses": [status]},
    }


def warning(reason: str, message: str, at: str = "") -> dict[str, Any]:
    return {"reason": reason, "message": message, "lastTimestamp": at}


@pytest.mark.parametrize(
    ("state", "hopeless"),
    [
        (pod("ErrImagePull"), False),
        (pod("ImagePullBackOff"), True),
        (pod("CrashLoopBackOff", 1), False),
        (pod("CrashLoopBackOff", 3), True),
        (pod("CreateContainerConfigError"), True),
    ],
)
def test_waiting_goes_on_while_there_is_hope(state: dict[str, Any], hopeless: bool) -> None:
    found = of_pod(state)
    assert found
    assert found.hopeless is hopeless


def test_a_crash_is_told_without_the_kubelets_pace() -> None:
    found = of_pod(pod("CrashLoopBackOff", 3, "back-off 20s restarting failed container=hub pod=p"))
    assert found
    assert found.words.endswith("container hub ends again and again")


@pytest.mark.parametrize("state", [pod(), pod("ContainerCreating"), pod("PodInitializing")])
def test_a_pod_on_its_way_is_no_stall(state: dict[str, Any]) -> None:
    assert of_pod(state) is None


def test_an_image_that_cannot_be_pulled_is_named_with_the_servers_words() -> None:
    found = of_pod(pod("ErrImagePull", message="manifest unknown"))
    assert found
    assert found.words == "image r/hub:1 of container hub cannot be pulled: manifest unknown"


def test_a_pod_without_a_node_says_why() -> None:
    condition = {"type": "PodScheduled", "status": "False", "message": "Insufficient memory"}
    found = of_pod({"metadata": {"name": "p"}, "status": {"conditions": [condition]}})
    assert found
    assert "Insufficient memory" in found.words
    assert not found.hopeless


def test_the_newest_warning_that_holds_a_pod_up_is_told() -> None:
    events = [
        warning("FailedMount", 'secret "a" not found', "2026-01-01T00:00:01Z"),
        warning("FailedMount", 'secret "b" not found', "2026-01-01T00:00:02Z"),
        warning("Unhealthy", "Readiness probe failed", "2026-01-01T00:00:03Z"),
    ]
    found = of_pod(pod("ContainerCreating"), events)
    assert found
    assert found.words == 'secret "b" not found'


def test_warnings_of_a_start_are_forgotten_once_it_runs() -> None:
    assert of_pod(pod(), [warning("FailedMount", 'secret "a" not found')]) is None


@pytest.mark.parametrize(
    ("wanted", "message", "words", "hopeless"),
    [
        ("fast", 'storageclass.storage.k8s.io "fast" not found', "(class fast)", True),
        (None, "no persistent volumes available for this claim and no storage class is set",
         "(the default class)", True),
        ("slow", "rpc error: too many requests", "(class slow)", False),
    ],
)  # fmt: skip
def test_a_claim_without_a_volume_names_its_class(
    wanted: str | None, message: str, words: str, hopeless: bool
) -> None:
    claim = {"metadata": {"name": "c"}, "spec": {"storageClassName": wanted}}
    found = of_claim(claim, [warning("ProvisioningFailed", message)])
    assert found
    assert words in found.words
    assert message in found.words
    assert found.hopeless is hopeless


def test_a_bound_claim_is_no_stall() -> None:
    claim = {"metadata": {"name": "c"}, "spec": {}, "status": {"phase": "Bound"}}
    assert of_claim(claim, [warning("ProvisioningFailed", "once")]) is None


def test_a_quota_is_told_with_its_numbers() -> None:
    said = refusal(
        'pods "hub-1" is forbidden: exceeded quota: small, requested: limits.memory=512Mi, '
        "used: limits.memory=1Gi, limited: limits.memory=1Gi"
    )
    assert (
        "asked for limits.memory=512Mi; used limits.memory=1Gi of limits.memory=1Gi" in said.words
    )


def test_a_limit_range_is_told_with_every_bound() -> None:
    assert refusal(LIMIT).words == (
        "a LimitRange of the project wants at most 100Mi memory per container, 512Mi is asked "
        "for, at least 200m cpu per container, 100m is asked for"
    )


def test_a_limit_range_is_told_with_its_ratio() -> None:
    message = "cpu max limit to request ratio per Container is 4, but provided ratio is 20.000000"
    assert refusal(f'pods "hub-1" is forbidden: {message}').words == (
        "a LimitRange of the project wants a limit of at most 4 times the request of cpu per "
        "container, 20 times is asked for"
    )


def test_a_policy_is_told_with_its_field_and_without_those_that_one_may_not_use() -> None:
    assert refusal(POLICY).words == (
        "no security context constraint allows the pod: restricted-v2: .containers[0].runAsUser: "
        "Invalid value: 0: must be in the ranges: [1000660000, 1000669999]"
    )


def test_the_last_words_are_those_of_the_container_that_ended() -> None:
    assert crashed(pod("CrashLoopBackOff", 2)) == "hub"
    assert crashed(pod()) == ""
