"""Jupyter's official images: what their pods need beside those of our own images."""

from collections.abc import Callable

import pytest
from traitlets.config import Config

from jhos.settings.load import load as settings_of
from jhos.settings.load import preset
from jhos_hub.spawner import is_docker_stacks
from tests.hub_image.pods import pods
from tests.sandbox.server import Api

LOAD = Callable[..., Config]
PROFILES = """
c.KubeSpawner.profile_list = [
    {"display_name": "Ours", "kubespawner_override": {"image": "example.com/ours:1"}},
    {"display_name": "SciPy", "slug": "scipy",
     "kubespawner_override": {"image": "quay.io/jupyter/scipy-notebook:2026-10-01"}},
]
"""


@pytest.mark.parametrize(
    ("image", "is_one"),
    [
        ("quay.io/jupyter/scipy-notebook:latest", True),
        ("jupyter/base-notebook", True),
        ("mirror.example.com:5000/quay/jupyter/pyspark-notebook@sha256:aa", True),
        ("quay.io/someone/jupyter-notebook:latest", False),
        ("s2i-minimal-notebook:3.12", False),
    ],
)
def test_an_official_image_is_known_by_its_name(image: str, is_one: bool) -> None:
    assert is_docker_stacks(image) is is_one


async def test_only_its_pods_get_its_group(cluster: Api, load: LOAD) -> None:
    assert cluster
    c = load(PROFILES)
    (ours,) = await pods(c, "alice", profile="ours")
    (official,) = await pods(c, "bob", profile="scipy")
    assert "supplementalGroups" not in ours["spec"]["securityContext"]
    assert official["spec"]["securityContext"]["supplementalGroups"] == [100]
    assert official["spec"]["securityContext"]["runAsNonRoot"] is True


async def test_its_pods_leave_home_and_user_to_image_and_cluster(cluster: Api, load: LOAD) -> None:
    assert cluster
    (pod,) = await pods(load(PROFILES), "bob", profile="scipy")
    container = pod["spec"]["containers"][0]
    assert container["args"][0] == "start-singleuser.sh"
    assert not {"workingDir", "runAsUser"} & {*container, *pod["spec"]["securityContext"]}
    assert "HOME" not in {each["name"] for each in container["env"]}


def test_the_preset_gives_time_for_a_large_image() -> None:
    notebook = settings_of(preset("docker-stacks")).notebook
    assert is_docker_stacks(notebook.image)
    assert notebook.start_timeout >= 600
