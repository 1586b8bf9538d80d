"""Profiles of the settings, as users are offered them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from jupyterhub.spawner import SpawnException
from traitlets.config import Config

from jhos.settings.load import load as load_settings
from tests.hub_image.pods import pods, spawner

pytestmark = pytest.mark.usefixtures("cluster")

Load = Callable[..., Config]


@pytest.fixture
def offer(app_root: Path) -> Callable[..., None]:
    """Store these profiles, as `jhos` does."""

    def offer(*profiles: dict[str, Any]) -> None:
        stored = load_settings({"profiles": list(profiles)}).as_dict()
        (app_root / "configs/settings.yaml").write_text(yaml.safe_dump(stored))

    return offer


async def test_without_profiles_there_is_no_page_to_choose_on(load: Load) -> None:
    assert not await spawner(load(), "ada").get_options_form()


async def test_profiles_are_offered_without_a_restart(
    load: Load, offer: Callable[..., None]
) -> None:
    c = load()
    offer({"name": "small", "title": "A small one", "image": "s2i-minimal-notebook"})
    assert "A small one" in await spawner(c, "ada").get_options_form()
    offer({"name": "large", "title": "A large one", "image": "s2i-minimal-notebook"})
    assert "A large one" in await spawner(c, "ada").get_options_form()


async def test_a_profile_of_a_group_is_for_its_members(
    load: Load, offer: Callable[..., None]
) -> None:
    offer(
        {"name": "all", "title": "For all", "image": "s2i-minimal-notebook"},
        {"name": "few", "title": "For few", "image": "s2i-minimal-notebook", "groups": ["staff"]},
    )
    c = load()
    assert "For few" not in await spawner(c, "ada").get_options_form()
    assert "For few" in await spawner(c, "ada", ("staff",)).get_options_form()
    with pytest.raises(SpawnException, match="No such profile: few"):
        await pods(c, "ada", profile="few")


async def test_a_profile_sets_what_it_names_and_nothing_else(
    load: Load, offer: Callable[..., None]
) -> None:
    profile = {
        "name": "gpu", "image": "quay.io/a/b:1", "memory": "4Gi", "gpu": 1,
        "environment": {"MODE": "{fast}"}, "node_selector": {"gpu": "yes"},
    }  # fmt: skip
    offer({"name": "plain", "image": "quay.io/a/a:1"}, profile)
    for pod in await pods(load(), "ada", "bob", profile="gpu"):
        container = pod["spec"]["containers"][0]
        assert container["image"] == "quay.io/a/b:1"
        assert container["resources"]["limits"]["nvidia.com/gpu"] == "1"
        assert container["resources"]["limits"]["memory"] == 4 * 2**30
        assert {"name": "MODE", "value": "{fast}"} in container["env"]
        assert pod["spec"]["nodeSelector"] == {"gpu": "yes"}
        assert container["resources"]["limits"]["cpu"] == 1.0
