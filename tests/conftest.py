"""What tests share: settings of one deployment, facts of one project."""

import pytest

from jhos.render import Facts


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write tests/golden anew")


@pytest.fixture
def facts() -> Facts:
    return Facts(
        namespace="demo",
        hub_image="registry.example.com/demo/jupyterhub@sha256:aaaa",
        notebook_image="registry.example.com/demo/s2i-minimal-notebook@sha256:bbbb",
        database_image="registry.example.com/openshift/postgresql@sha256:cccc",
    )
