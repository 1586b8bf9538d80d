"""The configuration as a whole: its order, and the pods that KubeSpawner makes of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from jupyterhub.app import JupyterHub
from jupyterhub.proxy import ConfigurableHTTPProxy
from tmpauthenticator import TmpAuthenticator
from traitlets.config import Config

from jhos_hub.mounts import user_files
from jhos_hub.spawner import NotebookSpawner
from tests.hub_image.pods import pods, spawner
from tests.sandbox.server import Api

Load = Callable[..., Config]


async def pod(c: Config, user: str) -> dict[str, Any]:
    return (await pods(c, user))[0]


def test_every_trait_of_the_defaults_exists(load: Load) -> None:
    known = {
        "Authenticator": TmpAuthenticator,
        "JupyterHub": JupyterHub,
        "KubeSpawner": NotebookSpawner,
        "Spawner": NotebookSpawner,
        "ConfigurableHTTPProxy": ConfigurableHTTPProxy,
        "TmpAuthenticator": TmpAuthenticator,
    }
    for section, traits in load().items():
        assert set(traits) <= set(known[section].class_traits(config=True)), section


def test_what_is_configured_later_wins(load: Load) -> None:
    c = load(
        in_image="c.KubeSpawner.start_timeout = 1; c.KubeSpawner.http_timeout = 1",
        in_configmap="c.KubeSpawner.http_timeout = 2",
    )
    assert (c.KubeSpawner.start_timeout, c.KubeSpawner.http_timeout) == (1, 2)


def test_a_file_in_the_secret_is_read_before_the_configmap(load: Load, app_root: Path) -> None:
    hidden = "c.KubeSpawner.start_timeout = 1; c.KubeSpawner.http_timeout = 1"
    (app_root / "secrets/jupyterhub_config.py").write_text(hidden)
    c = load(in_configmap="c.KubeSpawner.http_timeout = 2")
    assert (c.KubeSpawner.start_timeout, c.KubeSpawner.http_timeout) == (1, 2)


def test_a_configuration_sees_what_came_before(load: Load) -> None:
    c = load(
        in_image="shared = application_name",
        in_configmap="c.KubeSpawner.pvc_name_template = f'{shared}-x'\n"
        "c.KubeSpawner.environment.update(A='1')",
    )
    assert c.KubeSpawner.pvc_name_template == "jupyterhub-x"
    assert c.KubeSpawner.environment == {"JUPYTER_NOTEBOOK_INTERFACE": "lab", "A": "1"}


def test_a_file_beside_the_sources_of_a_custom_image_is_read(app_root: Path) -> None:
    (app_root / "src/jupyterhub_config.py").write_text("c.KubeSpawner.port = 1")
    assert [str(path.relative_to(app_root)) for path in user_files()] == [
        "src/jupyterhub_config.py",
        "configs/jupyterhub_config.py",
    ]


def test_an_error_names_file_and_line(load: Load, app_root: Path) -> None:
    with pytest.raises(NameError) as caught:
        load(in_configmap="\nc.KubeSpawner.port = undefined")
    last = caught.traceback[-1]
    assert (str(last.path), last.lineno) == (str(app_root / "configs/jupyterhub_config.py"), 1)


def test_a_secret_is_read_by_its_key(load: Load, app_root: Path) -> None:
    (app_root / "secrets/mail").write_text("canary")
    c = load("c.KubeSpawner.environment = {'MAIL': get_secret('mail')}")
    assert c.KubeSpawner.environment == {"MAIL": "canary"}
    with pytest.raises(LookupError, match=r"get_secret\('post'\): there are .*mail"):
        load("get_secret('post')")


def test_the_image_pinned_at_deployment_is_used(load: Load) -> None:
    assert load().KubeSpawner.image == "registry.example.com/ns/notebook@sha256:aa"


@pytest.mark.usefixtures("cluster")
async def test_the_first_and_the_second_user_get_the_same_pod(load: Load) -> None:
    c = load()
    first, second = await pod(c, "alice"), await pod(c, "bob")
    assert first["metadata"]["name"] == "jupyterhub-nb-alice"
    assert second["metadata"]["name"] == "jupyterhub-nb-bob"
    for manifest in (first, second):
        container = manifest["spec"]["containers"][0]
        assert container["image"] == "registry.example.com/ns/notebook@sha256:aa"
        assert container["args"] == [
            "start-singleuser.sh",
            "--MappingKernelManager.cull_idle_timeout=3600",
            "--MappingKernelManager.cull_interval=300",
        ]
        assert container["ports"][0]["containerPort"] == 8888
        assert container["resources"] == {
            "limits": {"cpu": 1.0, "memory": 2**29},
            "requests": {"cpu": 0.05, "memory": 2**28},
        }


@pytest.mark.usefixtures("cluster")
async def test_a_pod_meets_the_restricted_policy_and_names_no_ids(load: Load) -> None:
    spec = (await pod(load(), "alice"))["spec"]
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"] == {
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
        "fsGroupChangePolicy": "OnRootMismatch",
    }
    assert spec["containers"][0]["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }


@pytest.mark.usefixtures("cluster")
async def test_a_pod_is_found_by_the_labels_of_its_deployment(load: Load) -> None:
    labels = (await pod(load(), "alice"))["metadata"]["labels"]
    expected = {
        "app": "jupyterhub",
        "component": "singleuser-server",
        "app.kubernetes.io/component": "singleuser-server",
        "app.kubernetes.io/instance": "jupyterhub",
        "app.kubernetes.io/managed-by": "jhos",
    }
    assert expected.items() <= labels.items()


@pytest.mark.usefixtures("cluster")
async def test_a_pod_does_not_inherit_the_addresses_of_services(load: Load) -> None:
    assert (await pod(load(), "alice"))["spec"]["enableServiceLinks"] is False


@pytest.mark.usefixtures("cluster")
async def test_braces_in_the_environment_are_kept(
    load: Load, app_root: Path, settings: dict[str, Any]
) -> None:
    settings["notebook"]["environment"] = {"TEMPLATE": "{user}", "DEPTH": 3}
    (app_root / "configs/settings.yaml").write_text(yaml.safe_dump(settings))
    env = (await pod(load(), "alice"))["spec"]["containers"][0]["env"]
    assert {"name": "TEMPLATE", "value": "{user}"} in env
    assert {"name": "DEPTH", "value": "3"} in env


async def test_cookies_of_servers_leave_settings_of_the_user_alone(
    cluster: Api, load: Load
) -> None:
    assert cluster
    own = "--ServerApp.tornado_settings={'headers': {}}"
    for args, last in (
        ([], "--ServerApp.tornado_settings={'xsrf_cookie_kwargs': {'secure': True, 'path': '/'}}"),
        ([own], own),
    ):
        made = spawner(load(f"c.KubeSpawner.args = {args}"), "ada")
        made.cookie_options = {"secure": True}
        assert made.get_args() == [last]
        assert made.args == args
