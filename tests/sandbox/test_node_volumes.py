"""The files of volumes: what is in them, and how they change."""

import base64
from pathlib import Path
from typing import Any

import pytest

from jhos.sandbox.client import Object
from jhos.sandbox.controllers.volumes import CLAIMS
from jhos.sandbox.node.downward import ConfigError
from jhos.sandbox.node.payload import File, files, sources, token_requests
from jhos.sandbox.node.volumes import show
from tests.sandbox.running import Project

POD = {"metadata": {"name": "hub", "namespace": "demo", "uid": "u"}, "spec": {"containers": []}}
FOUND: dict[tuple[str, str], Any] = {
    ("configmap", "cfg"): {"data": {"a": "A", "b": "B"}},
    ("secret", "sec"): {"data": {"key": base64.b64encode(b"\x00\x01").decode()}},
    ("configmap", "none"): None,
}


def test_a_config_map_becomes_files_with_the_default_mode() -> None:
    volume = {"name": "v", "configMap": {"name": "cfg", "defaultMode": 0o444}}
    assert files(volume, POD, FOUND, {}) == {"a": File(b"A", 0o444), "b": File(b"B", 0o444)}


def test_items_choose_names_and_modes() -> None:
    items = [{"key": "key", "path": "x/y", "mode": 0o400}]
    volume = {"name": "v", "secret": {"secretName": "sec", "items": items}}
    assert files(volume, POD, FOUND, {}) == {"x/y": File(b"\x00\x01", 0o400)}


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"name": "none"}, 'configmap "none" not found'),
        ({"name": "cfg", "items": [{"key": "z", "path": "z"}]}, "non-existent configmap key: z"),
    ],
)
def test_a_missing_source_is_an_error_unless_optional(source: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        files({"name": "v", "configMap": source}, POD, FOUND, {})
    assert files({"name": "v", "configMap": {**source, "optional": True}}, POD, FOUND, {}) == {}


def test_a_projected_volume_gathers_its_sources() -> None:
    volume = {
        "name": "v",
        "projected": {
            "defaultMode": 0o600,
            "sources": [
                {"serviceAccountToken": {"path": "token", "expirationSeconds": 60}},
                {"configMap": {"name": "cfg", "items": [{"key": "a", "path": "ca.crt"}]}},
                {"downwardAPI": {"items": [
                    {"path": "namespace", "fieldRef": {"fieldPath": "metadata.namespace"}}
                ]}},
            ],
        },
    }  # fmt: skip
    shown = files(volume, POD, FOUND, {"token": "T"})
    assert {name: file.content for name, file in shown.items()} == {
        "token": b"T",
        "ca.crt": b"A",
        "namespace": b"demo",
    }
    assert sources(volume) == {("configmap", "cfg")}
    assert [request["path"] for request in token_requests(volume)] == ["token"]


def test_files_change_all_at_once_and_old_ones_go(tmp_path: Path) -> None:
    show({"a": File(b"1", 0o644), "sub/b": File(b"2", 0o600)}, tmp_path)
    assert (tmp_path / "a").read_text() == "1"
    assert (tmp_path / "sub/b").stat().st_mode & 0o777 == 0o600
    before = (tmp_path / "..data").readlink()
    show({"a": File(b"3", 0o644)}, tmp_path)
    assert (tmp_path / "a").read_text() == "3"
    assert (tmp_path / "..data").readlink() != before
    assert sorted(path.name for path in tmp_path.iterdir() if path.name[0] != ".") == ["a"]
    assert not (tmp_path / before).exists()


def test_a_volume_may_be_empty(tmp_path: Path) -> None:
    show({}, tmp_path)
    assert list((tmp_path / "..data").iterdir()) == []


def test_a_token_is_for_the_owner_and_the_group_of_the_pod() -> None:
    pod = {**POD, "spec": {"securityContext": {"fsGroup": 1000}, "containers": []}}
    source = {"serviceAccountToken": {"path": "token", "expirationSeconds": 60}}
    volume = {"name": "v", "projected": {"sources": [source], "defaultMode": 0o644}}
    assert files(volume, pod, {}, {"token": "T"})["token"].mode == 0o600


async def claimed(project: Project, name: str) -> Object:
    """The volume of a new claim as part of a pod's spec, mounted at /data."""
    await project.create(
        CLAIMS,
        "PersistentVolumeClaim",
        name,
        spec={"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    )
    return {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": name}}]}


MOUNT = [{"name": "data", "mountPath": "/data"}]
WRITE = (
    "cd /data && mkdir -m 700 .ssh && echo k > .ssh/key && chmod 600 .ssh/key && ln -s key .ssh/l"
)
SHOW = "stat -c '%a %n' /data /data/.ssh /data/.ssh/key"


async def test_a_second_mount_opens_all_files_to_the_group(project: Project) -> None:
    spec = await claimed(project, "keys")
    await project.finished("first", WRITE, volumeMounts=MOUNT, pod=spec)
    shown = await project.finished("second", SHOW, volumeMounts=MOUNT, pod=spec)
    assert shown == "2770 /data\n2770 /data/.ssh\n660 /data/.ssh/key\n"


async def test_on_root_mismatch_a_second_mount_changes_nothing(project: Project) -> None:
    spec = await claimed(project, "keys")
    spec["securityContext"] = {"fsGroupChangePolicy": "OnRootMismatch"}
    await project.finished("first", WRITE, volumeMounts=MOUNT, pod=spec)
    shown = await project.finished("second", SHOW, volumeMounts=MOUNT, pod=spec)
    # a directory below takes the bit from the one that it was made in
    assert shown == "2770 /data\n2700 /data/.ssh\n600 /data/.ssh/key\n"


async def test_on_root_mismatch_a_closed_root_is_opened_with_all_below(project: Project) -> None:
    spec = await claimed(project, "keys")
    spec["securityContext"] = {"fsGroupChangePolicy": "OnRootMismatch"}
    await project.finished("first", f"{WRITE}; chmod 700 /data", volumeMounts=MOUNT, pod=spec)
    shown = await project.finished("second", SHOW, volumeMounts=MOUNT, pod=spec)
    assert shown == "2770 /data\n2770 /data/.ssh\n660 /data/.ssh/key\n"


async def test_the_group_may_read_what_a_secret_shows(project: Project) -> None:
    await project.create("api/v1/secrets", "Secret", "key", stringData={"id": "k"})
    source = {"secretName": "key", "defaultMode": 0o400}
    spec = {"volumes": [{"name": "data", "secret": source}]}
    shown = await project.finished("reader", "stat -Lc %a /data/id", volumeMounts=MOUNT, pod=spec)
    assert shown == "440\n"
