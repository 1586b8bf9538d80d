"""A sandbox that runs for all tests of the node, and a project of its own for each."""

from collections.abc import AsyncIterator, Iterator
from itertools import count

import pytest
from hypothesis import settings

from jhos.sandbox import daemon
from jhos.sandbox.client import ApiClient
from jhos.sandbox.layout import Layout, layout
from tests.sandbox.running import NAMESPACES, Project

NUMBERS = count(1)

# `--hypothesis-profile=thorough` looks longer for an example that fails.
settings.register_profile("quick", deadline=None, max_examples=40)
settings.register_profile("thorough", deadline=None, max_examples=1000)
settings.load_profile("quick")


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Layout]:
    where = layout(tmp_path_factory.mktemp("node") / "state")
    daemon.start(where)
    yield where
    daemon.reset(where)


@pytest.fixture
async def project(sandbox: Layout) -> AsyncIterator[Project]:
    name = f"test-{next(NUMBERS)}"
    async with ApiClient(sandbox.api_socket) as client:
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        await client.create(NAMESPACES, namespace)
        found = Project(client, sandbox, name)
        await found.until("default", lambda _: True, "api/v1/serviceaccounts")
        yield found
        await client.delete(NAMESPACES, None, name)
