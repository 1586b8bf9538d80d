"""Configurations of the old recipe, word for word, in a hub that runs: what its users get."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.accounts import Account
from tests.e2e.browsers import picture
from tests.e2e.lab import START_MS
from tests.e2e.programs import Run, objects
from tests.hub_image import recipe

pytestmark = pytest.mark.e2e

NAME = PROJECT = "recipe"
PASSWORD = "correct horse battery staple"
SERVERS = f"app={NAME},component=singleuser-server"
BLOCKS = recipe.blocks()
NAMED = "c.JupyterHub.allow_named_servers = True"

Deploy = Callable[..., str]


@pytest.fixture(scope="module")
def images(jhos: Run, kubectl: Run, project: str) -> None:
    """In a project of their own; the notebook's by the tag that the recipe knows."""
    for image, stream, tag in (
        ("hub", "jupyterhub", ()),
        ("minimal", "s2i-minimal-notebook", ("--python", "3.5")),
    ):
        found = json.loads(kubectl("get", "is", stream, "-n", project, "-o", "json").stdout)
        reference = found["status"]["tags"][0]["items"][0]["dockerImageReference"]
        jhos("build-images", image, "--import", reference, *tag, "-n", PROJECT,
             "--create-project")  # fmt: skip


@pytest.fixture(scope="module")
def deploy(jhos: Run, images: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deploy]:
    """The one deployment with another configuration; gives its address."""
    assert images is None
    config = tmp_path_factory.mktemp("config") / "jupyterhub_config.py"
    secret = config.with_name("password")
    secret.write_text(PASSWORD)

    def deploy(*blocks: str, more: str = "", options: tuple[str, ...] = ()) -> str:
        config.write_text("\n".join([*(BLOCKS[block] for block in blocks), more]))
        done = jhos("deploy", "--name", NAME, "-n", PROJECT, "--config", str(config),
                    "--notebook-image", "s2i-minimal-notebook:3.5",
                    "--auth-secret-file", str(secret), *options)  # fmt: skip
        address = re.search(r"runs at (\S+)", done.stdout)
        assert address
        return address[1]

    yield deploy
    jhos("teardown", NAME, "-n", PROJECT, "--yes", "--delete-storage")


def visit(browser: Browser, url: str) -> Page:
    page = browser.new_context().new_page()
    page.goto(url, timeout=START_MS)
    return page


def choose(page: Page, title: str) -> None:
    page.locator("label", has_text=title).first.click()
    page.locator("[type=submit]").click()


def expect_lab(page: Page) -> None:
    page.locator(".jp-Launcher").wait_for(timeout=START_MS)


def servers(kubectl: Run) -> list[dict[str, Any]]:
    return objects(kubectl, PROJECT, "pods", SERVERS)


def variables(pod: dict[str, Any]) -> dict[str, str]:
    env = pod["spec"]["containers"][0]["env"]
    return {each["name"]: each.get("value", "") for each in env}


def test_users_choose_an_image_and_get_it(browser: Browser, kubectl: Run, deploy: Deploy) -> None:
    url = deploy("timeouts", "profiles", "lab", "culling", more=NAMED)
    first, second = visit(browser, url), visit(browser, url)
    for page in (first, second):
        for title in ("Minimal Notebook", "SciPy Notebook", "Tensorflow Notebook"):
            expect(page.locator("#kubespawner-profiles-list")).to_contain_text(title)
        picture(page, "choice")
        choose(page, "Minimal Notebook")
        expect_lab(page)
    pods = servers(kubectl)
    assert len(pods) == 2
    assert len({pod["spec"]["containers"][0]["image"] for pod in pods}) == 1
    for pod in pods:
        assert "@sha256:" in pod["spec"]["containers"][0]["image"]
        assert variables(pod)["JUPYTER_ENABLE_LAB"] == "true"
    user = urlsplit(first.url).path.split("/")[2]
    first.goto(f"{url}/hub/spawn/{user}/another")
    choose(first, "Tensorflow Notebook")
    refusal = "image s2i-tensorflow-notebook:3.5 cannot be pulled"
    expect(first.locator("body")).to_contain_text(refusal, timeout=START_MS)
    picture(first, "refusal-image")
    first.goto(f"{url}/hub/spawn/{user}/another")
    choose(first, "Minimal Notebook")
    expect_lab(first)
    assert len(servers(kubectl)) == 3
    said = kubectl("logs", "-n", PROJECT, f"deployment/{NAME}").stdout
    for sentence in ("The profiles of wrapspawner.ProfilesSpawner are KubeSpawner.profile_list",
                     "Service cull-idle has the rights to cull, not all of an admin"):  # fmt: skip
        assert said.count(sentence) == 1


def test_each_user_has_a_volume_and_the_group(kubectl: Run, deploy: Deploy) -> None:
    url = deploy("storage", "supplemental-group",
                 options=("--auth", "password", "--allow-all"))  # fmt: skip
    for user in ("ada", "grace"):
        account = Account(url, user, PASSWORD)
        assert account.log_in()
        account.start_server()
    for user in ("ada", "grace"):
        (pod,) = [each for each in servers(kubectl) if each["metadata"]["name"].endswith(user)]
        assert pod["spec"]["securityContext"]["supplementalGroups"] == [100]
        claim = pod["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"]
        assert claim == f"{NAME}-nb-{user}-pvc"
        mounted = pod["spec"]["containers"][0]["volumeMounts"][0]["mountPath"]
        assert mounted == "/opt/app-root/src"
    claims = objects(kubectl, PROJECT, "pvc", f"app={NAME},component=singleuser-storage")
    assert len(claims) == 2
    assert {each["spec"]["resources"]["requests"]["storage"] for each in claims} == {"1Gi"}


def test_github_is_asked_who_somebody_is(browser: Browser, jhos: Run, deploy: Deploy) -> None:
    url = deploy("github", "docker-stacks-profiles", options=("--auth", "custom"))
    page = visit(browser, url)
    with page.expect_request(re.compile("https://github.com/login/oauth/authorize")) as goal:
        page.get_by_role("button", name="Sign in with GitHub").click(no_wait_after=True)
    asked = parse_qs(urlsplit(goal.value.url).query)
    assert asked["client_id"] == ["your-client-key-from-github"]
    assert asked["redirect_uri"] == ["https://<your-jupyterhub-hostname>/hub/oauth_callback"]
    users = json.loads(jhos("users", "list", NAME, "-n", PROJECT, "-o", "json").stdout)
    admins = {user["name"] for user in users if user["admin"]}
    assert admins == {"your-github-username"}
    assert {"user1", "user2", "user3", "user4"} <= {user["name"] for user in users}


def test_a_server_of_jupyters_own_image_that_cannot_be_had_is_refused_in_words(
    browser: Browser, deploy: Deploy
) -> None:
    url = deploy("docker-stacks-profiles", "lab-profile", options=("--auth", "anonymous"))
    page = visit(browser, url)
    choose(page, "Jupyter Project - Minimal Notebook")
    refusal = "image docker.io/jupyter/minimal-notebook:latest cannot be pulled"
    expect(page.locator("body")).to_contain_text(refusal, timeout=START_MS)


def test_a_full_quota_and_a_volume_that_does_not_come_are_said_on_the_page(
    browser: Browser, jhos: Run, kubectl: Run, deploy: Deploy, tmp_path: Path
) -> None:
    url = deploy(more="c.KubeSpawner.start_timeout = 15",
                 options=("--auth", "password", "--allow-all", "--storage", "64Mi",
                          "--storage-class", "nowhere"))  # fmt: skip
    page = log_in(browser, url)
    late = re.compile(r"within 15 seconds: volume .*-nb-alan is not ready: .*nowhere")
    expect(page.locator("body")).to_contain_text(late, timeout=START_MS)
    picture(page, "refusal-volume")
    quota = tmp_path / "quota.yaml"
    quota.write_text("{apiVersion: v1, kind: ResourceQuota, metadata: {name: few},"
                     " spec: {hard: {pods: '3'}}}")  # fmt: skip
    admin = jhos("sandbox", "kubeconfig", "--admin").stdout.strip()
    kubectl("--kubeconfig", admin, "create", "-n", PROJECT, "-f", str(quota))
    page.goto(f"{url}/hub/spawn")
    full = re.compile(r"no room for your server just now: \d of 3 pods are used and 1 is needed")
    expect(page.locator("body")).to_contain_text(full, timeout=START_MS)
    picture(page, "refusal-quota")
    kubectl("--kubeconfig", admin, "delete", "quota", "few", "-n", PROJECT)


def log_in(browser: Browser, url: str) -> Page:
    page = visit(browser, url)
    page.fill("#username_input", "alan")
    page.fill("#password_input", PASSWORD)
    page.click("#login_submit")
    return page
