from base64 import b64decode
from copy import deepcopy
from typing import Any

import pytest
import yaml
from jupyterhub.authenticators.shared import SharedPasswordAuthenticator

from jhos.errors import SettingsError
from jhos.settings.auth import check_secrets
from jhos.settings.load import check_alone, defaults, line_of, load, parse
from jhos.settings.secrets import KEYS, completed


def test_a_later_layer_wins_key_by_key() -> None:
    settings = load({"hub": {"memory": "1Gi", "cpu": "2"}}, {"hub": {"memory": "2Gi"}})
    assert (settings.hub.memory, settings.hub.cpu) == ("2Gi", "2")


def test_stored_settings_load_as_they_were() -> None:
    settings = load({"name": "alpha", "notebook": {"environment": {"A": "b"}}})
    assert load(parse(yaml.safe_dump(settings.as_dict()), "test")) == settings


def test_an_environment_is_replaced_whole() -> None:
    layers: list[dict[str, Any]] = [{"notebook": {"environment": {key: "1"}}} for key in "AB"]
    assert load(*layers).notebook.environment == {"B": "1"}


@pytest.mark.parametrize("name", ["Alpha", "1a", "a_b", "-a", "a-", "", "a" * 41, "a b", "ä"])
def test_a_name_that_cannot_prefix_objects_is_refused(name: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load({"name": name})
    assert "For example: " in caught.value.hint


def test_an_unknown_setting_names_the_nearest() -> None:
    with pytest.raises(SettingsError, match=r"no setting hub\.memroy") as caught:
        load({"hub": {"memroy": "1Gi"}})
    assert "hub.memory" in caught.value.hint


def test_what_is_mistyped_is_told_before_a_bad_value() -> None:
    with pytest.raises(SettingsError, match=r"no setting notebook\.memroy"):
        load({"hub": {"memory": "much"}, "notebook": {"memroy": "1Gi"}})


def test_what_is_wrong_is_told_as_it_was_written() -> None:
    with pytest.raises(SettingsError, match=r"environment\.DEBUG .* not true\.") as caught:
        load({"notebook": {"environment": {"DEBUG": True}}})
    assert '"true"' in caught.value.hint
    with pytest.raises(SettingsError, match="hub must be a mapping, not null"):
        load({"hub": None})


@pytest.mark.parametrize(
    "layer",
    [
        {"hub": {"memory": "much"}},
        {"hub": {"memory": "512 Mi"}},
        {"hub": {"memory": "512"}},
        {"hub": {"memory": "500m"}},
        {"hub": {"cpu": "2Gi"}},
        {"notebook": {"cpu": "0"}},
        {"database": {"storage": "0"}},
        {"route": {"host": "https://hub.example.com/"}},
        {"cull": {"idle": -1}},
        {"notebook": {"start_timeout": "soon"}},
        {"notebook": {"start_timeout": True}},
        {"notebook": []},
        {"cull": {"users": 1}},
        {"notebook": {"environment": {"DEBUG": True}}},
        {"notebook": {"environment": {"DEBUG": None}}},
        {"auth": {"type": "nobody"}},
    ],
)
def test_a_bad_value_is_refused(layer: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        load(layer)


LONG, LONGER = "x" * 8, "y" * 32


@pytest.mark.parametrize(
    ("admins", "given", "said"),
    [
        ([], {"auth-password": "x" * 7 + "\n"}, "--auth-secret-file"),
        (["ada"], {"auth-password": LONG}, "--secret-file auth-admin-password=FILE"),
        (["ada"], {"auth-password": LONG, "auth-admin-password": "y" * 31}, "Give another"),
        ([], {"auth-password": LONGER, "auth-admin-password": LONGER}, "Give another"),
    ],
)
def test_a_password_that_the_hub_does_not_take_is_refused(
    admins: list[str], given: dict[str, str], said: str
) -> None:
    auth = load({"auth": {"type": "password", "allow_all": True, "admin_users": admins}}).auth
    with pytest.raises(SettingsError) as caught:
        check_secrets(auth, given)
    assert said in caught.value.hint
    check_secrets(auth, {"auth-password": LONG, "auth-admin-password": LONGER})


def test_the_rules_of_passwords_are_those_of_jupyterhub() -> None:
    known = SharedPasswordAuthenticator
    assert len(LONG) == known._USER_PASSWORD_MIN_LENGTH
    assert len(LONGER) == known._ADMIN_PASSWORD_MIN_LENGTH


@pytest.mark.parametrize("document", ["a: [", "- a", "text"])
def test_what_is_no_mapping_is_refused(document: str) -> None:
    with pytest.raises(SettingsError, match="test"):
        parse(document, "test")


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("hub: {}\nhub: {}", "line 2: hub is there twice"),
        ("a: b: c", "line 1: mapping values"),
        ("? [a]\n: b", "line 1: found unhashable key"),
    ],
)
def test_a_document_that_is_wrong_names_the_line(document: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        parse(document, "test")


def test_a_number_serves_as_a_quantity() -> None:
    assert load({"hub": {"cpu": 2}}).hub.cpu == "2"


def test_a_request_follows_a_limit_below_it() -> None:
    notebook = load({"notebook": {"memory": "200Mi", "cpu": "20m"}}).notebook
    assert (notebook.memory_request, notebook.cpu_request) == ("200Mi", "20m")


def test_secrets_that_are_there_are_kept() -> None:
    first = completed({})
    assert set(first) == set(KEYS)
    assert completed(first) == first
    assert completed({"proxy-token": "b2xk"})["proxy-token"] == "b2xk"


def test_a_generated_secret_has_256_bits_in_hexadecimal() -> None:
    value = b64decode(completed({})["cookie-secret"]).decode()
    assert len(bytes.fromhex(value)) == 32


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("\nhub:\n  memroy: 1Gi\n", 3),
        ("hub: {memory: 1Gi}\nnotebook:\n  memory: lots\n", 3),
        ("profiles:\n- name: a\n  title: A\n- name: b\n  titel: B\n", 5),
        ("# all\nroute: {host: 'https://x'}\n", 2),
    ],
)
def test_what_is_wrong_in_a_file_is_found_in_its_line(text: str, line: int) -> None:
    with pytest.raises(SettingsError) as caught:
        check_alone(parse(text, "jhos.yaml"))
    assert line_of(text, caught.value.message) == line


def test_what_a_file_does_not_say_has_no_line() -> None:
    assert line_of("hub: {}", "There are two profiles named a.") is None


def test_no_layer_changes_the_defaults() -> None:
    before = deepcopy(defaults())
    load({"storage": {"size": "none"}, "cull": {"idle": "never"}, "hub": {"memory": "64Mi"}})
    assert defaults() == before
