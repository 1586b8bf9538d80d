"""What a node that starts anew makes of containers that its predecessor had."""

from collections.abc import Sequence

from jhos.sandbox.client import Object
from jhos.sandbox.controllers.meta import timestamp
from jhos.sandbox.node.status import ContainerState

KILLED_EXIT = 137
LOST = "The container could not be located when the pod was terminated"


def restored(container: Object, statuses: Sequence[Object], *, again: bool) -> ContainerState:
    """The state to go on from; `again`: what has ended well runs once more (init containers)."""
    state = ContainerState(container["name"], container["image"])
    held = next((s for s in statuses if s["name"] == container["name"]), None)
    if held is None or "containerID" not in held:
        return state
    state.restarts, state.container_id = held["restartCount"], held["containerID"]
    state.image_id, state.last = held.get("imageID", ""), held.get("lastState") or {}
    terminated = (held.get("state") or {}).get("terminated")
    if "running" in (held.get("state") or {}):
        terminated = lost(held["state"]["running"], state.container_id)
    if terminated and again:
        state.last = {"terminated": terminated}
    elif terminated:
        state.state = {"terminated": terminated}
    return state


def lost(running: Object, container_id: str) -> Object:
    return {
        "exitCode": KILLED_EXIT,
        "reason": "ContainerStatusUnknown",
        "message": LOST,
        "startedAt": running.get("startedAt") or timestamp(),
        "finishedAt": timestamp(),
        "containerID": container_id,
    }
