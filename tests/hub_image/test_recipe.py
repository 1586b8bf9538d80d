"""Every configuration of the recipe of old works unchanged: what the first two users get."""

import os
from collections.abc import Callable
from typing import Any

import pytest
from traitlets.config import Config

from jhos_hub.services import SCOPES, URL
from tests.hub_image import recipe
from tests.hub_image.pods import pods

BLOCKS = recipe.blocks()
Load = Callable[..., Config]

pytestmark = pytest.mark.usefixtures("cluster")


@pytest.mark.skipif(
    not os.environ.get("CI") and not recipe.ORIGINAL.is_file(), reason="the original is not at hand"
)
def test_the_blocks_are_those_of_the_recipe() -> None:
    assert list(BLOCKS.values()) == recipe.python_blocks(recipe.ORIGINAL.read_text())


async def both(c: Config, **options: Any) -> list[dict[str, Any]]:
    """What differs for the two users is taken out; they must be served alike."""
    first, second = await pods(c, "alice", "bob", **options)
    assert first["metadata"]["name"] == "jupyterhub-nb-alice"
    assert second["metadata"]["name"] == "jupyterhub-nb-bob"
    return [first["spec"], second["spec"]]


def container(spec: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = spec["containers"][0]
    return found


def variables(spec: dict[str, Any]) -> dict[str, str]:
    return {each["name"]: each.get("value", "") for each in container(spec)["env"]}


def test_timeouts(load: Load) -> None:
    c = load(BLOCKS["timeouts"])
    assert (c.KubeSpawner.start_timeout, c.KubeSpawner.http_timeout) == (180, 120)


@pytest.mark.parametrize("chosen", ["minimal", "scipy", "tensorflow"])
async def test_profiles_start_the_chosen_image(load: Load, chosen: str) -> None:
    c = load(BLOCKS["profiles"])
    for spec in await both(c, profile=f"s2i-{chosen}-notebook"):
        assert container(spec)["image"] == f"s2i-{chosen}-notebook:3.5"
        assert container(spec)["resources"]["limits"] == {"cpu": 1.0, "memory": 2**29}


def test_profiles_keep_titles_and_order(load: Load) -> None:
    listed = load(BLOCKS["profiles"]).KubeSpawner.profile_list
    assert [each["display_name"].split()[0] for each in listed] == [
        "Minimal",
        "SciPy",
        "Tensorflow",
    ]
    assert [each["slug"] for each in listed if each.get("default")] == ["s2i-minimal-notebook"]


async def test_the_first_profile_is_the_default(load: Load) -> None:
    for spec in await both(load(BLOCKS["profiles"])):
        assert container(spec)["image"] == "s2i-minimal-notebook:3.5"


@pytest.mark.parametrize("image", ["minimal", "scipy", "datascience", "tensorflow", "r"])
async def test_images_of_docker_stacks_get_their_group(load: Load, image: str) -> None:
    c = load(BLOCKS["docker-stacks-profiles"])
    for spec in await both(c, profile=f"{image}-notebook"):
        assert container(spec)["image"] == f"docker.io/jupyter/{image}-notebook:latest"
        assert spec["securityContext"]["supplementalGroups"] == [100]


async def test_a_group_for_all_images(load: Load) -> None:
    for spec in await both(load(BLOCKS["supplemental-group"])):
        assert spec["securityContext"]["supplementalGroups"] == [100]


async def test_jupyterlab_for_all(load: Load) -> None:
    for spec in await both(load(BLOCKS["lab"])):
        assert variables(spec)["JUPYTER_ENABLE_LAB"] == "true"


async def test_jupyterlab_for_one_profile(load: Load) -> None:
    # The block adds to a configuration that has chosen ProfilesSpawner.
    c = load("c.JupyterHub.spawner_class = 'wrapspawner.ProfilesSpawner'\n" + BLOCKS["lab-profile"])
    for spec in await both(c, profile="minimal-notebook"):
        assert variables(spec)["JUPYTER_ENABLE_LAB"] == "true"
        assert variables(spec)["JUPYTER_NOTEBOOK_INTERFACE"] == "lab"
        assert spec["securityContext"]["supplementalGroups"] == [100]


async def test_the_block_of_one_profile_without_its_spawner_is_a_choice_too(load: Load) -> None:
    for spec in await both(load(BLOCKS["lab-profile"]), profile="minimal-notebook"):
        assert container(spec)["image"] == "docker.io/jupyter/minimal-notebook:latest"


def test_github_lets_its_list_in_and_nobody_else(load: Load) -> None:
    from oauthenticator.github import GitHubOAuthenticator

    c = load(BLOCKS["github"])
    assert c.JupyterHub.authenticator_class is GitHubOAuthenticator
    login = GitHubOAuthenticator(config=c)
    assert login.allowed_users == {"user1", "user2", "user3", "user4"}
    assert login.admin_users == {"your-github-username"}
    assert login.client_id == "your-client-key-from-github"
    assert login.allow_all is False


async def test_storage_is_a_volume_for_each_user(load: Load) -> None:
    c = load(BLOCKS["storage"])
    assert c.KubeSpawner.storage_pvc_ensure is True
    assert c.KubeSpawner.storage_capacity == "1Gi"
    specs = await both(c)
    claims = [spec["volumes"][0]["persistentVolumeClaim"]["claimName"] for spec in specs]
    assert claims == ["jupyterhub-nb-alice-pvc", "jupyterhub-nb-bob-pvc"]
    for spec in specs:
        mount = {"name": "data", "mountPath": "/opt/app-root/src"}
        assert container(spec)["volumeMounts"] == [mount]


def test_storage_outlives_its_user(load: Load) -> None:
    assert load(BLOCKS["storage"]).KubeSpawner.delete_pvc is False


def test_culling_has_the_rights_to_cull_and_no_more(load: Load) -> None:
    c = load(BLOCKS["culling"])
    assert c.JupyterHub.services == [
        {"name": "cull-idle", "command": ["cull-idle-servers", "--timeout=300", URL]}
    ]
    assert c.JupyterHub.load_roles == [
        {"name": "cull-idle", "scopes": list(SCOPES), "services": ["cull-idle"]}
    ]


def test_all_blocks_at_once_are_one_configuration(load: Load) -> None:
    c = load("\n".join(code for name, code in BLOCKS.items() if name != "lab-profile"))
    assert len(c.KubeSpawner.profile_list) == 5
    assert not [name for name in c.KubeSpawner if name.startswith(("singleuser_", "user_"))]


def test_what_was_changed_is_said_once(load: Load, caplog: pytest.LogCaptureFixture) -> None:
    load(BLOCKS["docker-stacks-profiles"] + BLOCKS["supplemental-group"])
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == len(set(said))
    assert (
        "Configuration: KubeSpawner.singleuser_supplemental_gids is "
        "KubeSpawner.supplemental_gids now." in said
    )


def test_our_own_configuration_has_nothing_to_say(
    load: Load, caplog: pytest.LogCaptureFixture
) -> None:
    load()
    assert not caplog.records


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("c.ProfilesSpawner.profiles = [('A', 'a', 'dockerspawner.DockerSpawner', {})]",
         "'A' starts servers by dockerspawner.DockerSpawner"),
        ("c.ProfilesSpawner.profiles = [('A', 'a')]", "a profile is a tuple"),
        ("c.ProfilesSpawner.profiles = []", "profiles is empty"),
    ],
)  # fmt: skip
def test_a_profile_that_cannot_be_kept_is_refused(load: Load, code: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        load(code)


async def test_old_names_lost_by_kubespawner_are_kept(load: Load) -> None:
    c = load("c.KubeSpawner.singleuser_lifecycle_hooks = {'preStop': {'exec': {'command': ['a']}}}")
    for spec in await both(c):
        assert container(spec)["lifecycle"]["preStop"]["exec"] == {"command": ["a"]}


async def test_settings_of_every_spawner_go_before_our_defaults(load: Load) -> None:
    c = load("c.Spawner.mem_limit = '2G'; c.Spawner.environment = {'A': 'b'}")
    for spec in await both(c):
        assert container(spec)["resources"]["limits"]["memory"] == 2 * 2**30
        assert variables(spec)["A"] == "b"


async def test_the_plain_spawner_of_old_configurations_still_refuses_in_words(load: Load) -> None:
    c = load("c.JupyterHub.spawner_class = 'kubespawner.KubeSpawner'")
    assert c.JupyterHub.spawner_class == "jhos_hub.spawner.NotebookSpawner"


def test_all_settings_of_the_wrapper_are_kept_or_named(
    load: Load, caplog: pytest.LogCaptureFixture
) -> None:
    c = load(
        BLOCKS["profiles"]
        + "c.ProfilesSpawner.default_url = '/tree'; c.ProfilesSpawner.form_template = 'x'"
    )
    assert c.KubeSpawner.default_url == "/tree"
    assert "ProfilesSpawner.form_template has no effect" in caplog.text


@pytest.mark.parametrize("name", ["GitHubOAuthenticator", "Authenticator", "LDAPAuthenticator"])
def test_old_lists_of_any_authenticator_are_kept(load: Load, name: str) -> None:
    c = load(f"c.{name}.whitelist = {{'a'}}; c.{name}.blacklist = {{'b'}}")
    assert c[name].allowed_users == {"a"}
    assert c[name].blocked_users == {"b"}


def test_a_culler_of_users_may_delete_them(load: Load) -> None:
    c = load(BLOCKS["culling"].replace("--timeout=300'", "--timeout=300', '--cull_users'"))
    assert "admin:users" in c.JupyterHub.load_roles[0]["scopes"]
