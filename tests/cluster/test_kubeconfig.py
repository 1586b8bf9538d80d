"""Logins in a kubeconfig."""

import stat
from pathlib import Path

import pytest
import yaml

from jhos.cluster.kubeconfig import (
    Login,
    add,
    entry_of,
    forget,
    known_authority,
    merged,
    path_of,
)
from jhos.errors import ClusterUnreachable

LOGIN = Login(server="https://api.example.com:6443", user="ada", token="canary", authority="PEM")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "kube" / "config"


def test_a_login_is_written_as_oc_does_and_for_its_owner_alone(file: Path) -> None:
    assert add(file, LOGIN, "course") == "course/api-example-com:6443/ada"
    document = yaml.safe_load(file.read_text())
    assert document["current-context"] == "course/api-example-com:6443/ada"
    assert document["users"] == [{"name": "ada/api-example-com:6443", "user": {"token": "canary"}}]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_what_others_wrote_stays(file: Path) -> None:
    other = {"name": "other", "cluster": {"server": "https://other"}, "extra": 1}
    file.parent.mkdir()
    file.write_text(yaml.safe_dump({"clusters": [other], "preferences": {"colors": True}}))
    add(file, LOGIN, None)
    document = yaml.safe_load(file.read_text())
    assert other in document["clusters"]
    assert document["preferences"] == {"colors": True}


def test_a_known_cluster_keeps_its_entry_and_its_namespace(file: Path) -> None:
    extension = {"name": "jhos.dev/router", "extension": {"address": "127.0.0.1:80"}}
    entry = {"server": LOGIN.server, "extensions": [extension]}
    file.parent.mkdir()
    file.write_text(yaml.safe_dump({"clusters": [{"name": "mine", "cluster": entry}]}))
    add(file, LOGIN, "course")
    assert add(file, LOGIN, None).startswith("course/")
    clusters = yaml.safe_load(file.read_text())["clusters"]
    assert [each["name"] for each in clusters] == ["mine"]
    assert clusters[0]["cluster"]["extensions"] == [extension]


def test_the_authority_is_found_again(file: Path) -> None:
    add(file, LOGIN, None)
    assert known_authority(file, LOGIN.server) == "PEM"
    assert known_authority(file, "https://other") is None


def test_a_login_is_forgotten_once(file: Path) -> None:
    add(file, LOGIN, "course")
    assert forget(file, None) == LOGIN
    assert "canary" not in file.read_text()
    assert forget(file, None) is None
    assert forget(file, "nowhere") is None


def test_a_file_that_is_no_kubeconfig_is_left_alone(file: Path) -> None:
    file.parent.mkdir()
    file.write_text("- a list")
    with pytest.raises(ClusterUnreachable, match="cannot be used"):
        add(file, LOGIN, None)
    assert file.read_text() == "- a list"


def test_the_first_file_of_the_variable_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "/a/b:/c/d")
    assert path_of(None) == Path("/a/b")
    assert path_of("/e") == Path("/e")


def test_of_several_files_the_first_counts_as_for_kubectl(tmp_path: Path) -> None:
    for name, server in (("one", "https://one"), ("two", "https://two")):
        cluster = {"name": "same", "cluster": {"server": server}}
        document = {"current-context": name, "clusters": [cluster],
                    "contexts": [{"name": name, "context": {"cluster": "same"}}]}  # fmt: skip
        (tmp_path / name).write_text(yaml.safe_dump(document))
    found = merged(f"{tmp_path / 'none'}:{tmp_path / 'one'}:{tmp_path / 'two'}")
    assert found["current-context"] == "one"
    assert entry_of(found, "clusters", "same") == {"server": "https://one"}
    assert entry_of(found, "contexts", "two") == {"cluster": "same"}
    assert entry_of(found, "users", "nobody") == {}
