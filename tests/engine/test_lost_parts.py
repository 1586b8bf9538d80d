"""Parts of a deployment that somebody deleted are reported, and created again as they were."""

import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from jhos.objects import Object, ObjectRef
from tests.engine.conftest import IMAGES, Jhos, Kubectl, Reach

HIDDEN = 'c.JupyterHub.admin_access = False\nc.MyAuth.client_secret = "not for a ConfigMap"\n'


def deployed(jhos: Jhos, name: str, *options: str) -> None:
    jhos("deploy", "--name", name, *IMAGES, "--no-wait", *options)


def again(jhos: Jhos, name: str) -> str:
    """What a deployment without any option says."""
    return jhos("deploy", "--name", name, "--no-wait").stderr


def get(reach: Reach, kind: str, name: str) -> Object:
    found = reach().get(ObjectRef(kind, name))
    assert found, f"{kind} {name} is not there"
    return found


def template(reach: Reach, name: str) -> Any:
    return get(reach, "Deployment", name)["spec"]["template"]


RESTARTED = ("", "-db", "-proxy")  # every pod that has read the Secret


def test_a_lost_secret_is_replaced_in_every_pod_that_uses_it(
    jhos: Jhos, kubectl: Kubectl, reach: Reach
) -> None:
    deployed(jhos, "lost-secret")
    before = [template(reach, f"lost-secret{part}") for part in RESTARTED]
    old = get(reach, "Secret", "lost-secret-secrets")
    kubectl("delete", "secret", "lost-secret-secrets")
    said = again(jhos, "lost-secret")
    assert "Secret lost-secret-secrets" in said
    assert "All users must log in again" in said
    assert "A backup" in said
    new = get(reach, "Secret", "lost-secret-secrets")
    assert new["data"]["database-password"] != old["data"]["database-password"]
    for part, former in zip(RESTARTED, before, strict=True):
        assert template(reach, f"lost-secret{part}") != former
    assert "missing" not in again(jhos, "lost-secret")


@pytest.mark.parametrize(("key", "part"), [("database-password", "db"), ("proxy-token", "proxy")])
def test_a_lost_key_of_the_secret_restarts_who_reads_it(
    jhos: Jhos, kubectl: Kubectl, reach: Reach, key: str, part: str
) -> None:
    name = f"lost-key-{part}"
    deployed(jhos, name)
    before = template(reach, f"{name}-{part}")
    patch = json.dumps({"data": {key: None}})
    kubectl("patch", "secret", f"{name}-secrets", "--type=merge", "-p", patch)
    again(jhos, name)
    assert template(reach, f"{name}-{part}") != before


@pytest.mark.parametrize("part", ["db", "proxy"])
def test_other_changes_restart_the_hub_alone(jhos: Jhos, reach: Reach, part: str) -> None:
    deployed(jhos, f"calm-{part}")
    before = template(reach, f"calm-{part}-{part}")
    jhos("deploy", "--name", f"calm-{part}", "--no-wait", "--hub-memory", "700Mi")
    assert template(reach, f"calm-{part}-{part}") == before


def test_a_configuration_in_a_lost_secret_comes_from_the_newest_revision(
    jhos: Jhos, kubectl: Kubectl, reach: Reach, tmp_path: Path
) -> None:
    file = tmp_path / "jupyterhub_config.py"
    file.write_text(HIDDEN)
    deployed(jhos, "lost-file", "--config", str(file), "--unchecked")
    kubectl("delete", "secret", "lost-file-secrets")
    again(jhos, "lost-file")
    held = get(reach, "Secret", "lost-file-secrets")["data"]["jupyterhub_config.py"]
    assert b64decode(held).decode() == HIDDEN


@pytest.mark.parametrize("name", ["lost-cfg", "lost-both"])
def test_lost_settings_come_from_the_newest_revision(
    jhos: Jhos, kubectl: Kubectl, reach: Reach, name: str
) -> None:
    deployed(jhos, name, "--hub-memory", "700Mi", "--database", "sqlite")
    also = [f"secret/{name}-secrets"] if name == "lost-both" else []
    kubectl("delete", f"cm/{name}-cfg", *also)
    said = jhos("configure", name, "--no-wait", "--set", "notebook.memory=300Mi").stderr
    assert f"ConfigMap {name}-cfg" in said
    stored = get(reach, "ConfigMap", f"{name}-cfg")["data"]["settings.yaml"]
    assert "memory: 700Mi" in stored
    assert "memory: 300Mi" in stored
    assert "type: sqlite" in stored


def test_settings_that_nothing_holds_are_reported(jhos: Jhos, kubectl: Kubectl) -> None:
    deployed(jhos, "forgotten")
    kubectl("delete", "cm,secret", "-l", "app=forgotten")
    said = jhos("deploy", "--name", "forgotten", *IMAGES, "--no-wait").stderr
    assert "ConfigMap forgotten-cfg" in said
    assert "no revision has" in said
    assert "All users must log in again" in said


def test_a_lost_inventory_is_written_again(jhos: Jhos, kubectl: Kubectl, reach: Reach) -> None:
    deployed(jhos, "lost-list")
    before = get(reach, "ConfigMap", "lost-list-inventory")["data"]
    kubectl("delete", "cm", "lost-list-inventory")
    assert "ConfigMap lost-list-inventory" in again(jhos, "lost-list")
    assert get(reach, "ConfigMap", "lost-list-inventory")["data"] == before


def test_a_lost_volume_is_the_loss_of_the_database(jhos: Jhos, kubectl: Kubectl) -> None:
    deployed(jhos, "lost-volume")
    kubectl("delete", "deploy", "lost-volume-db")
    kubectl("wait", "--for=delete", "pod", "-l", "app=lost-volume,component=database")
    kubectl("delete", "pvc", "lost-volume-db")
    said = again(jhos, "lost-volume")
    assert "PersistentVolumeClaim lost-volume-db" in said
    assert "starts empty" in said
    assert "Deployment lost-volume-db: missing until now, created again" in said


def test_a_change_does_not_end_a_volume_that_is_being_deleted(
    jhos: Jhos, kubectl: Kubectl, reach: Reach
) -> None:
    deployed(jhos, "going-volume")
    while not reach().list("Pod", "app=going-volume,component=database")[0]:
        pass  # without a pod that uses it the claim is deleted at once
    kubectl("delete", "pvc", "going-volume-db", "--wait=false")
    assert "jhos backup going-volume" in again(jhos, "going-volume")
    before = template(reach, "going-volume-db")
    change = ("deploy", "--name", "going-volume", "--no-wait", "--database-memory", "700Mi")
    refused = jhos(*change, code=4)
    assert "is being deleted" in refused.stderr
    assert "jhos backup going-volume" in refused.stderr
    assert template(reach, "going-volume-db") == before


def test_a_diff_tells_what_a_lost_part_means(jhos: Jhos, kubectl: Kubectl) -> None:
    deployed(jhos, "diff-lost")
    kubectl("delete", "secret", "diff-lost-secrets")
    assert "All users must log in again" in jhos("diff", "--name", "diff-lost").stderr


def test_a_status_names_what_is_missing(jhos: Jhos, kubectl: Kubectl) -> None:
    deployed(jhos, "status-lost")
    gone = ("cm/status-lost-cfg", "secret/status-lost-secrets", "deploy/status-lost-proxy",
            "networkpolicy/status-lost-db")  # fmt: skip
    kubectl("delete", *gone)
    short = json.loads(jhos("status", "status-lost", "-o", "json", code=1).stdout)["missing"]
    assert [each["name"] for each in short] == ["status-lost-cfg", "status-lost-secrets",
                                                "status-lost-proxy"]  # fmt: skip
    full = jhos("status", "status-lost", "--full", code=1).stdout
    assert "NetworkPolicy status-lost-db is missing." in full
    assert "All users must log in again" in full


@pytest.mark.parametrize("command", [("users", "list"), ("servers", "list")])
def test_a_command_that_lacks_the_secret_names_it(
    jhos: Jhos, kubectl: Kubectl, command: tuple[str, str]
) -> None:
    name = f"no-token-{command[0]}"
    deployed(jhos, name)
    kubectl("delete", "secret", f"{name}-secrets")
    said = jhos(*command, name, code=1).stderr
    assert f"Secret {name}-secrets is missing" in said
    assert f"jhos deploy --name {name}" in said


def test_what_an_interrupted_change_did_not_create_is_not_lost(
    jhos: Jhos, kubectl: Kubectl, reach: Reach
) -> None:
    deployed(jhos, "never-there", "--database", "sqlite")
    listed = get(reach, "ConfigMap", "never-there-inventory")["data"]["objects"]
    patch = json.dumps({"data": {"objects": f"{listed}Service/never-there-db\n"}})
    kubectl("patch", "cm", "never-there-inventory", "--type=merge", "-p", patch)
    change = ("deploy", "--name", "never-there", "--no-wait", "--hub-memory", "700Mi")
    assert "missing" not in jhos(*change).stderr


def test_a_deployment_after_a_teardown_has_lost_nothing(jhos: Jhos) -> None:
    deployed(jhos, "back")
    jhos("teardown", "back", "--yes")
    assert "missing" not in again(jhos, "back")
