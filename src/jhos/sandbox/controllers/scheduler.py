"""The scheduler: binds each pod to a node that is ready and fits, or says why none does."""

from collections.abc import Sequence
from datetime import UTC, datetime
from fractions import Fraction

from jhos.sandbox.client import Object
from jhos.sandbox.controllers.informers import Key, key_of
from jhos.sandbox.controllers.loop import Control, Loop
from jhos.sandbox.controllers.meta import (
    condition,
    is_deleting,
    is_true,
    matches,
    with_condition,
)
from jhos.sandbox.controllers.pods import PODS, is_finished
from jhos.sandbox.controllers.volumes import CLAIMS, CLASSES, SELECTED_NODE, waits_for_pod
from jhos.sandbox.quantity import parse

NODES = "api/v1/nodes"
COMPONENT = "default-scheduler"


class Scheduler:
    """The controller."""

    def __init__(self, control: Control) -> None:
        self.control, self.client = control, control.client
        self.pods, self.nodes = control.informer(PODS), control.informer(NODES)
        self.claims, self.classes = control.informer(CLAIMS), control.informer(CLASSES)
        self.loop = Loop("scheduler", self.reconcile)
        self.pods.listen(self._on_pod)
        self.nodes.listen(self._on_other)
        self.claims.listen(self._on_other)

    async def run(self) -> None:
        await self.loop.run()

    def _on_pod(self, _event: str, pod: Object) -> None:
        if is_unbound(pod):
            self.loop.add(key_of(pod))

    def _on_other(self, _event: str, _obj: Object) -> None:
        """A pod that found no place may find one now."""
        for pod in self.pods.all():
            self._on_pod("", pod)

    async def reconcile(self, key: Key) -> float | None:
        pod = self.pods.get(*key)
        if pod is None or not is_unbound(pod):
            return None
        if problem := self._unready_claim(pod):
            await self._refuse(pod, problem)
            return None
        fitting, reasons = fit(pod, self.nodes.all())
        if fitting is None:
            await self._refuse(pod, unschedulable(reasons))
        elif not await self._select_node(pod, fitting):
            await self._bind(pod, fitting)
        return None

    def _unready_claim(self, pod: Object) -> str:
        """Why the pod's volumes cannot be had anywhere."""
        for name in claim_names(pod):
            claim = self.claims.get(pod["metadata"]["namespace"], name)
            if claim is None:
                return f'persistentvolumeclaim "{name}" not found'
            if is_deleting(claim):
                return f'persistentvolumeclaim "{name}" is being deleted'
            if not self._is_bound(claim) and not waits_for_pod(claim, self.classes.all()):
                return "pod has unbound immediate PersistentVolumeClaims"
        return ""

    async def _select_node(self, pod: Object, node: Object) -> bool:
        """Tell unbound claims where their pod will be; whether the pod has to wait for one."""
        namespace = pod["metadata"]["namespace"]
        claims = [self.claims.get(namespace, name) for name in claim_names(pod)]
        unbound = [claim for claim in claims if claim and not self._is_bound(claim)]
        chosen = {"metadata": {"annotations": {SELECTED_NODE: node["metadata"]["name"]}}}
        for claim in unbound:
            if SELECTED_NODE not in (claim["metadata"].get("annotations") or {}):
                name = claim["metadata"]["name"]
                self.claims.written(await self.client.patch(CLAIMS, namespace, name, chosen))
        return bool(unbound)

    async def _bind(self, pod: Object, node: Object) -> None:
        namespace, name = key_of(pod)
        binding = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": name, "namespace": namespace},
            "target": {"apiVersion": "v1", "kind": "Node", "name": node["metadata"]["name"]},
        }
        await self.client.post(PODS, namespace, f"{name}/binding", binding)
        message = f"Successfully assigned {namespace}/{name} to {node['metadata']['name']}"
        await self.control.record(pod, "Scheduled", message, component=COMPONENT)

    async def _refuse(self, pod: Object, message: str) -> None:
        held = condition(pod, "PodScheduled")
        if held and held.get("message") == message:
            return
        now = datetime.now(UTC)
        refused = with_condition(
            [held] if held else [], "PodScheduled", "False", "Unschedulable", message, now
        )
        changed = {"status": {"conditions": refused}}
        namespace, name = key_of(pod)
        # strategic: conditions that others write meanwhile are left alone
        answer = await self.client.patch(PODS, namespace, name, changed, "status", "strategic")
        self.pods.written(answer)
        await self.control.record(
            pod, "FailedScheduling", message, component=COMPONENT, kind="Warning"
        )

    def _is_bound(self, claim: Object) -> bool:
        return bool(claim.get("status", {}).get("phase") == "Bound")


def is_unbound(pod: Object) -> bool:
    return not pod["spec"].get("nodeName") and not is_deleting(pod) and not is_finished(pod)


def claim_names(pod: Object) -> list[str]:
    volumes = pod["spec"].get("volumes") or []
    return [
        v["persistentVolumeClaim"]["claimName"] for v in volumes if v.get("persistentVolumeClaim")
    ]


def fit(pod: Object, nodes: Sequence[Object]) -> tuple[Object | None, list[str]]:
    """A node for the pod, or one reason for each node.

    A node takes any number of pods, as limits are not enforced on it; one that asks for more
    than the whole node has is refused all the same.
    """
    reasons = []
    for node in nodes:
        reason = _misfit(pod, node)
        if not reason:
            return node, []
        reasons.append(reason)
    return None, reasons


def unschedulable(reasons: Sequence[str]) -> str:
    """In the scheduler's own words."""
    if not reasons:
        return "no nodes available to schedule pods"
    counted = ", ".join(f"{reasons.count(r)} {r}" for r in sorted(set(reasons)))
    return f"0/{len(reasons)} nodes are available: {counted}."


def _misfit(pod: Object, node: Object) -> str:
    if not is_true(node, "Ready"):
        return "node(s) were not ready"
    if node.get("spec", {}).get("unschedulable"):
        return "node(s) were unschedulable"
    if not matches(pod["spec"].get("nodeSelector") or {}, node):
        return "node(s) didn't match Pod's node affinity/selector"
    allocatable = node.get("status", {}).get("allocatable") or {}
    for resource, wanted in requests(pod).items():
        if wanted > parse(allocatable.get(resource, "0")):
            return f"Insufficient {resource}"
    return ""


def requests(pod: Object) -> dict[str, Fraction]:
    """By resource: the sum over its containers, or an init container's where that is more."""
    sums: dict[str, Fraction] = {}
    for container in pod["spec"]["containers"]:
        for resource, quantity in _requests(container).items():
            sums[resource] = sums.get(resource, Fraction(0)) + quantity
    for container in pod["spec"].get("initContainers") or []:
        for resource, quantity in _requests(container).items():
            sums[resource] = max(sums.get(resource, Fraction(0)), quantity)
    return sums


def _requests(container: Object) -> dict[str, Fraction]:
    asked = (container.get("resources") or {}).get("requests") or {}
    return {resource: parse(quantity) for resource, quantity in asked.items()}
