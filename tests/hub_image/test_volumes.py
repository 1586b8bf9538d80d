import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from traitlets.config import Config

from jhos.settings.load import load as settings_of
from jhos_hub.volumes import SCRIPT
from tests.hub_image.pods import pods


@pytest.fixture
def settings() -> dict[str, Any]:
    auth = {"type": "password", "allow_all": True}
    layer = {"name": "course", "auth": auth, "storage": {"size": "1Gi"}}
    return settings_of(layer).as_dict()


@pytest.fixture
def secrets_of_login(app_root: Path) -> None:
    (app_root / "secrets/auth-password").write_text("a long password for all\n")


@pytest.mark.usefixtures("secrets_of_login", "cluster")
async def test_every_user_gets_a_volume_that_is_filled_from_the_image(
    load: Callable[..., Config],
) -> None:
    users = ("ada", "bob")
    for user, pod in zip(users, await pods(load(), *users), strict=True):
        spec = pod["spec"]
        claims = [each["persistentVolumeClaim"]["claimName"] for each in spec["volumes"]]
        assert claims == [f"course-nb-{user}"]
        (seed,) = spec["initContainers"]
        assert seed["command"][2] == SCRIPT
        assert seed["args"][0] == spec["containers"][0]["volumeMounts"][0]["mountPath"]


def test_a_volume_is_filled_once(tmp_path: Path) -> None:
    image, volume = tmp_path / "image", tmp_path / "volume"
    image.mkdir()
    volume.mkdir()
    (image / "a.ipynb").write_text("of the image")
    seed(image, volume)
    (volume / "a.ipynb").write_text("of the user")
    seed(image, volume)
    assert (volume / "a.ipynb").read_text() == "of the user"


def test_an_image_without_the_directory_seeds_nothing(tmp_path: Path) -> None:
    seed(tmp_path / "none", tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == [".jhos-seeded"]


def seed(image: Path, volume: Path) -> None:
    subprocess.run(["sh", "-c", SCRIPT, "sh", str(image), str(volume)], check=True)
