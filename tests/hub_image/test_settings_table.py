"""The reference says where each setting arrives; the hub's own configuration bears it out."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from traitlets.config import Config

from jhos.settings.load import load as load_settings

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| `(\S+)` \|.*\| ([^|]+) \|$", re.MULTILINE)

OIDC = {"type": "oidc", "url": "https://a", "client_id": "a", "allow_all": True}
# What to set, where the setting alone would be refused or would say nothing.
BESIDE: dict[str, dict[str, Any]] = {
    "storage": {"auth": {"type": "password", "allow_all": True}, "storage": {"size": "1Gi"}},
    "storage.size": {"auth": {"type": "password", "allow_all": True}},
    "auth": {"auth": OIDC},
    "auth.allow_all": {"auth": {**OIDC, "allowed_users": ["ada"]}},
    "notebook": {"auth": {"type": "password", "allow_all": True}},
}
OTHER: dict[str, Any] = {
    "hub.announcement": "Hello",
    "hub.active_servers": 3,
    "database.type": "sqlite",
    "notebook.image": "other",
    "notebook.memory": "1Gi",
    "notebook.memory_request": "128Mi",
    "notebook.cpu": "2",
    "notebook.cpu_request": "10m",
    "notebook.start_timeout": 7,
    "notebook.http_timeout": 7,
    "notebook.environment": {"A": "b"},
    "notebook.interface": "classic",
    "notebook.mount_secrets": ["a=/a"],
    "notebook.mount_pvcs": ["a=/a"],
    "storage.size": "2Gi",
    "storage.storage_class": "fast",
    "storage.access_mode": "ReadWriteMany",
    "storage.mount_path": "/home",
    "auth.type": "openshift",
    "auth.admin_users": ["ada"],
    "auth.allowed_users": ["ada"],
    "auth.allowed_groups": ["a"],
    "auth.admin_groups": ["a"],
    "auth.allow_all": False,
    "auth.client_id": "b",
    "auth.username_claim": "email",
    "cull.idle": 7,
    "cull.max_age": 7,
    "cull.users": False,
}

Load = Callable[..., Config]


@pytest.fixture
def hub(load: Load, app_root: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Config]:
    monkeypatch.delenv("JUPYTERHUB_NOTEBOOK_IMAGE")
    for key in ("auth-client-secret", "auth-password"):
        (app_root / "secrets" / key).write_text("a-long-enough-secret")

    def hub(*layers: dict[str, Any]) -> Config:
        settings = load_settings(*layers).as_dict()
        (app_root / "configs/settings.yaml").write_text(yaml.safe_dump(settings))
        return load()

    return hub


def nested(name: str, value: Any) -> dict[str, Any]:
    section, _, key = name.partition(".")
    return {section: {key: value}}


def rows() -> dict[str, list[str]]:
    """Setting → the traits that its row names."""
    found = ROW.findall((ROOT / "docs/reference.md").read_text())
    return {name: re.findall(r"`(\w+\.\w+)`", effect) for name, effect in found}


@pytest.mark.parametrize("name", list(OTHER))
def test_a_setting_arrives_where_the_table_says(name: str, hub: Callable[..., Config]) -> None:
    beside = BESIDE.get(name.partition(".")[0], {})
    beside = BESIDE.get(name, beside)
    before, after = hub(beside), hub(beside, nested(name, OTHER[name]))
    assert rows()[name], f"{name} has no trait in the table"
    for trait in rows()[name]:
        section, _, key = trait.partition(".")
        assert value(before, section, key) != value(after, section, key), trait


def value(c: Config, section: str, key: str) -> Any:
    return c[section].get(key)


def test_every_trait_of_the_table_is_tried() -> None:
    named = {name for name, traits in rows().items() if traits}
    untried = {"database.secret", "auth.secret", "auth.url", "auth.organizations", "profiles",
               "auth.bind_dn_templates"}  # fmt: skip # other tests here try them
    assert named - set(OTHER) == untried
