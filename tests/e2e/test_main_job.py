"""From an empty project to notebooks in browsers, and what a restart of the hub does to them."""

import json

import pytest
from playwright.sync_api import Browser

from jhos.images import catalog
from tests.e2e.browsers import picture
from tests.e2e.lab import expect_output, open_lab, run_cell, start_cell
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
    first, second = open_lab(browser, url), open_lab(browser, url)
    picture(first, "lab")
    for page in (first, second):
        uid, group, power = run_cell(page, WHO_AM_I).split()
        assert int(uid) >= 1_000_000_000
        assert (group, power) == ("0", str(2**64))
    listed = kubectl("get", "pods", "-n", project, "-l", SERVERS).stdout
    assert listed.count("jupyterhub-nb-") == 2
    assert listed.count("Running") == 2


def test_a_cell_outlives_a_restart_of_the_hub(
    browser: Browser, kubectl: Run, project: str, url: str
) -> None:
    page = open_lab(browser, url)
    start_cell(page, "import time\nprint('begun')\ntime.sleep(20)\nprint('fin' + 'ished')")
    expect_output(page, "begun")
    hub = "app=jupyterhub,component=hub"
    kubectl("delete", "pod", "-n", project, "-l", hub, "--wait=true")
    kubectl("rollout", "status", "deployment/jupyterhub", "-n", project, "--timeout=120s")
    expect_output(page, "finished")
    assert "4" in run_cell(page, "print(2 + 2)")
    assert objects(kubectl, project, "pods", SERVERS)


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


def test_notebooks_have_no_token_of_the_cluster(kubectl: Run, project: str, url: str) -> None:
    assert url
    servers = objects(kubectl, project, "pods", SERVERS)
    assert servers
    for pod in servers:
        assert pod["spec"]["automountServiceAccountToken"] is False
        mounts = pod["spec"]["containers"][0].get("volumeMounts", [])
        assert not [each for each in mounts if "serviceaccount" in each["mountPath"]]
