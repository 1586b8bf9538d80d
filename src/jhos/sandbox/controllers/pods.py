"""Pods as controllers see them: which of them count, and those that a set of pods owns."""

from collections.abc import Sequence

from jhos.sandbox.client import Object
from jhos.sandbox.controllers.loop import Control, Loop
from jhos.sandbox.controllers.meta import controlled_by, controller_of, is_deleting

PODS = "api/v1/pods"


def active(pods: Sequence[Object]) -> list[Object]:
    """Pods that run or will."""
    return [pod for pod in pods if not is_deleting(pod) and not is_finished(pod)]


def is_finished(pod: Object) -> bool:
    return pod.get("status", {}).get("phase") in ("Succeeded", "Failed")


class OwnedPods:
    """The pods of all sets of one kind, whose controller reports as `component`."""

    def __init__(self, control: Control, kind: str, component: str, loop: Loop) -> None:
        self.control, self.kind, self.component, self.loop = control, kind, component, loop
        self.pods = control.informer(PODS)
        self.pods.listen(self._on_pod)

    def of(self, owner: Object) -> list[Object]:
        every = self.pods.all(owner["metadata"]["namespace"])
        return [pod for pod in every if controlled_by(pod, owner)]

    async def create(self, pod: Object) -> Object:
        return self.pods.written(await self.control.client.create(PODS, pod))

    async def delete(self, pod: Object) -> None:
        """This one, and not another that has its name by now."""
        meta = pod["metadata"]
        preconditions = {"uid": meta["uid"]}
        await self.control.client.delete(
            PODS, meta["namespace"], meta["name"], preconditions=preconditions
        )

    async def record(self, owner: Object, reason: str, message: str, kind: str = "Normal") -> None:
        await self.control.record(owner, reason, message, component=self.component, kind=kind)

    def _on_pod(self, _event: str, pod: Object) -> None:
        owner = controller_of(pod)
        if owner and owner["kind"] == self.kind:
            self.loop.add((pod["metadata"]["namespace"], owner["name"]))
