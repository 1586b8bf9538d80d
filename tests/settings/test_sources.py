from typing import Any

import pytest

from jhos.errors import SettingsError
from jhos.settings.load import load
from jhos.settings.sources import (
    RESERVED,
    Source,
    beyond_defaults,
    explain,
    leaves,
    merged,
    nested,
    of_environment,
    variable,
)


@pytest.mark.parametrize(
    ("name", "text", "setting", "value"),
    [
        ("JHOS_NAME", "alpha", "name", "alpha"),
        ("JHOS_HUB_MEMORY_REQUEST", "100Mi", "hub.memory_request", "100Mi"),
        ("JHOS_HUB_ANNOUNCEMENT", "yes: [", "hub.announcement", "yes: ["),
        ("JHOS_HUB_ACTIVE_SERVERS", "5", "hub.active_servers", 5),
        ("JHOS_CULL_IDLE", "never", "cull.idle", None),
        ("JHOS_CULL_IDLE", "2h", "cull.idle", 7200),
        ("JHOS_CULL_USERS", "false", "cull.users", False),
        ("JHOS_AUTH_ALLOWED_USERS", "ann,ben", "auth.allowed_users", ("ann", "ben")),
        ("JHOS_AUTH_ALLOWED_USERS", "[ann, ben]", "auth.allowed_users", ("ann", "ben")),
        ("JHOS_NOTEBOOK_ENVIRONMENT", "A=b=c,D=", "notebook.environment", {"A": "b=c", "D": ""}),
        ("JHOS_NOTEBOOK_ENVIRONMENT", "{A: b}", "notebook.environment", {"A": "b"}),
    ],
)
def test_a_variable_gives_a_setting(name: str, text: str, setting: str, value: Any) -> None:
    settings: Any = load(merged(of_environment({name: text})))
    for part in setting.split("."):
        settings = getattr(settings, part)
    assert settings == value


def test_a_mistyped_variable_names_the_nearest() -> None:
    with pytest.raises(SettingsError, match="JHOS_HUB_MEMROY") as caught:
        of_environment({"JHOS_HUB_MEMROY": "1Gi"})
    assert "JHOS_HUB_MEMORY" in caught.value.hint


def test_a_variable_of_a_whole_section_is_told_what_it_may_be() -> None:
    with pytest.raises(SettingsError, match="JHOS_STORAGE is no setting") as caught:
        of_environment({"JHOS_STORAGE": "1Gi"})
    assert "JHOS_STORAGE_SIZE" in caught.value.hint


@pytest.mark.parametrize(
    "name",
    [*RESERVED, "JHOS_HUB_SERVICE_HOST", "JHOS_HUB_SERVICE_PORT", "JHOS_HUB_PORT",
     "JHOS_PROXY_PORT", "JHOS_DB_SERVICE_PORT_POSTGRESQL", "JHOS_PROXY_SERVICE_PORT", "PATH"],
)  # fmt: skip
def test_variables_of_others_are_left_alone(name: str) -> None:
    assert of_environment({name: "tcp://10.0.0.1:80"}) == []


@pytest.mark.parametrize(
    ("name", "text"), [("JHOS_CULL_USERS", "maybe"), ("JHOS_NOTEBOOK_ENVIRONMENT", "A")]
)
def test_a_variable_that_means_nothing_is_refused(name: str, text: str) -> None:
    with pytest.raises(SettingsError):
        load(merged(of_environment({name: text})))


def test_no_setting_has_the_variable_of_something_else() -> None:
    variables = [variable(path) for path, _ in leaves()]
    assert len(set(variables)) == len(variables)
    assert not set(RESERVED) & set(variables)


def test_a_value_is_explained_by_the_last_that_gives_it() -> None:
    sources = [
        Source("deployment", load({"hub": {"memory": "1Gi"}}).as_dict()),
        Source("jhos.yaml", {"hub": {"memory": "2Gi", "cpu": "2"}, "cull": {"idle": "2h"}}),
        Source("JHOS_HUB_MEMORY", nested("hub.memory", "3Gi")),
    ]
    origins = {origin.setting: (origin.value, origin.source) for origin in explain(sources)}
    assert origins["hub.memory"] == ("3Gi", "JHOS_HUB_MEMORY")
    assert origins["hub.cpu"] == ("2", "jhos.yaml")
    assert origins["cull.idle"] == (7200, "jhos.yaml")
    assert origins["proxy.memory"] == ("256Mi", "default")
    assert set(origins) == {path for path, _ in leaves()}


def test_only_what_differs_is_beyond_the_defaults() -> None:
    layer = {"name": "alpha", "hub": {"memory": "1Gi"}}
    assert beyond_defaults(load(layer).as_dict()) == layer
    assert beyond_defaults(load().as_dict()) == {}
