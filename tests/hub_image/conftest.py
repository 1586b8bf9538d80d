"""A hub's mounts as a deployment makes them, and its configuration as JupyterHub reads it."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from aiohttp import web
from kubespawner.clients import load_config
from traitlets.config import Config, PyFileConfigLoader

from jhos.sandbox.api import Cluster, create_app, runner
from jhos.sandbox.store import Store
from tests.sandbox.server import Api

REPOSITORY = Path(__file__).parents[2]
HUB_IMAGE = REPOSITORY / "hub-image"
MINIMAL = REPOSITORY / "notebook-images/minimal"

SECRETS = {"cookie-secret": "ab" * 32, "proxy-token": "routes", "database-password": "p@ss/word"}


@pytest.fixture
def settings() -> dict[str, Any]:
    """What `jhos deploy` stores where nobody says otherwise."""
    read: dict[str, Any] = yaml.safe_load(
        (REPOSITORY / "src/jhos/settings/defaults.yaml").read_text()
    )
    return read


@pytest.fixture
def secrets() -> dict[str, str]:
    return dict(SECRETS)


@pytest.fixture
def app_root(tmp_path: Path, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Path:
    """/opt/app-root of a hub pod."""
    for folder in ("bin", "configs", "data", "etc", "secrets", "src/.jupyter"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "configs/settings.yaml").write_text(yaml.safe_dump(settings))
    (tmp_path / "configs/jupyterhub_config.py").write_text("")
    for name, value in SECRETS.items():
        (tmp_path / "secrets" / name).write_text(value + "\n")
    monkeypatch.setenv("APP_ROOT", str(tmp_path))
    monkeypatch.setenv("JUPYTERHUB_NOTEBOOK_IMAGE", "registry.example.com/ns/notebook@sha256:aa")
    return tmp_path


@pytest.fixture
def load(app_root: Path) -> Callable[..., Config]:
    """The whole configuration, as the hub loads it, with the ConfigMap's file and the image's."""

    def load(in_configmap: str = "", in_image: str = "") -> Config:
        (app_root / "configs/jupyterhub_config.py").write_text(in_configmap)
        (app_root / "src/.jupyter/jupyterhub_config.py").write_text(in_image)
        return PyFileConfigLoader("jupyterhub_config.py", path=str(HUB_IMAGE)).load_config()

    return load


@pytest.fixture
async def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Api]:
    """The sandbox's API server, which KubeSpawner finds by a kubeconfig; no pod is run."""
    store = Store()
    running = runner(create_app(store, Cluster(token_key=b"key")))
    await running.setup()
    await web.TCPSite(running, "127.0.0.1", 0).start()
    address = "http://{}:{}/".format(*running.addresses[0])
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(
        "{apiVersion: v1, kind: Config, current-context: a,"
        " contexts: [{name: a, context: {cluster: a, user: a}}], users: [{name: a, user: {}}],"
        f" clusters: [{{name: a, cluster: {{server: '{address}'}}}}]}}"
    )
    monkeypatch.setattr(
        "kubernetes_asyncio.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(kubeconfig)
    )
    load_config.cache_clear()
    async with aiohttp.ClientSession(address) as http:
        api = Api(http, store)
        await api.post("/api/v1/namespaces", {"metadata": {"name": "default"}})
        yield api
    await running.cleanup()
    store.close()
