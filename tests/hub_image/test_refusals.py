"""What a user reads where a server does not start."""

import json
from typing import Any

import pytest
from jupyterhub.spawner import SpawnException
from kubernetes_asyncio.client.exceptions import ApiException

from jhos_hub.refusals import of_delay, of_pod
from jhos_hub.spawner import readable_refusal

QUOTA = (
    'pods "a-nb-b" is forbidden: exceeded quota: compute, requested: limits.memory=512Mi,pods=1, '
    "used: limits.memory=2Gi,pods=4, limited: limits.memory=2Gi,pods=4"
)
Object = dict[str, Any]


async def refuse(status: int, body: bytes | None, reason: str = "Forbidden") -> None:
    error = ApiException(status=status, reason=reason)
    error.body = body
    raise error


def container(waiting: str, message: str = "", **last: Any) -> Object:
    return {
        "name": "notebook",
        "image": "quay.io/a/b:1",
        "state": {"waiting": {"reason": waiting, "message": message}},
        "lastState": {"terminated": last} if last else {},
    }


def pod(*containers: Object, **status: Any) -> Object:
    return {"status": {"phase": "Pending", "containerStatuses": list(containers), **status}}


async def test_a_full_quota_is_told_with_its_numbers() -> None:
    with pytest.raises(SpawnException) as caught:
        await readable_refusal(refuse(403, json.dumps({"message": QUOTA}).encode()))
    said = caught.value.jupyterhub_message
    assert "2Gi of 2Gi limits.memory are used and 512Mi is needed" in said
    assert "4 of 4 pods are used and 1 is needed" in said
    assert "exceeded quota: compute" in said
    assert (caught.value.reason, caught.value.status_code) == ("quota", 403)


@pytest.mark.parametrize(
    ("body", "words"), [(None, "Forbidden"), (b'{"message": "no such right"}', "no such right")]
)
async def test_any_other_refusal_is_told_as_well(body: bytes | None, words: str) -> None:
    with pytest.raises(SpawnException, match=f"refused to start your server: {words}") as caught:
        await readable_refusal(refuse(403, body))
    assert caught.value.reason == "forbidden"


async def test_what_is_no_refusal_stays_an_error() -> None:
    with pytest.raises(ApiException):
        await readable_refusal(refuse(500, None, "Internal Server Error"))


@pytest.mark.parametrize(
    ("status", "reason", "words"),
    [
        (pod(container("ErrImagePull", "not found")), "image", "image quay.io/a/b:1 cannot be pul"),
        (pod(container("CreateContainerConfigError", 'secret "a" not found')), "setup", '"a" not'),
        (pod(container("CrashLoopBackOff", exitCode=3)), "crash", "exit code 3"),
        (pod(container("CrashLoopBackOff", reason="OOMKilled")), "crash", "more memory"),
        (pod(phase="Failed", message="The node was low on disk"), "ended", "low on disk"),
        (
            pod(initContainerStatuses=[container("ImagePullBackOff", "denied")]),
            "image",
            "denied",
        ),
    ],
)
def test_a_pod_that_will_not_run_is_told_at_once(status: Object, reason: str, words: str) -> None:
    refused = of_pod(status)
    assert refused is not None
    assert refused.reason == reason
    assert words in refused.jupyterhub_message


@pytest.mark.parametrize("waiting", ["ContainerCreating", "PodInitializing"])
def test_a_pod_that_is_being_made_is_waited_for(waiting: str) -> None:
    assert of_pod(pod(container(waiting))) is None
    assert of_pod({}) is None


@pytest.mark.parametrize(
    ("seen", "warnings", "words"),
    [
        (None, [], "the cluster made no pod for it"),
        (
            pod(conditions=[{"type": "PodScheduled", "status": "False", "message": "0/3 nodes"}]),
            [],
            "no node takes it: 0/3 nodes",
        ),
        (
            pod(conditions=[{"type": "PodScheduled", "status": "False", "message": "unbound"}]),
            [
                {
                    "reason": "ProvisioningFailed",
                    "message": 'storageclass "fast" not found',
                    "involvedObject": {"kind": "PersistentVolumeClaim", "name": "a-nb-b"},
                }
            ],
            'volume a-nb-b is not ready: storageclass "fast" not found',
        ),
        (pod(container("ContainerCreating")), [], "ContainerCreating (notebook)"),
        (pod({"name": "notebook", "state": {"running": {}}}), [], "it runs, and is not ready"),
    ],
)
def test_a_server_that_is_late_says_what_it_waits_for(
    seen: Object | None, warnings: list[Object], words: str
) -> None:
    refused = of_delay(seen, warnings, 300)
    assert f"within 300 seconds: {words}" in refused.jupyterhub_message
