"""What tests share: settings of one deployment, facts of one project."""

import os
import sys

import pytest

from jhos.render import Facts

# jsonschema, which JupyterHub imports, can do without it; its import alone takes three seconds.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type] # so an import fails
# Tests start hundreds of Python processes: each would compile all that it imports.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


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
