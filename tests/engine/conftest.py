"""An API server with nothing behind it, and a deployment's settings that need no images there."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jhos.actions.edits import Given
from jhos.cluster.client import Cluster
from jhos.cluster.connect import connect
from jhos.cluster.facts import create_project
from jhos.objects import ObjectRef
from jhos.sandbox import daemon
from jhos.sandbox.layout import Layout, layout

IMAGE = "registry.example.com/any@sha256:" + "1" * 64


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Layout]:
    where = layout(tmp_path_factory.mktemp("engine") / "state")
    daemon.start(where, api_only=True)
    yield where
    daemon.reset(where)


@pytest.fixture
def reach(server: Layout) -> Callable[[], Cluster]:
    """A connection of one's own to the project `engine`."""

    def connected() -> Cluster:
        cluster = connect(str(server.kubeconfig), None, "engine")
        cluster.wire.keep_trying(60)
        return cluster

    create_project(connected())
    while not connected().get(ObjectRef("ServiceAccount", "default")):
        pass
    return connected


@pytest.fixture
def kubeconfig(server: Layout) -> Path:
    return server.kubeconfig


def given(name: str, **more: object) -> Given:
    images = {part: {"image": IMAGE} for part in ("hub", "notebook", "database")}
    return Given(settings={"name": name, **images, **more})
