"""Model, defaults, descriptions, schema and options agree: to add a setting is to add it to all."""

import json
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from jhos.cli.setting_options import ROWS
from jhos.errors import SettingsError
from jhos.settings import schema
from jhos.settings.descriptions import DESCRIPTIONS
from jhos.settings.load import check_alone, defaults
from jhos.settings.model import Profile
from jhos.settings.sources import has, leaves

SECTIONS = {path.rpartition(".")[0] for path, _ in leaves()} - {""}
PROFILE = {f"profiles[].{field.name}" for field in fields(Profile)}


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    document = json.loads(schema.published())
    Draft202012Validator.check_schema(document)
    return Draft202012Validator(document)


def keys(layer: dict[str, Any], path: str = "") -> Iterator[str]:
    for key, value in layer.items():
        inner = f"{path}{key}"
        if isinstance(value, dict) and inner in SECTIONS:
            yield from keys(value, f"{inner}.")
        else:
            yield inner


def test_every_setting_has_a_default_and_a_description() -> None:
    settings = {path for path, _ in leaves()}
    assert set(keys(defaults())) == settings
    assert set(DESCRIPTIONS) == settings | SECTIONS | PROFILE


def test_every_option_is_a_setting() -> None:
    assert not [row for row in ROWS if not has(defaults(), row.setting)]


def test_the_defaults_are_valid(validator: Draft202012Validator) -> None:
    assert not list(validator.iter_errors(defaults()))


@pytest.mark.parametrize(
    "layer",
    [
        {},
        {"name": "alpha", "hub": {"memory": "1.5Gi", "cpu": 2, "active_servers": None}},
        {"cull": {"idle": "2h", "max_age": "never"}, "notebook": {"start_timeout": 30}},
        {"storage": {"size": "none"}, "notebook": {"environment": {"A": 1}}},
        {"profiles": [{"name": "big", "image": "a:b", "gpu": 1, "tolerations": [{"key": "gpu"}]}]},
        {"notebook": {"mount_secrets": ["keys=/etc/keys"], "mount_pvcs": ["data=/data:ro"]}},
        {"notebook": {"egress": ["10.1.0.0/16", "10.1.2.3", "fd00::/8", "data-lake"]}},
        {
            "route": {"host": "hub.example.com", "timeout": "90m"},
            "auth": {"type": "github", "client_id": "x"},
        },
    ],
)
def test_what_is_valid_is_loaded(validator: Draft202012Validator, layer: dict[str, Any]) -> None:
    assert not list(validator.iter_errors(layer))
    check_alone(layer)


@pytest.mark.parametrize(
    "layer",
    [
        {"nmae": "alpha"},
        {"name": "Alpha"},
        {"name": "a" * 41},
        {"hub": {"memory": "much"}},
        {"hub": {"memroy": "1Gi"}},
        {"hub": "large"},
        {"notebook": {"cpu": "2Gi"}},
        {"notebook": {"interface": "vim"}},
        {"notebook": {"mount_secrets": ["keys"]}},
        {"notebook": {"egress": ["nexus.example.com"]}},
        {"cull": {"idle": "soon"}},
        {"cull": {"idle": 0}},
        {"cull": {"users": "yes"}},
        {"storage": {"access_mode": "any"}},
        {"database": {"type": "mysql"}},
        {"auth": {"type": "nobody"}},
        {"auth": {"allowed_users": "ann"}},
        {"profiles": [{"title": "nameless"}]},
        {"profiles": [{"name": "big", "size": "1Gi"}]},
        {"route": {"host": "https://hub.example.com"}},
        {"route": {"timeout": "soon"}},
        {"route": {"timeout": 3600}},
        {"hub": {"active_servers": -1}},
        {"storage": {"mount_path": "work"}},
        {"notebook": {"environment": {"A B": "1"}}},
        {"notebook": {"environment": {"A": True}}},
        {"profiles": [{"name": "big", "environment": {"A B": "1"}}]},
        {"profiles": [{"name": "big", "mount_path": "work"}]},
    ],
)
def test_what_is_not_valid_is_refused_as_well(
    validator: Draft202012Validator, layer: dict[str, Any]
) -> None:
    assert list(validator.iter_errors(layer))
    with pytest.raises(SettingsError):
        check_alone(layer)
