"""What the deployment mounts into the hub: settings, secrets, the user's configuration."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

Settings = dict[str, Any]
Secrets = dict[str, str]


def app_root() -> Path:
    """Where the image keeps everything; the variable is the builder image's own."""
    return Path(os.environ.get("APP_ROOT", "/opt/app-root"))


def settings() -> Settings:
    """`settings.yaml` of the ConfigMap, with the notebook image that was pinned at deployment."""
    read: Settings = yaml.safe_load((app_root() / "configs/settings.yaml").read_text())
    pinned = os.environ.get("JUPYTERHUB_NOTEBOOK_IMAGE")
    return read | {"notebook": read["notebook"] | {"image": pinned or read["notebook"]["image"]}}


def secrets() -> Secrets:
    """Key → value of the deployment's Secret, and of those that the settings name.

    Keys of a login's Secret begin with `auth-`, as where the deployment keeps them itself.
    """
    own, login, database = (_files(folder) for folder in ("secrets", "auth", "database"))
    return own | {f"auth-{key}": value for key, value in login.items()} | database


def secret(key: str) -> str:
    """For the user's configuration. Raises LookupError with the keys that there are."""
    found = secrets()
    if key not in found:
        raise LookupError(f"get_secret({key!r}): there are {', '.join(sorted(found))}")
    return found[key]


def _files(folder: str) -> Secrets:
    path = app_root() / folder
    files = path.iterdir() if path.is_dir() else ()
    return {file.name: file.read_text().strip() for file in files if file.is_file()}


def user_files() -> Iterator[Path]:
    """The image's own configuration (S2I), then the Secret's and the ConfigMap's: the last wins.

    One that holds secrets is in the Secret.
    """
    root = app_root()
    in_image = [root / "src/.jupyter/jupyterhub_config.py", root / "src/jupyterhub_config.py"]
    yield from [path for path in in_image if path.is_file()][:1]
    mounted = (root / folder / "jupyterhub_config.py" for folder in ("secrets", "configs"))
    yield from filter(Path.is_file, mounted)
