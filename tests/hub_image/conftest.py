"""A hub's mounts as a deployment makes them, and its configuration as JupyterHub reads it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from traitlets.config import Config, PyFileConfigLoader

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
