"""A start loads only what the command needs."""

import subprocess
import sys

import pytest

HEAVY = {"kubernetes", "openshift", "urllib3", "requests", "rich", "jinja2", "yaml", "ssl"}
START = """
import sys
from jhos.cli import main
main(sys.argv[1:], standalone_mode=False)
print(*{name.partition(".")[0] for name in sys.modules}, file=sys.stderr)
"""


def loaded(*words: str) -> set[str]:
    command = [sys.executable, "-c", START, *words]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return set(done.stderr.splitlines()[-1].split())


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["deploy", "--help"], ["completion",
                                   "bash"]])  # fmt: skip
def test_what_asks_no_cluster_loads_no_client(words: list[str]) -> None:
    assert not HEAVY & loaded(*words)


def test_rendering_offline_loads_no_client() -> None:
    images = ("--hub-image", "quay.io/org/hub:1", "--notebook-image", "quay.io/org/notebook:1")
    found = loaded("render", "--offline", "-n", "demo", *images)
    assert HEAVY & found == {"jinja2", "yaml"}
