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


# One process that forks for each command: they share the imports that all commands begin with.
ORDER = """
import os, sys
from jhos.cluster import handshakes
from jhos.cli import main
def begin(*_):
    print(words, "early" if "kubernetes" not in sys.modules else "late", sep=": ", flush=True)
    os._exit(0)
handshakes.begin = begin
for words in sys.argv[2:]:
    if not os.fork():
        main([*words.split(), "--kubeconfig", sys.argv[1]])
    os.wait()
"""
COMMANDS = (
    "list", "status a", "deploy", "diff", "check", "teardown a", "configure a --get hub", "logs a",
    "profiles list a", "profiles remove a b", "users list a", "servers list a", "storage list a",
    "top a", "open a", "settings show a", "rollout a status", "render",
)  # fmt: skip


def test_the_client_is_loaded_while_its_connections_are_made(tmp_path: Path) -> None:
    write_kubeconfig(tmp_path / "kubeconfig", "https://127.0.0.1:1")
    command = [sys.executable, "-c", ORDER, str(tmp_path / "kubeconfig"), *COMMANDS]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout.splitlines() == [f"{words}: early" for words in COMMANDS]
