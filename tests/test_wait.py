from typing import Any

import pytest

from jhos.wait import is_hopeless, obstacle


def pod(reason: str = "", restarts: int = 0, message: str = "") -> dict[str, Any]:
    state = {"waiting": {"reason": reason, "message": message}} if reason else {"running": {}}
    status = {"name": "hub", "state": state, "restartCount": restarts}
    return {"kind": "Pod", "metadata": {"name": "p"}, "status": {"containerStatuses": [status]}}


@pytest.mark.parametrize(
    ("state", "hopeless"),
    [
        (pod(), False),
        (pod("ContainerCreating"), False),
        (pod("ImagePullBackOff"), True),
        (pod("CrashLoopBackOff", 1), False),
        (pod("CrashLoopBackOff", 3), True),
    ],
)
def test_waiting_goes_on_while_there_is_hope(state: dict[str, Any], hopeless: bool) -> None:
    assert is_hopeless(state) is hopeless


def test_an_obstacle_is_told_in_the_servers_words() -> None:
    assert obstacle(pod("ErrImagePull", message="manifest unknown")).endswith("manifest unknown")
    assert obstacle(pod()) == ""


def test_a_pod_without_a_node_says_why() -> None:
    condition = {"type": "PodScheduled", "status": "False", "message": "Insufficient memory"}
    state = {"metadata": {"name": "p"}, "status": {"conditions": [condition]}}
    assert "Insufficient memory" in obstacle(state)
