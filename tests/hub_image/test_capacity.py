"""How many servers at once a project's quota has room for."""

from typing import Any

import pytest
from traitlets.config import Config

from jhos.settings.load import load as load_settings
from jhos_hub.capacity import room
from jhos_hub.hub import update_hub

Settings = dict[str, Any]


def quota(*scopes: str, **hard: str) -> dict[str, Any]:
    named = {name.replace("_", "."): value for name, value in hard.items()}
    return {"spec": {"hard": named} | ({"scopes": list(scopes)} if scopes else {})}


@pytest.mark.parametrize(
    ("quotas", "servers"),
    [
        ([], None),
        ([quota(services="5")], None),
        ([quota(pods="10")], 7),
        ([quota(pods="2")], 0),
        ([quota(limits_memory="4Gi")], 6),  # hub, proxy and database take 1Gi, a server 512Mi
        ([quota(limits_memory="4Gi"), quota(pods="5")], 2),
        ([quota("Terminating", pods="4")], None),
        ([quota("NotTerminating", pods="4")], 1),
    ],
)
def test_the_tightest_quota_decides(
    settings: Settings, quotas: list[dict[str, Any]], servers: int | None
) -> None:
    assert room(quotas, settings) == servers


def test_the_smallest_choice_counts() -> None:
    small = {"name": "small", "memory": "256Mi"}
    settings = load_settings({"profiles": [small, {"name": "large", "memory": "2Gi"}]}).as_dict()
    assert room([quota(limits_memory="2Gi")], settings) == 4


def test_what_the_settings_say_goes_before_any_quota(
    settings: Settings, secrets: dict[str, str]
) -> None:
    c = Config()
    settings["hub"]["active_servers"] = 3
    update_hub(c, settings, secrets)
    assert c.JupyterHub.active_server_limit == 3


def test_outside_a_cluster_there_is_no_limit(settings: Settings, secrets: dict[str, str]) -> None:
    c = Config()
    update_hub(c, settings, secrets)
    assert "active_server_limit" not in c.JupyterHub
