"""A default deployment by jhos, and the same objects by kubectl and helm, side by side.

    .venv/bin/python -m benchmarks.deploy [--rtt MS …] [--helm FILE] [--rounds N] [--project NAME]

Runs on the cluster of KUBECONFIG, in a project that is there; `jhos sandbox start --api-only` will
do, since the pods need not run. Between cluster and programs stands a round-trip time. kubectl is
the one of the PATH; helm is left out where there is none.
"""

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
from pathlib import Path

import yaml

from benchmarks.far import Far, far
from benchmarks.measure import HEAD, Measured, measured
from jhos.actions.edits import Given
from jhos.actions.pipeline import propose
from jhos.cluster.connect import connect
from jhos.objects import Object

JHOS = Path(sys.executable).with_name("jhos")
NAME = "bench"
IMAGE = "registry.example.com/any@sha256:" + "1" * 64
PARTS = ("hub", "notebook", "database")


def rendered(project: str) -> list[Object]:
    """What `jhos deploy` writes, but for its inventory."""
    cluster = connect(None, None, project)
    cluster.wire.keep_trying(30)
    images = {part: {"image": IMAGE} for part in PARTS}
    proposal = propose(cluster, NAME, Given(settings={"name": NAME, **images}))
    return [change.after for change in proposal.plan.writes if change.after]


def chart(folder: Path, objects: list[Object]) -> Path:
    (folder / "chart" / "templates").mkdir(parents=True)
    about = {"apiVersion": "v2", "name": NAME, "version": "1.0.0"}
    (folder / "chart" / "Chart.yaml").write_text(yaml.safe_dump(about))
    for index, obj in enumerate(objects):
        text = yaml.safe_dump(obj).replace("{{", '{{ "{{" }}')
        (folder / "chart" / "templates" / f"{index}.yaml").write_text(text)
    return folder / "chart"


Commands = dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]]


def programs(folder: Path, project: str, helm: str | None) -> Commands:
    """Of each: the first time, again, and what takes it away."""
    objects = rendered(project)
    (folder / "objects.yaml").write_text(yaml.safe_dump_all(objects))
    file = str(folder / "objects.yaml")
    images = [word for part in PARTS for word in (f"--{part}-image", IMAGE)]
    mine = (str(JHOS), "deploy", "-n", project, "--name", NAME, *images, "--no-wait", "-q",
            "--no-check")  # fmt: skip
    away = (str(JHOS), "teardown", NAME, "-n", project, "--delete-storage", "-y", "-q")
    apply = ("kubectl", "apply", "-n", project, "-f", file)
    delete = ("kubectl", "delete", "-n", project, "-f", file)
    found: Commands = {
        "jhos deploy --no-wait": (mine, mine, away),
        "kubectl apply": (apply, apply, delete),
        "kubectl apply --server-side": ((*apply, "--server-side"),) * 2 + (delete,),
    }
    if helm:
        upgrade = (helm, "upgrade", "--install", NAME, str(chart(folder, objects)), "-n", project)
        found["helm upgrade --install"] = (
            upgrade, upgrade, (helm, "uninstall", NAME, "-n", project, "--wait")
        )  # fmt: skip
    print(f"{len(objects)} objects")
    return found


async def side_by_side(far: Far, commands: Commands, folder: Path, rounds: int) -> None:
    """The median of the rounds, in which the programs take turns."""
    found: dict[str, list[Measured]] = {}
    for _ in range(rounds):
        for name, (first, again, away) in list(commands.items()):
            try:
                for words, command in (("first", first), ("again", again)):
                    done = await measured(far, *command, log=folder / "log")
                    found.setdefault(f"{name}, {words}", []).append(done)
                await measured(far, *away, log=folder / "log")
            except RuntimeError as error:  # for example an API server that knows no protobuf
                print(f"{name} is left out: {error}")
                del commands[name]
    print(HEAD, flush=True)
    for name, measures in found.items():
        print(sorted(measures, key=lambda each: each.wall_s)[len(measures) // 2].row(name))


async def main(arguments: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        commands = programs(folder, arguments.project, arguments.helm)
        async with far(Path(os.environ["KUBECONFIG"]), folder) as distant:
            for rtt_ms in arguments.rtt:
                print(f"\nround trip {rtt_ms} ms", flush=True)
                distant.rtt_s = rtt_ms / 1000
                await side_by_side(distant, commands, folder, arguments.rounds)


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rtt", type=int, nargs="+", default=[0, 50, 200])
    parser.add_argument("--helm", default=shutil.which("helm"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--project", default="bench")
    return parser.parse_args()


if __name__ == "__main__":
    asyncio.run(main(options()))
