"""Logins in a kubeconfig."""

import json
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from jhos.cluster.connect import connect
from jhos.cluster.kubeconfig import (
    Login,
    add,
    context_of,
    forget,
    known_authority,
    paths_of,
)
from jhos.errors import ClusterUnreachable
from jhos.objects import ObjectRef
from tests.cluster.answering import Answer, answering, write_kubeconfig

LOGIN = Login(server="https://api.example.com:6443", user="ada", token="canary", authority="PEM")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "kube" / "config"


@pytest.fixture
def two(tmp_path: Path) -> list[Path]:
    """The second one exists, and has the cluster and a login there of some time ago."""
    files = [tmp_path / "first", tmp_path / "second"]
    add(files[1:], replace(LOGIN, token="old"), "course")
    return files


def by_kubectl(files: list[Path], *command: str) -> str:
    """What kubectl makes of the files."""
    found = subprocess.run(
        [Path(sys.executable).parent / "kubectl", "config", *command],
        env={"KUBECONFIG": ":".join(map(str, files)), "HOME": "/nowhere"},
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return found.stdout


def token(files: list[Path]) -> str:
    """The one that kubectl would log in with."""
    return by_kubectl(files, "view", "--minify", "--raw", "-o", "jsonpath={.users[0].user.token}")


def entries(file: Path) -> dict[str, list[str]]:
    document = yaml.safe_load(file.read_text())
    return {part: [each["name"] for each in document.get(part) or []]
            for part in ("clusters", "users", "contexts")}  # fmt: skip


def test_a_login_is_written_as_oc_does_and_for_its_owner_alone(file: Path) -> None:
    assert add([file], LOGIN, "course") == "course/api-example-com:6443/ada"
    document = yaml.safe_load(file.read_text())
    assert document["current-context"] == "course/api-example-com:6443/ada"
    assert document["users"] == [{"name": "ada/api-example-com:6443", "user": {"token": "canary"}}]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_what_others_wrote_stays(file: Path) -> None:
    other = {"name": "other", "cluster": {"server": "https://other"}, "extra": 1}
    file.parent.mkdir()
    file.write_text(yaml.safe_dump({"clusters": [other], "preferences": {"colors": True}}))
    add([file], LOGIN, None)
    document = yaml.safe_load(file.read_text())
    assert other in document["clusters"]
    assert document["preferences"] == {"colors": True}


def test_a_known_cluster_keeps_its_entry_and_its_namespace(file: Path) -> None:
    extension = {"name": "jhos.dev/router", "extension": {"address": "127.0.0.1:80"}}
    entry = {"server": LOGIN.server, "extensions": [extension]}
    file.parent.mkdir()
    file.write_text(yaml.safe_dump({"clusters": [{"name": "mine", "cluster": entry}]}))
    add([file], LOGIN, "course")
    assert add([file], LOGIN, None).startswith("course/")
    clusters = yaml.safe_load(file.read_text())["clusters"]
    assert [each["name"] for each in clusters] == ["mine"]
    assert clusters[0]["cluster"]["extensions"] == [extension]


def test_the_authority_is_found_again(file: Path) -> None:
    add([file], LOGIN, None)
    assert known_authority([file], LOGIN.server) == "PEM"
    assert known_authority([file], "https://other") is None


def test_a_login_is_forgotten_once(file: Path) -> None:
    add([file], LOGIN, "course")
    assert forget([file], None) == LOGIN
    assert "canary" not in file.read_text()
    assert forget([file], None) is None
    assert forget([file], "nowhere") is None


def test_a_file_that_is_no_kubeconfig_is_left_alone(file: Path) -> None:
    file.parent.mkdir()
    file.write_text("- a list")
    with pytest.raises(ClusterUnreachable, match="cannot be used"):
        add([file], LOGIN, None)
    assert file.read_text() == "- a list"


def test_of_several_files_the_first_counts_as_for_kubectl(tmp_path: Path) -> None:
    for name, server in (("one", "https://one"), ("two", "https://two")):
        cluster = {"name": "same", "cluster": {"server": server}}
        document = {"current-context": name, "clusters": [cluster],
                    "contexts": [{"name": name, "context": {"cluster": "same"}}]}  # fmt: skip
        (tmp_path / name).write_text(yaml.safe_dump(document))
    files = f"{tmp_path / 'none'}:{tmp_path / 'one'}:{tmp_path / 'two'}"
    assert context_of(files, None).name == "one"
    found = context_of(files, "two")
    assert (found.name, found.cluster, found.user) == ("two", {"server": "https://one"}, {})


def test_files_are_named_from_the_folder_of_the_kubeconfig(tmp_path: Path) -> None:
    document = {
        "current-context": "here",
        "clusters": [
            {"name": "c", "cluster": {"server": "https://one", "certificate-authority": "ca"}}
        ],
        "users": [{"name": "u", "user": {"tokenFile": "/run/token"}}],
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
    }
    (tmp_path / "config").write_text(yaml.safe_dump(document))
    found = context_of(str(tmp_path / "config"), None)
    assert found.cluster["certificate-authority"] == str(tmp_path / "ca")
    assert found.user["tokenFile"] == "/run/token"


def test_a_context_without_a_server_is_told(tmp_path: Path) -> None:
    document = {"contexts": [{"name": "here", "context": {"cluster": "none"}}]}
    (tmp_path / "config").write_text(yaml.safe_dump(document))
    with pytest.raises(ClusterUnreachable, match=r"context 'here' .* has no server"):
        context_of(str(tmp_path / "config"), "here")


@pytest.mark.parametrize(
    ("user", "token"),
    [
        ({"token": "plain"}, "plain"),
        ({"tokenFile": "kept"}, "of a file"),
        ({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "./program",
                   "interactiveMode": "Never"}}, "of a program"),
        ({}, ""),
    ],
)  # fmt: skip
def test_a_login_is_sent(user: dict[str, Any], token: str, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("of a file")
    program = tmp_path / "program"
    credential = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
                  "status": {"token": "of a program"}}  # fmt: skip
    program.write_text(f"#!/bin/sh\necho '{json.dumps(credential)}'\n")
    program.chmod(0o700)
    with answering(lambda _: Answer()) as server:
        write_kubeconfig(tmp_path / "config", server.address)
        document = yaml.safe_load((tmp_path / "config").read_text())
        document["users"][0]["user"] = user
        (tmp_path / "config").write_text(yaml.safe_dump(document))
        connect(str(tmp_path / "config"), None, "demo").get(ObjectRef("ConfigMap", "any"))
    assert server.requests[-1].token == token


def test_the_files_are_those_of_the_option_or_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "/a/b::/c/d")
    assert paths_of(None) == [Path("/a/b"), Path("/c/d")]
    assert paths_of("/e") == [Path("/e")]


def test_what_is_new_goes_into_the_first_file_that_exists(two: list[Path]) -> None:
    add(two, replace(LOGIN, user="eva"), "course")
    assert not two[0].exists()
    two[0].touch()
    add(two, replace(LOGIN, user="bob", token="new"), "course")
    host = "api-example-com:6443"
    assert entries(two[0]) == {
        "clusters": [], "users": [f"bob/{host}"], "contexts": [f"course/{host}/bob"],
    }  # fmt: skip
    assert token(two) == "new"


def test_with_no_file_yet_the_last_is_made_as_kubectl_does(tmp_path: Path) -> None:
    ours, theirs = ([tmp_path / each / "a", tmp_path / each / "b"] for each in ("ours", "theirs"))
    theirs[0].parent.mkdir()
    add(ours, LOGIN, "course")
    by_kubectl(theirs, "set-credentials", "ada", "--token=x")
    assert [each.exists() for each in ours] == [each.exists() for each in theirs] == [False, True]


def test_a_login_that_is_there_is_renewed_in_its_file(two: list[Path]) -> None:
    two[0].write_text("current-context: other\n")
    add(two, LOGIN, None)
    assert entries(two[0]) == {"clusters": [], "users": [], "contexts": []}
    assert token(two) == "canary"
    assert by_kubectl(two, "current-context").strip() == "course/api-example-com:6443/ada"


def test_a_logout_finds_the_login_in_whichever_file_it_is(two: list[Path]) -> None:
    two[0].write_text("apiVersion: v1\nkind: Config\n")
    assert known_authority(two, LOGIN.server) == "PEM"
    assert forget(two, None) == replace(LOGIN, token="old")
    assert token(two) == ""
    assert two[0].read_text() == "apiVersion: v1\nkind: Config\n"


def test_the_first_file_that_names_a_login_counts(two: list[Path]) -> None:
    add(two[:1], LOGIN, "course")
    assert token(two) == "canary"
    assert forget(two, None) == LOGIN
    assert "old" in two[1].read_text()
    assert token(two) == ""
    assert forget(two, None) is None
