"""Profiles for groups that the hub may never learn of."""

from typing import Any

import pytest

from jhos.settings.auth import of_unknown_groups
from jhos.settings.load import load

STAFF: list[dict[str, Any]] = [{"name": "small"}, {"name": "large", "groups": ["staff"]}]
CLIENT = {"client_id": "id", "allow_all": True}


@pytest.mark.parametrize(
    ("auth", "said"),
    [
        ({"type": "anonymous"}, "nobody is offered large: without a login"),
        ({"type": "native", "allow_all": True}, "login by accounts of the hub tells"),
        ({"type": "github", **CLIENT}, "large is offered only to whom an admin of the hub puts"),
    ],
)
def test_whoever_sees_them_is_said(auth: dict[str, Any], said: str) -> None:
    assert said in of_unknown_groups(load({"auth": auth, "profiles": STAFF}))


@pytest.mark.parametrize(
    ("auth", "profiles"),
    [
        ({"type": "anonymous"}, STAFF[:1]),
        ({"type": "openshift", "allow_all": True}, STAFF),
        ({"type": "oidc", "url": "https://login.example.com", **CLIENT}, STAFF),
        ({"type": "custom"}, STAFF),
    ],
)
def test_nothing_is_said_where_all_is_known(auth: dict[str, Any], profiles: list[Any]) -> None:
    assert not of_unknown_groups(load({"auth": auth, "profiles": profiles}))
