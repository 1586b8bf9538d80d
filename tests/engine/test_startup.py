"""A change of a deployment imports nothing of what is seldom done."""

from collections.abc import Callable
from pathlib import Path

from jhos.cluster.client import Cluster
from tests.engine.conftest import IMAGE
from tests.loaded import modules

SELDOM = {
    "jhos.actions.backup",
    "jhos.actions.build_images",
    "jhos.actions.hub_database",
    "jhos.actions.load_database",
    "jhos.archive",
    "jhos.hubapi",
    "jhos.hubconfig",
    "jhos.images",
}
IMAGES = [f"--{part}-image={IMAGE}" for part in ("hub", "notebook", "database")]


def test_a_deployment_loads_neither_backup_nor_builds_nor_the_way_into_a_hub(
    reach: Callable[[], Cluster], kubeconfig: Path
) -> None:
    reach()
    words = ("deploy", "--name", "quick", *IMAGES, "--no-wait", "-n", "engine")
    for memory in ("2Gi", "2Gi", "1Gi"):  # made, found unchanged, changed
        found = modules(*words, "--hub-memory", memory, "--kubeconfig", str(kubeconfig))
        assert not SELDOM & found
