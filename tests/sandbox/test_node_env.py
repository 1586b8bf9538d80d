"""The environment of containers, by value."""

import base64
from typing import Any

import pytest

from jhos.sandbox.node.downward import ConfigError, field, resource
from jhos.sandbox.node.env import container_env, expand, sources

POD = {
    "metadata": {
        "name": "hub-1",
        "namespace": "demo",
        "uid": "u-1",
        "labels": {"app": "hub", "b": 'say "x"\n'},
    },
    "spec": {"nodeName": "sandbox", "serviceAccountName": "hub", "containers": []},
    "status": {"podIP": "10.128.1.2", "hostIP": "10.128.0.1"},
}
SECRET = {"data": {"password": base64.b64encode(b"s3cret").decode()}}
CONFIG = {"data": {"COLOUR": "blue"}}
FOUND = {("secret", "sec"): SECRET, ("configmap", "cfg"): CONFIG, ("secret", "none"): None}


def env_of(*env: dict[str, Any], found: Any = FOUND, **container: Any) -> dict[str, str]:
    return container_env({"name": "main", "env": list(env), **container}, POD, found, {"PATH": "/"})


def secret(name: str, key: str, **more: Any) -> dict[str, Any]:
    return {"name": "X", "valueFrom": {"secretKeyRef": {"name": name, "key": key, **more}}}


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("$(A)-$(B)", "1-$(B)"),
        ("$$(A)", "$(A)"),
        ("$A ${A} $", "$A ${A} $"),
        ("$(A", "$(A"),
    ],
)
def test_only_known_references_are_expanded(text: str, expanded: str) -> None:
    assert expand(text, {"A": "1"}) == expanded


def test_the_image_s_environment_is_kept_and_the_container_s_wins() -> None:
    env = env_of({"name": "PATH", "value": "/opt:$(PATH)"})
    assert env["PATH"] == "/opt:/"
    assert env["HOSTNAME"] == "hub-1"
    assert env["KUBERNETES_SERVICE_HOST"] == "172.30.0.1"


def test_a_later_variable_may_use_an_earlier_one() -> None:
    env = env_of(secret("sec", "password"), {"name": "URL", "value": "db://$(X)@host"})
    assert env["URL"] == "db://s3cret@host"


def test_all_entries_of_a_config_map_come_with_their_prefix() -> None:
    reference = {"prefix": "MY_", "configMapRef": {"name": "cfg"}}
    assert env_of(envFrom=[reference])["MY_COLOUR"] == "blue"


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        (secret("none", "password"), 'secret "none" not found'),
        (secret("sec", "user"), "couldn't find key user in Secret demo/sec"),
    ],
)
def test_what_is_missing_is_named(reference: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        env_of(reference)


@pytest.mark.parametrize("name", ["none", "sec"])
def test_what_is_optional_may_be_missing(name: str) -> None:
    assert "X" not in env_of(secret(name, "user", optional=True))


def test_the_sources_are_named_before_they_are_fetched() -> None:
    container = {"env": [secret("sec", "x")], "envFrom": [{"configMapRef": {"name": "cfg"}}]}
    assert sources(container) == {("secret", "sec"), ("configmap", "cfg")}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("metadata.name", "hub-1"),
        ("metadata.labels['app']", "hub"),
        ("metadata.annotations['none']", ""),
        ("metadata.labels", 'app="hub"\nb="say \\"x\\"\\n"\n'),
        ("status.podIP", "10.128.1.2"),
        ("spec.serviceAccountName", "hub"),
    ],
)
def test_a_pod_knows_its_own_fields(path: str, value: str) -> None:
    assert field(POD, path) == value


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(ConfigError, match="unsupported fieldPath"):
        field(POD, "spec.secrets")


@pytest.mark.parametrize(
    ("name", "divisor", "value"),
    [
        ("limits.memory", "1Mi", "512"),
        ("limits.memory", "0", str(512 * 2**20)),
        ("limits.cpu", "1", "1"),
        ("limits.cpu", "1m", "250"),
    ],
)
def test_resources_are_counted_in_divisors_rounded_up(name: str, divisor: str, value: str) -> None:
    container = {"resources": {"limits": {"memory": "512Mi", "cpu": "250m"}}}
    assert resource(container, {"resource": name, "divisor": divisor}) == value
