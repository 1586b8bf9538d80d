"""A pod's status, computed from what is known of its containers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from jhos.sandbox.client import Object
from jhos.sandbox.controllers.meta import timestamp, with_condition
from jhos.sandbox.node.network import NODE_ADDRESS


@dataclass
class ContainerState:
    """`state` and `last` are `{waiting | running | terminated: …}` as on the wire."""

    name: str
    image: str
    state: Object = field(default_factory=lambda: {"waiting": {"reason": "ContainerCreating"}})
    last: Object = field(default_factory=dict)
    restarts: int = 0
    ready: bool = False
    started: bool = False
    image_id: str = ""
    container_id: str = ""

    @property
    def is_running(self) -> bool:
        return "running" in self.state

    @property
    def exit_code(self) -> int | None:
        """Of a container that has ended and does not start again."""
        terminated = self.state.get("terminated")
        return None if terminated is None else int(terminated["exitCode"])


@dataclass(frozen=True, kw_only=True)
class PodFacts:
    """All that the status is computed from."""

    pod: Object
    init: Sequence[ContainerState]
    containers: Sequence[ContainerState]
    address: str = ""
    started: datetime


def pod_status(facts: PodFacts, now: datetime) -> Object:
    """The whole `status`, conditions of others among it."""
    status: Object = {
        "phase": phase(facts),
        "conditions": conditions(facts, now),
        "hostIP": NODE_ADDRESS,
        "hostIPs": [{"ip": NODE_ADDRESS}],
        "startTime": timestamp(facts.started),
        "containerStatuses": [container_status(state) for state in facts.containers],
    }
    if facts.init:
        status["initContainerStatuses"] = [container_status(state) for state in facts.init]
    if facts.address:
        status |= {"podIP": facts.address, "podIPs": [{"ip": facts.address}]}
    return status


def phase(facts: PodFacts) -> str:
    codes = [state.exit_code for state in facts.containers]
    policy = facts.pod["spec"].get("restartPolicy", "Always")
    if policy == "Never" and any(state.exit_code for state in facts.init):
        return "Failed"
    if not is_initialized(facts):
        return "Pending"
    if codes and not any(is_due(code, policy) for code in codes):
        return "Failed" if any(codes) else "Succeeded"
    has_run = any(s.is_running or s.last or "terminated" in s.state for s in facts.containers)
    return "Running" if has_run else "Pending"


def is_due(exit_code: int | None, policy: str) -> bool:
    """Whether a container that ended so, or has not ended, is to run (again)."""
    return exit_code is None or policy == "Always" or (policy == "OnFailure" and exit_code != 0)


def is_initialized(facts: PodFacts) -> bool:
    return all(state.exit_code == 0 for state in facts.init)


def conditions(facts: PodFacts, now: datetime) -> list[Object]:
    """Those the kubelet answers for; others stay as they are."""
    result = list((facts.pod.get("status") or {}).get("conditions") or [])
    ended = phase(facts) in ("Succeeded", "Failed")
    for kind, problem, message in _findings(facts):
        reason = "PodCompleted" if ended and problem else problem
        state = "False" if problem else "True"
        text = "" if ended else message
        result = with_condition(result, kind, state, reason, text, now)
    return result


def _findings(facts: PodFacts) -> list[tuple[str, str, str]]:
    """Type, reason and message of each condition; without a reason it holds."""
    waiting = "containers with incomplete status"
    unready = [state.name for state in facts.containers if not state.ready]
    incomplete = [state.name for state in facts.init if state.exit_code != 0]
    not_ready = ("ContainersNotReady", f"containers with unready status: {_listed(unready)}")
    no_init = ("ContainersNotInitialized", f"{waiting}: {_listed(incomplete)}")
    none = ("", "")
    return [
        ("PodReadyToStartContainers", "" if facts.address else "PodSandboxNotReady", ""),
        ("Initialized", *(no_init if incomplete else none)),
        ("Ready", *(not_ready if unready else none)),
        ("ContainersReady", *(not_ready if unready else none)),
    ]


def container_status(state: ContainerState) -> Object:
    status: Object = {
        "name": state.name,
        "state": state.state,
        "lastState": state.last,
        "ready": state.ready,
        "restartCount": state.restarts,
        "image": state.image,
        "imageID": state.image_id,
        "started": state.started,
    }
    if state.container_id:
        status["containerID"] = state.container_id
    return status


def _listed(names: Sequence[str]) -> str:
    return "[" + " ".join(names) + "]"
