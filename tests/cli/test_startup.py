"""A start loads only what the command needs."""

import os
import subprocess
import sys

import pytest

from tests.shells import completing

HEAVY = {"kubernetes", "openshift", "urllib3", "requests", "rich", "jinja2", "yaml", "ssl"}
START = """
import sys
from jhos.cli import main
try:
    main(sys.argv[1:], prog_name="jhos", standalone_mode=False)
finally:
    print(*{name.partition(".")[0] for name in sys.modules}, file=sys.stderr)
"""


def loaded(*words: str, **environment: str) -> set[str]:
    command = [sys.executable, "-c", START, *words]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, env={**os.environ, **environment}
    )
    return set(done.stderr.splitlines()[-1].split())


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["deploy", "--help"], ["completion",
                                   "bash"]])  # fmt: skip
def test_what_asks_no_cluster_loads_no_client(words: list[str]) -> None:
    assert not HEAVY & loaded(*words)


@pytest.mark.parametrize("line", ["jhos de", "jhos deploy --hub-", "jhos deploy --auth=op"])
def test_completing_what_is_in_no_cluster_loads_no_client(line: str) -> None:
    assert not HEAVY & loaded(**completing(line))


def test_rendering_offline_loads_no_client() -> None:
    images = ("--hub-image", "quay.io/org/hub:1", "--notebook-image", "quay.io/org/notebook:1")
    found = loaded("render", "--offline", "-n", "demo", *images)
    assert HEAVY & found == {"jinja2", "yaml"}
