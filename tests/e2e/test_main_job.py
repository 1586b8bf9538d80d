"""From an empty project to notebooks in browsers, and what a restart of the hub does to them."""

import json
from base64 import b64decode
from typing import Any

import pytest
from playwright.sync_api import Browser

from jhos.images import catalog
from tests.e2e.browsers import picture
from tests.e2e.lab import end_waiting_cell, open_lab, run_cell, start_waiting_cell
from tests.e2e.programs import Run, objects

pytestmark = pytest.mark.e2e

WHO_AM_I = "import os; print(os.getuid(), os.getgid(), 2**64)"
SERVERS = "app=jupyterhub,component=singleuser-server"


@pytest.fixture(scope="module")
def url(jhos: Run, project: str) -> str:
    result = jhos("deploy", "-n", project)
    assert "anyone who reaches this address" in result.stdout
    address: str = json.loads(jhos("deploy", "-n", project, "-o", "json").stdout)["url"]
    assert address in result.stdout
    return address


def test_two_browsers_get_two_servers(
    browser: Browser, kubectl: Run, project: str, url: str
) -> None:
    before = names(servers(kubectl, project))
    first, second = open_lab(browser, url), open_lab(browser, url)
    picture(first, "lab")
    for page in (first, second):
        uid, group, power = run_cell(page, WHO_AM_I).split()
        assert int(uid) >= 1_000_000_000
        assert (group, power) == ("0", str(2**64))
    started = [pod for pod in servers(kubectl, project) if pod["metadata"]["name"] not in before]
    assert len(started) == 2
    for pod in started:
        assert pod["metadata"]["name"].startswith("jupyterhub-nb-")
        assert pod["status"]["phase"] == "Running"
        assert not has_token(pod)


def servers(kubectl: Run, project: str) -> list[dict[str, Any]]:
    return objects(kubectl, project, "pods", SERVERS)


def names(pods: list[dict[str, Any]]) -> set[str]:
    return {pod["metadata"]["name"] for pod in pods}


def has_token(pod: dict[str, Any]) -> bool:
    """Tell whether the notebook could ask the cluster's API as somebody."""
    mounts = pod["spec"]["containers"][0].get("volumeMounts", [])
    mounted = any("serviceaccount" in mount["mountPath"] for mount in mounts)
    return mounted or pod["spec"]["automountServiceAccountToken"] is not False


def test_a_cell_outlives_a_restart_of_the_hub(
    browser: Browser, kubectl: Run, project: str, url: str
) -> None:
    page = open_lab(browser, url)
    pod = start_waiting_cell(page)
    hub = "app=jupyterhub,component=hub"
    kubectl("delete", "pod", "-n", project, "-l", hub, "--wait=true")
    kubectl("rollout", "status", "deployment/jupyterhub", "-n", project, "--timeout=120s")
    end_waiting_cell(page, kubectl, project, pod)
    assert "4" in run_cell(page, "print(2 + 2)")


def test_deploying_again_changes_nothing(jhos: Run, project: str, url: str) -> None:
    again = jhos("deploy", "-n", project, "-o", "json")
    result = json.loads(again.stdout)
    assert result["url"] == url
    assert {change["action"] for change in result["changes"]} == {"unchanged"}
    assert "waiting" not in again.stderr


def test_building_again_builds_nothing(jhos: Run, project: str) -> None:
    built = json.loads(jhos("build-images", "-n", project, "-o", "json").stdout)
    assert len(built) == 2
    assert not [image for image in built if image["build"]]


def test_the_hub_image_is_tagged_latest_and_by_version(kubectl: Run, project: str) -> None:
    stream = json.loads(kubectl("get", "is", "jupyterhub", "-n", project, "-o", "json").stdout)
    tags = {tag["tag"]: tag["items"][0]["image"] for tag in stream["status"]["tags"]}
    version = catalog()["hub"].version
    assert version
    assert tags[version] == tags["latest"]


def test_no_secret_is_stored_or_logged_outside_its_secret(
    kubectl: Run, project: str, url: str
) -> None:
    assert url
    (secret,) = objects(kubectl, project, "secrets", "app=jupyterhub,component=secrets")
    encoded = set(secret["data"].values())
    values = encoded | {b64decode(value).decode() for value in encoded}
    kinds = "cm,deploy,rs,pods,events,svc,routes,is,bc,builds,leases,sa,roles,rolebindings"
    shown = kubectl("get", kinds, "-n", project, "-o", "yaml").stdout
    for part in ("jupyterhub", "jupyterhub-proxy", "jupyterhub-db"):
        shown += kubectl("logs", f"deployment/{part}", "-n", project).stdout
    for value in values:
        assert value not in shown
