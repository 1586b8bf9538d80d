"""A command that asks the cluster imports nothing of what is seldom done."""

from pathlib import Path

from jhos.actions.pipeline import Manner, carry_out
from jhos.events import silent
from tests.engine.conftest import IMAGES, PROJECT, Reach, given
from tests.loaded import modules_of_all

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


def test_a_deployment_loads_neither_backup_nor_builds_nor_the_way_into_a_hub(
    reach: Reach, kubeconfig: Path
) -> None:
    reach()
    words = ("deploy", "--name", "quick", *IMAGES, "--no-wait", "-n", PROJECT, "--kubeconfig",
             str(kubeconfig))  # fmt: skip
    memories = ("2Gi", "2Gi", "1Gi")  # created, found unchanged, changed
    found = modules_of_all([(*words, "--hub-memory", memory) for memory in memories])
    assert not SELDOM & found


def test_a_look_and_a_teardown_load_no_settings(reach: Reach, kubeconfig: Path) -> None:
    carry_out(reach(), "seen", given("seen"), Manner(timeout_s=60, report=silent, wait=False))
    where = ("seen", "-n", PROJECT, "--kubeconfig", str(kubeconfig))
    found = modules_of_all([("status", *where), ("teardown", "-y", *where)])
    assert not SETTINGS & found
