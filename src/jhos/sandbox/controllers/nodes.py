"""What the control plane says of a node whose agent is gone: neither it nor its pods are ready."""

import asyncio
from datetime import UTC, datetime

from jhos.sandbox.client import ApiClient, Object, suppress_not_found
from jhos.sandbox.controllers.informers import key_of
from jhos.sandbox.controllers.meta import is_true, with_condition
from jhos.sandbox.controllers.pods import PODS, is_finished

NODES = "api/v1/nodes"


async def mark_down(client: ApiClient) -> None:
    """Of every node, since all agents run under this control plane."""
    nodes, pods = await asyncio.gather(client.list(NODES), client.list(PODS))
    await asyncio.gather(
        *(_write(client, NODES, node, down(node, datetime.now(UTC))) for node in nodes),
        *(
            _write(client, PODS, pod, unready(pod, datetime.now(UTC)))
            for pod in pods
            if pod["spec"].get("nodeName") and not is_finished(pod) and is_true(pod, "Ready")
        ),
    )


def down(node: Object, now: datetime) -> list[Object]:
    """The node's conditions once nobody reports for it."""
    conditions = node.get("status", {}).get("conditions") or []
    message = "Kubelet stopped posting node status."
    return with_condition(conditions, "Ready", "Unknown", "NodeStatusUnknown", message, now)


def unready(pod: Object, now: datetime) -> list[Object]:
    """The pod's conditions while its node is down."""
    conditions = pod["status"].get("conditions") or []
    conditions = with_condition(conditions, "Ready", "False", "NodeNotReady", "", now)
    return with_condition(conditions, "ContainersReady", "False", "NodeNotReady", "", now)


async def _write(client: ApiClient, resource: str, obj: Object, conditions: list[Object]) -> None:
    namespace, name = key_of(obj)
    change = {"status": {"conditions": conditions}}
    with suppress_not_found():
        await client.patch(resource, namespace or None, name, change, "status", "strategic")
