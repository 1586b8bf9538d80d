"""Statuses of pods, computed; what a restarted node makes of them; how long it waits."""

from datetime import UTC, datetime
from typing import Any

import pytest

from jhos.sandbox.node.backoff import BackOff
from jhos.sandbox.node.restore import restored
from jhos.sandbox.node.status import ContainerState, PodFacts, phase, pod_status

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
WAITING: dict[str, Any] = {"waiting": {"reason": "ContainerCreating"}}
RUNNING: dict[str, Any] = {"running": {}}


def ended(code: int) -> dict[str, Any]:
    return {"terminated": {"exitCode": code}}


def container(state: dict[str, Any], **more: Any) -> ContainerState:
    return ContainerState("main", "image", state=state, **more)


def facts(*states: Any, init: Any = (), policy: str = "Always", pod: Any = None) -> PodFacts:
    return PodFacts(
        pod=pod or {"spec": {"restartPolicy": policy}},
        init=[container(state) for state in init],
        containers=[s if isinstance(s, ContainerState) else container(s) for s in states],
        address="10.128.1.2",
        started=NOW,
    )


@pytest.mark.parametrize(
    ("states", "init", "policy", "expected"),
    [
        ([WAITING], [], "Always", "Pending"),
        ([WAITING], [RUNNING], "Always", "Pending"),
        ([WAITING], [ended(1)], "Always", "Pending"),
        ([WAITING], [ended(1)], "Never", "Failed"),
        ([RUNNING], [ended(0)], "Always", "Running"),
        ([RUNNING, WAITING], [], "Always", "Running"),
        ([ended(0), RUNNING], [], "Never", "Running"),
        ([ended(0)], [], "Never", "Succeeded"),
        ([ended(0), ended(3)], [], "Never", "Failed"),
        ([ended(3)], [], "OnFailure", "Running"),
        ([ended(0)], [], "OnFailure", "Succeeded"),
        ([ended(137)], [], "Always", "Running"),
    ],
)
def test_the_phase_follows_from_the_containers(
    states: Any, init: Any, policy: str, expected: str
) -> None:
    assert phase(facts(*states, init=init, policy=policy)) == expected


def test_a_container_in_its_crash_loop_is_of_a_running_pod() -> None:
    crashed = container({"waiting": {"reason": "CrashLoopBackOff"}}, last=ended(1), restarts=3)
    assert phase(facts(crashed)) == "Running"


def test_a_pod_is_ready_when_all_its_containers_are() -> None:
    ready, unready = container(RUNNING, ready=True), container(RUNNING)
    assert conditions(facts(ready))["Ready"]["status"] == "True"
    found = conditions(facts(ready, unready))["Ready"]
    assert found["status"] == "False"
    assert found["reason"] == "ContainersNotReady"
    assert found["message"] == "containers with unready status: [main]"


def test_a_completed_pod_says_so_in_its_conditions() -> None:
    assert conditions(facts(ended(0), policy="Never"))["Ready"]["reason"] == "PodCompleted"


def test_conditions_of_others_stay() -> None:
    scheduled = {"type": "PodScheduled", "status": "True", "lastTransitionTime": "2026"}
    pod = {"spec": {}, "status": {"conditions": [scheduled]}}
    assert conditions(facts(RUNNING, pod=pod))["PodScheduled"] == scheduled


def test_a_container_that_was_running_when_its_node_died_is_lost() -> None:
    held = {"name": "main", "containerID": "jhos://1", "restartCount": 2, "state": RUNNING}
    state = restored({"name": "main", "image": "i"}, [held], again=False)
    assert state.exit_code == 137
    assert state.restarts == 2


def test_an_init_container_runs_again_on_a_new_node() -> None:
    held = {"name": "main", "containerID": "jhos://1", "restartCount": 0, "state": ended(0)}
    state = restored({"name": "main", "image": "i"}, [held], again=True)
    assert state.exit_code is None
    assert state.last == ended(0)


def test_a_container_that_never_ran_starts_from_nothing() -> None:
    assert restored({"name": "main", "image": "i"}, [], again=False).state == WAITING


def test_delays_double_up_to_five_minutes_and_begin_anew_after_good_times() -> None:
    back_off = BackOff()
    assert [back_off.next() for _ in range(7)] == [0, 10, 20, 40, 80, 160, 300]
    assert back_off.next(lived_s=601) == 0


def conditions(of: PodFacts) -> dict[str, Any]:
    return {condition["type"]: condition for condition in pod_status(of, NOW)["conditions"]}
