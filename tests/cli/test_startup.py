"""A start loads only what the command needs."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster.answering import write_kubeconfig
from tests.loaded import modules
from tests.shells import completing

HEAVY = {"kubernetes", "openshift", "urllib3", "requests", "rich", "jinja2", "yaml", "ssl"}
IMAGES = ("--hub-image", "quay.io/org/hub:1", "--notebook-image", "quay.io/org/notebook:1")


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["deploy", "--help"], ["completion",
                                   "bash"]])  # fmt: skip
def test_what_asks_no_cluster_loads_no_client(words: list[str]) -> None:
    assert not HEAVY & modules(*words)


def test_help_lists_settings_without_their_model() -> None:
    assert "jhos.settings.model" not in modules("deploy", "--help")


@pytest.mark.parametrize("line", ["jhos de", "jhos deploy --hub-", "jhos deploy --auth=op"])
def test_completing_what_is_in_no_cluster_loads_no_client(line: str) -> None:
    assert not HEAVY & modules(**completing(line))


def test_rendering_offline_loads_no_client() -> None:
    found = modules("render", "--offline", "-n", "demo", *IMAGES)
    assert HEAVY & found == {"jinja2", "yaml"}


def test_rendering_offline_runs_no_configuration_where_there_is_none() -> None:
    found = modules("render", "--offline", "-n", "demo", *IMAGES)
    assert not {"subprocess", "jhos.hubconfig"} & found


ORDER = """
import sys
from jhos.cluster import handshakes
def begin(*_):
    print("early" if "kubernetes" not in sys.modules else "late")
    sys.exit()
handshakes.begin = begin
from jhos.cli import main
main(sys.argv[1:])
"""


@pytest.mark.parametrize(
    "words",
    ["list", "status a", "deploy", "diff", "check", "teardown a", "configure a --get hub", "logs a",
     "profiles list a", "profiles remove a b", "users list a", "servers list a", "storage list a",
     "top a", "open a", "settings show a", "rollout a status", "render"],
)  # fmt: skip
def test_the_client_is_loaded_while_its_connections_are_made(words: str, tmp_path: Path) -> None:
    write_kubeconfig(tmp_path / "kubeconfig", "https://127.0.0.1:1")
    command = [
        sys.executable,
        "-c",
        ORDER,
        *words.split(),
        "--kubeconfig",
        str(tmp_path / "kubeconfig"),
    ]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout == "early\n"
