"""What pods use is measured from their processes, and told as `metrics.k8s.io`."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jhos.sandbox.client import ApiError, Object
from jhos.sandbox.node import usage
from tests.sandbox.running import DEADLINE_S, Project, is_running
from tests.sandbox.server import serving

METRICS = "apis/metrics.k8s.io/v1beta1/pods"
NODE_METRICS = "apis/metrics.k8s.io/v1beta1/nodes"
MIB = 2**20
HUNGRY = f"""exec python3 -c 'held = b"x" * {64 * MIB}
while True: pass'"""


async def until(
    project: Project, holds: Callable[[list[Object]], Any], metrics: str = METRICS
) -> list[Object]:
    namespace = project.name if metrics == METRICS else None
    async with asyncio.timeout(DEADLINE_S):
        while not holds(found := await project.client.list(metrics, namespace)):
            await asyncio.sleep(0.1)
        return found


def memory_kib(metrics: Object) -> int:
    return int(metrics["containers"][0]["usage"]["memory"].removesuffix("Ki"))


async def test_memory_and_cpu_of_a_pod_are_told_while_it_runs(project: Project) -> None:
    await project.run("hungry", HUNGRY)
    await project.run("idle", "exec sleep 600")
    await project.until("hungry", is_running)
    found = await until(project, lambda told: len(told) == 2 and memory_kib(told[0]) > 64 * 1024)
    hungry, idle = (each["containers"][0]["usage"] for each in found)
    assert memory_kib(found[0]) < 100 * 1024
    assert memory_kib(found[1]) < 16 * 1024
    assert int(hungry["cpu"].removesuffix("n")) > int(idle["cpu"].removesuffix("n"))
    assert found[0]["metadata"]["labels"] == {"app": "hungry"}
    await project.client.delete("api/v1/pods", project.name, "hungry")
    await until(project, lambda told: [each["metadata"]["name"] for each in told] == ["idle"])


async def test_the_node_uses_what_all_use(project: Project) -> None:
    (node,) = await until(project, bool, NODE_METRICS)
    assert int(node["usage"]["memory"].removesuffix("Ki")) > 0


async def test_a_pod_that_is_not_measured_is_not_found(project: Project) -> None:
    told = f'podmetrics.metrics.k8s.io "{project.name}/none" not found'
    with pytest.raises(ApiError, match=told):
        await project.client.get(METRICS, project.name, "none")


async def test_without_a_node_there_is_no_such_api(tmp_path: Path) -> None:
    async with serving(tmp_path) as api:
        groups = [group["name"] for group in (await api.get("/apis"))["groups"]]
        assert "metrics.k8s.io" not in groups
        await api.get(f"/{METRICS}")
        assert api.status == 404


def test_the_processes_of_a_namespace_are_counted_together() -> None:
    held = usage.look()
    own = held[os.readlink("/proc/self/ns/pid")]
    assert own.memory > 1 * MIB
    assert own.cpu_s > 0
    assert held[usage.NODE].memory >= own.memory
