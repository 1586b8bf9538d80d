"""The Node object: what this machine has, and a sign of life every ten seconds."""

import asyncio
import logging
import os
import platform
from fractions import Fraction

import aiohttp

from jhos.sandbox.client import ApiClient, ApiError, Object
from jhos.sandbox.controllers.meta import timestamp
from jhos.sandbox.node.downward import capacity
from jhos.sandbox.node.network import NODE_ADDRESS

NODES = "api/v1/nodes"
NODE_NAME = "sandbox"
HEARTBEAT_S = 10.0
MAX_PODS = 250
LABELS = {
    "beta.kubernetes.io/os": "linux",
    "kubernetes.io/os": "linux",
    "kubernetes.io/hostname": NODE_NAME,
    "node-role.kubernetes.io/worker": "",
}
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
PRESSURES = {
    "MemoryPressure": "kubelet has sufficient memory available",
    "DiskPressure": "kubelet has no disk pressure",
    "PIDPressure": "kubelet has sufficient PID available",
}
log = logging.getLogger(__name__)


async def register(client: ApiClient) -> None:
    """The object with its status; an older one of the same name is taken over."""
    architecture = ARCHITECTURES.get(platform.machine(), platform.machine())
    labels = {**LABELS, "kubernetes.io/arch": architecture}
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE_NAME, "labels": labels}}
    try:
        await client.create(NODES, node)
    except ApiError as error:
        if error.reason != "AlreadyExists":
            raise
    await client.patch(NODES, None, NODE_NAME, {"status": status(architecture)}, "status")


async def beat(client: ApiClient) -> None:
    """Without end; a beat that does not get through is left out."""
    while True:
        await asyncio.sleep(HEARTBEAT_S)
        try:
            change = {"status": {"conditions": conditions()}}
            await client.patch(NODES, None, NODE_NAME, change, "status", "strategic")
        except (ApiError, aiohttp.ClientError) as error:
            log.warning("heartbeat: %s", error)


def status(architecture: str) -> Object:
    resources = {**{name: _quantity(name, value) for name, value in capacity().items()},
                 "pods": str(MAX_PODS)}  # fmt: skip
    return {
        "addresses": [
            {"type": "InternalIP", "address": NODE_ADDRESS},
            {"type": "Hostname", "address": NODE_NAME},
        ],
        "capacity": resources,
        "allocatable": resources,
        "conditions": conditions(),
        "nodeInfo": {
            "architecture": architecture,
            "bootID": "",
            "containerRuntimeVersion": "jhos://1",
            "kernelVersion": os.uname().release,
            "kubeProxyVersion": "v1.32.0",
            "kubeletVersion": "v1.32.0",
            "machineID": "",
            "operatingSystem": "linux",
            "osImage": platform.freedesktop_os_release().get("PRETTY_NAME", "Linux"),
            "systemUUID": "",
        },
    }


def conditions() -> list[Object]:
    now = timestamp()
    pressures = [
        _condition(kind, "False", f"KubeletHas{_enough(kind)}", message, now)
        for kind, message in PRESSURES.items()
    ]
    return [*pressures, _condition("Ready", "True", "KubeletReady", "node is posting status", now)]


def _condition(kind: str, state: str, reason: str, message: str, now: str) -> Object:
    return {
        "type": kind,
        "status": state,
        "reason": reason,
        "message": message,
        "lastHeartbeatTime": now,
        "lastTransitionTime": now,
    }


def _enough(kind: str) -> str:
    return "NoDiskPressure" if kind == "DiskPressure" else "Sufficient" + kind[: -len("Pressure")]


def _quantity(name: str, value: Fraction) -> str:
    return str(int(value)) if name == "cpu" else f"{int(value) // 1024}Ki"
