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


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["deploy", "--help"], ["completion",
                                   "bash"]])  # fmt: skip
def test_what_asks_no_cluster_loads_no_client(words: list[str]) -> None:
    command = [sys.executable, "-c", START, *words]
    loaded = subprocess.run(command, check=True, capture_output=True, text=True).stderr.split()
    assert not HEAVY.intersection(loaded)
