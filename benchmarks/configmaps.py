"""A thousand ConfigMaps by jhos's engine and by `kubectl apply --server-side`, side by side.

    .venv/bin/python -m benchmarks.configmaps [--count N] [--rtt MS]

Starts an API server of its own, without a node; between it and the programs stands a round-trip
time. The engine is what `jhos deploy` has below it: preview, plan and apply. `again`: unchanged.
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

import yaml

from benchmarks.far import Far, far
from benchmarks.measure import HEAD, Measured, measured
from benchmarks.teardown import PROJECT, ready_server
from jhos.apply import apply, preview
from jhos.cluster.connect import connect
from jhos.cluster.facts import read_kept
from jhos.events import silent
from jhos.objects import RENDERED, Object, digest, labels

NAME = "bench"
GOAL = 1 / 3  # of kubectl's time
NAMES = ("jhos's engine", "kubectl apply --server-side")


def configmap(number: int) -> Object:
    meta = {"name": f"{NAME}-{number}", "labels": labels(NAME, "configmap")}
    made: Object = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta,
                    "data": {"number": str(number), "text": "word " * 40}}  # fmt: skip
    meta["annotations"] = {RENDERED: digest(made)}
    return made


def by_engine(file: Path) -> None:
    """In a process of its own, as the others."""
    objects = list(yaml.load_all(file.read_text(), yaml.CSafeLoader))
    cluster = connect(None, None, PROJECT)
    cluster.wire.keep_trying(600)
    plan = preview(cluster, read_kept(cluster, NAME), objects, force=False)
    apply(cluster, NAME, plan, silent, force=False)


async def side_by_side(distant: Far, file: Path, log: Path) -> dict[str, Measured]:
    engine = (sys.executable, "-m", "benchmarks.configmaps", "--apply", str(file))
    where = ("-n", PROJECT, "-f", str(file))
    kubectl = ("kubectl", "apply", "--server-side", *where)
    found = {}
    for name, command in zip(NAMES, (engine, kubectl), strict=True):
        for words in ("first", "again"):
            found[f"{name}, {words}"] = await measured(distant, *command, log=log)
        rtt_s, distant.rtt_s = distant.rtt_s, 0
        away = ("kubectl", "delete", "configmap", "--all", "-n", PROJECT, "--wait=false")
        await measured(distant, *away, log=log)
        distant.rtt_s = rtt_s
    return found


async def main(count: int, rtt_ms: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        file = folder / "objects.yaml"
        file.write_text(yaml.dump_all(map(configmap, range(count)), Dumper=yaml.CSafeDumper))
        with ready_server(folder / "state") as kubeconfig:
            async with far(kubeconfig, folder) as distant:
                distant.rtt_s = rtt_ms / 1000
                found = await side_by_side(distant, file, folder / "log")
    print(f"{count} ConfigMaps, round trip {rtt_ms} ms\n{HEAD}")
    for name, measure in found.items():
        print(measure.row(name))
    for words in ("first", "again"):
        engine, kubectl = (found[f"{name}, {words}"].wall_s for name in NAMES)
        print(f"{words}: {engine / kubectl:.2f} of kubectl's time; goal: {GOAL:.2f} at most")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--rtt", type=int, default=50)
    parser.add_argument("--apply", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.apply:
        by_engine(given.apply)
    else:
        asyncio.run(main(given.count, given.rtt))
