"""A command that asks the cluster imports nothing of what is seldom done."""

from collections.abc import Callable
from pathlib import Path

from jhos.actions.pipeline import Manner, carry_out
from jhos.cluster.client import Cluster
from jhos.events import silent
from tests.engine.conftest import IMAGE, given
from tests.loaded import modules

NAME = "quick"
SELDOM = {
    "jhos.actions.backup",
    "jhos.actions.build_images",
    "jhos.actions.hub_database",
    "jhos.actions.load_database",
    "jhos.archive",
    "jhos.cli.diff",
    "jhos.cli.render",
    "jhos.hubapi",
    "jhos.hubconfig",
    "jhos.images",
}
SETTINGS = {"jhos.settings.load", "jhos.settings.model"}
IMAGES = [f"--{part}-image={IMAGE}" for part in ("hub", "notebook", "database")]


def test_a_deployment_loads_neither_backup_nor_builds_nor_the_way_into_a_hub(
    reach: Callable[[], Cluster], kubeconfig: Path
) -> None:
    reach()
    words = ("deploy", "--name", NAME, *IMAGES, "--no-wait", "-n", "engine")
    for memory in ("2Gi", "2Gi", "1Gi"):  # made, found unchanged, changed
        found = modules(*words, "--hub-memory", memory, "--kubeconfig", str(kubeconfig))
        assert not SELDOM & found


def test_a_look_and_a_teardown_load_no_settings(
    reach: Callable[[], Cluster], kubeconfig: Path
) -> None:
    carry_out(reach(), NAME, given(NAME), Manner(timeout_s=60, report=silent, wait=False))
    for words in (("status",), ("teardown", "-y")):
        found = modules(*words, NAME, "-n", "engine", "--kubeconfig", str(kubeconfig))
        assert not SETTINGS & found
