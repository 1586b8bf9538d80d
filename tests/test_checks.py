from typing import Any

import pytest

from jhos.checks import BUILD, DEPLOY, TEARDOWN, check_host, check_rights
from jhos.errors import Refused, SettingsError
from jhos.kinds import KINDS
from jhos.settings.load import load

ADMIN = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
EVERY = (*DEPLOY, *TEARDOWN, *BUILD)


class Rights:
    """Of a cluster, only who may do what."""

    namespace, context = "demo", "here"

    def __init__(self, *rules: dict[str, Any]) -> None:
        self.given = rules

    def rules(self) -> list[dict[str, Any]]:
        return list(self.given)


def check(*rules: dict[str, Any]) -> None:
    check_rights(Rights(*rules), EVERY)  # type: ignore[arg-type] # all of Cluster that it uses


def of(kind: str) -> dict[str, Any]:
    row = KINDS[kind]
    groups = [row.api_version.rpartition("/")[0]]
    return {"verbs": ["*"], "apiGroups": groups, "resources": [row.plural, f"{row.plural}/*"]}


def test_an_admin_may_do_all() -> None:
    check(ADMIN)


def test_who_has_no_right_is_told_that_there_is_no_such_project() -> None:
    with pytest.raises(Refused, match="no project demo") as caught:
        check()
    assert "--create-project" in caught.value.hint


def test_a_missing_right_is_named() -> None:
    kinds = {kind.partition("/")[0] for _, kind in EVERY}
    rest = [of(kind) for kind in kinds - {"RoleBinding"}]
    upload = {
        "verbs": ["create"],
        "apiGroups": ["build.openshift.io"],
        "resources": ["buildconfigs/instantiatebinary"],
    }
    with pytest.raises(Refused, match="create RoleBinding") as caught:
        check(*rest, upload)
    assert "ConfigMap" not in caught.value.message
    assert "`admin`" in caught.value.hint


def test_a_right_to_one_named_object_is_no_right_to_its_kind() -> None:
    with pytest.raises(Refused):
        check({**ADMIN, "resourceNames": ["alpha"]})


def test_an_address_that_no_router_takes_is_refused() -> None:
    settings = load({"name": "a" * 34})
    check_host(settings, "b" * 28)
    with pytest.raises(SettingsError, match="64 characters"):
        check_host(settings, "b" * 29)
    check_host(load({"name": "a" * 34, "route": {"host": "hub.example.com"}}), "b" * 29)
