"""A start loads only what the command needs."""

import pytest

from tests.loaded import modules
from tests.shells import completing

HEAVY = {"kubernetes", "openshift", "urllib3", "requests", "rich", "jinja2", "yaml", "ssl"}
IMAGES = ("--hub-image", "quay.io/org/hub:1", "--notebook-image", "quay.io/org/notebook:1")


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["deploy", "--help"], ["completion",
                                   "bash"]])  # fmt: skip
def test_what_asks_no_cluster_loads_no_client(words: list[str]) -> None:
    assert not HEAVY & modules(*words)


@pytest.mark.parametrize("line", ["jhos de", "jhos deploy --hub-", "jhos deploy --auth=op"])
def test_completing_what_is_in_no_cluster_loads_no_client(line: str) -> None:
    assert not HEAVY & modules(**completing(line))


def test_rendering_offline_loads_no_client() -> None:
    found = modules("render", "--offline", "-n", "demo", *IMAGES)
    assert HEAVY & found == {"jinja2", "yaml"}


def test_rendering_offline_runs_no_configuration_where_there_is_none() -> None:
    found = modules("render", "--offline", "-n", "demo", *IMAGES)
    assert not {"subprocess", "jhos.hubconfig"} & found
