"""A teardown with thousands of users, and a bare deletion of as much, side by side; before it,
what it takes to look at as much.

    .venv/bin/python -m benchmarks.teardown [--users N]

Starts an API server of its own, without a node. Each user has a pod and a volume claim, as the hub
makes them. The bare deletion is one request a kind, and a look at what is left until nothing is.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.far import far
from benchmarks.measure import HEAD, measured
from jhos.actions.edits import Given
from jhos.actions.pipeline import Manner, carry_out
from jhos.cluster.client import Cluster
from jhos.cluster.connect import connect
from jhos.cluster.facts import create_project
from jhos.cluster.parallel import parallel
from jhos.events import silent
from jhos.objects import INSTANCE, MANAGED_BY, SERVER, STORAGE, ObjectRef
from jhos.sandbox import daemon
from jhos.sandbox.layout import layout

NAME, PROJECT = "bench", "bench"
IMAGE = "registry.example.com/any@sha256:" + "1" * 64
POD = {"containers": [{"name": "notebook", "image": IMAGE}]}
CLAIM = {"resources": {"requests": {"storage": "1Gi"}}, "accessModes": ["ReadWriteOnce"]}
OF_USERS = {"Pod": (SERVER, POD), "PersistentVolumeClaim": (STORAGE, CLAIM)}


def reached(kubeconfig: Path) -> Cluster:
    cluster = connect(str(kubeconfig), None, PROJECT)
    cluster.wire.keep_trying(600)
    return cluster


def of_user(kind: str, number: int) -> dict[str, Any]:
    component, spec = OF_USERS[kind]
    labels = {"app": NAME, INSTANCE: NAME, "component": component, MANAGED_BY: "kubespawner"}
    meta = {
        "name": f"{component}-{number}",
        "labels": labels,
        "annotations": {"hub.jupyter.org/username": f"user-{number}"},
    }
    return {"apiVersion": "v1", "kind": kind, "metadata": meta, "spec": spec}


def populate(cluster: Cluster, users: int) -> None:
    wanted = [of_user(kind, number) for kind in OF_USERS for number in range(users)]
    parallel(cluster.create, wanted)


def deploy(cluster: Cluster) -> None:
    images = {part: {"image": IMAGE} for part in ("hub", "notebook", "database")}
    given = Given(settings={"name": NAME, **images})
    carry_out(cluster, NAME, given, Manner(timeout_s=600, report=silent, wait=False))


def bare_s(cluster: Cluster) -> float:
    began = time.perf_counter()
    selector = f"app={NAME}"
    parallel(lambda kind: cluster.delete_all(kind, selector, ObjectRef.of), OF_USERS)
    while any(cluster.metadata(kind, selector) for kind in OF_USERS):
        pass
    return time.perf_counter() - began


@contextmanager
def ready_server(state: Path) -> Iterator[Path]:
    """An API server of its own with the project; its kubeconfig."""
    where = layout(state)
    daemon.start(where, api_only=True)
    try:
        cluster = reached(where.kubeconfig)
        create_project(cluster)
        while not cluster.get(ObjectRef("ServiceAccount", "default")):
            time.sleep(0.1)
        yield where.kubeconfig
    finally:
        daemon.reset(where)


async def main(users: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        with ready_server(folder / "state") as kubeconfig:
            cluster = reached(kubeconfig)
            populate(cluster, users)
            bare = bare_s(cluster)
            deploy(cluster)
            populate(cluster, users)
            jhos, where = str(Path(sys.executable).with_name("jhos")), ("-n", PROJECT, "-q")
            commands = (
                # Without a node the hub is not ready, which is their exit code.
                ("jhos status", ("status", NAME), 1),
                ("jhos status --full", ("status", NAME, "--full"), 1),
                ("jhos list", ("list",), 0),
                ("jhos teardown", ("teardown", NAME, "--delete-storage", "-y"), 0),
            )
            async with far(kubeconfig, folder) as near:
                found = {
                    name: await measured(near, jhos, *words, *where, log=folder / "log", code=code)
                    for name, words, code in commands
                }
    print(f"{users} pods and claims\n{HEAD}")
    for name, measure in found.items():
        print(measure.row(name))
    print(f"times bare deletion: {measure.wall_s / bare:.2f} ({bare:.2f} s)")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--users", type=int, default=5000)
    asyncio.run(main(parser.parse_args().users))
