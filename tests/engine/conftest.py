"""An API server with nothing behind it, and a deployment's settings that need no images there."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from jhos.actions.edits import Given
from jhos.cli import main
from jhos.cluster.client import Cluster
from jhos.cluster.connect import connect
from jhos.cluster.facts import create_project
from jhos.objects import ObjectRef
from jhos.sandbox import daemon
from jhos.sandbox.layout import Layout, layout

IMAGE = "registry.example.com/any@sha256:" + "1" * 64
IMAGES = [f"--{part}-image={IMAGE}" for part in ("hub", "notebook", "database")]
PROJECT = "engine"
PROGRAMS = Path(sys.executable).parent

Reach = Callable[[], Cluster]
Jhos = Callable[..., Result]
Kubectl = Callable[..., str]
Launch = Callable[..., subprocess.Popen[str]]

_numbers = count(1)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Layout]:
    """With the project `engine`, in which each test has deployments of its own names."""
    where = layout(tmp_path_factory.mktemp("engine") / "state")
    daemon.start(where, api_only=True)
    create(where, PROJECT)
    yield where
    daemon.reset(where)


def create(server: Layout, project: str) -> None:
    """A project that is ready for use."""
    cluster = connect(str(server.kubeconfig), None, project)
    create_project(cluster)
    while not cluster.get(ObjectRef("ServiceAccount", "default")):
        pass


def reaching(server: Layout, project: str) -> Reach:
    def connected() -> Cluster:
        cluster = connect(str(server.kubeconfig), None, project)
        cluster.wire.keep_trying(60)
        return cluster

    return connected


@pytest.fixture
def reach(server: Layout) -> Reach:
    """A connection of one's own to the project `engine`."""
    return reaching(server, PROJECT)


@pytest.fixture
def project(server: Layout) -> str:
    """A project that no other test uses."""
    name = f"alone-{next(_numbers)}"
    create(server, name)
    return name


@pytest.fixture
def reach_alone(server: Layout, project: str) -> Reach:
    """A connection of one's own to `project`."""
    return reaching(server, project)


@pytest.fixture
def kubeconfig(server: Layout) -> Path:
    return server.kubeconfig


@pytest.fixture
def jhos(kubeconfig: Path) -> Jhos:
    """`jhos("deploy", …)` for the project `engine`, in this process; fails the test where the exit
    code is not `code`."""

    def run(*words: str, code: int = 0, kubeconfig: Path = kubeconfig) -> Result:
        environment = {"KUBECONFIG": str(kubeconfig), "JHOS_NAMESPACE": PROJECT}
        done = CliRunner().invoke(
            main, words, prog_name="jhos", env=environment, catch_exceptions=False
        )
        assert done.exit_code == code, f"{words}\n{done.output}"
        return done

    return run


@pytest.fixture
def launch(kubeconfig: Path) -> Iterator[Launch]:
    """`launch("deploy", …)`: the same as a process, for what a process alone shows."""
    environment = {**os.environ, "KUBECONFIG": str(kubeconfig), "JHOS_NAMESPACE": PROJECT}
    launched: list[subprocess.Popen[str]] = []

    def run(*words: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [PROGRAMS / "jhos", *words], env=environment, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        launched.append(process)
        return process

    yield run
    for process in launched:
        process.kill()
        process.communicate()


@pytest.fixture
def kubectl(kubeconfig: Path) -> Kubectl:
    """What kubectl prints, for the project `engine` unless the words name another one."""

    def run(*words: str) -> str:
        where = () if "-n" in words or "--raw" in words else ("-n", PROJECT)
        done = subprocess.run(
            [PROGRAMS / "kubectl", "--kubeconfig", kubeconfig, *where, *words],
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    return run


def given(name: str, **more: object) -> Given:
    images = {part: {"image": IMAGE} for part in ("hub", "notebook", "database")}
    return Given(settings={"name": name, **images, **more})
