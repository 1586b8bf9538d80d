"""What the built images are, seen from inside, and an image of one's own over them."""

import json
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from jhos.images import catalog
from tests.e2e.lab import START_MS
from tests.e2e.programs import Run

pytestmark = pytest.mark.e2e

NAME = "own"
CONFIG = """
c.JupyterHub.authenticator_class = "firstuse"
c.FirstUseAuthenticator.create_users = True
c.Authenticator.allowed_users = {"ada"}
"""
PAGE = """
{% extends "templates/page.html" %}
{% block footer %}<p>A hub of our own.</p>{% endblock %}
"""
# Runs as the cluster's user, in the image alone.
SCRIPT = """
echo '# unreadable'
find /opt/app-root ! -readable -o -type d ! -executable
echo '# closed to the group'
find /opt/app-root -mindepth 1 ! -type l ! -perm -g=w
echo '# left over'
ls -d /tmp/src 2>/dev/null
find /opt/app-root -name '*.whl' -o -name .cache -o -name .npm -o -name _cacache \
    -o -name CACHEDIR.TAG -o -name .netrc -o -name pip.conf -o -name .npmrc
echo '# packages'
/opt/app-root/bin/python -m pip list --format=freeze --disable-pip-version-check
"""


@pytest.fixture(scope="module")
def url(jhos: Run, project: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A hub of an image of its own, made of a directory."""
    source = tmp_path_factory.mktemp("hub")
    (source / "requirements.txt").write_text("jupyterhub-firstuseauthenticator==1.1.0\n")
    (source / "jupyterhub_config.py").write_text(CONFIG)
    (source / "templates").mkdir()
    (source / "templates/page.html").write_text(PAGE)
    jhos("build-images", "hub", "-n", project, "--source", str(source), "--as", "own-hub")
    deployed = jhos("deploy", "-n", project, "--name", NAME, "--hub-image", "own-hub")
    address = re.search(r"runs at (\S+)", deployed.stdout)
    assert address
    yield address[1]
    jhos("teardown", NAME, "-n", project, "--delete-storage", "--yes")


@pytest.fixture(scope="module")
def server(browser: Browser, url: str) -> str:
    """The pod of a user who has logged in."""
    page = browser.new_context().new_page()
    page.goto(url, timeout=START_MS)
    page.fill("#username_input", "ada")
    page.fill("#password_input", "first-password-1")
    page.click("#login_submit")
    page.locator('.jp-LauncherCard[data-category="Notebook"]').first.wait_for(timeout=START_MS)
    return f"pod/{NAME}-nb-ada"


@pytest.fixture(scope="module", params=["hub", "minimal"])
def inside(
    request: pytest.FixtureRequest,
    kubectl: Run,
    project: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, list[str]]:
    """What a pod of the image finds: title → lines; `pins` are those of its sources."""
    image = catalog()[request.param]
    stream = json.loads(kubectl("get", "is", image.name, "-n", project, "-o", "json").stdout)
    reference = stream["status"]["tags"][0]["items"][0]["dockerImageReference"]
    pod = f"look-into-{request.param}"
    container = {"name": "look", "image": reference, "command": ["sh", "-c", SCRIPT]}
    manifest = tmp_path_factory.mktemp("pod") / "pod.json"
    spec = {"restartPolicy": "Never", "containers": [container]}
    manifest.write_text(
        json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": pod}, "spec": spec})
    )
    kubectl("apply", "-n", project, "-f", str(manifest))
    kubectl("wait", "-n", project, f"pod/{pod}", "--timeout=110s",
            "--for=jsonpath={.status.phase}=Succeeded")  # fmt: skip
    log = kubectl("logs", "-n", project, pod).stdout
    kubectl("delete", "pod", pod, "-n", project)
    assert isinstance(image.source, Path)
    pins = (image.source / "requirements.txt").read_text().splitlines()
    parts = (part.partition("\n") for part in log.split("# ")[1:])
    return {"pins": pins, **{title: text.split() for title, _, text in parts}}


def test_an_authenticator_of_ones_own_logs_a_user_in(server: str) -> None:
    assert server


def test_a_server_runs_below_an_init_and_offers_only_exports_that_work(
    kubectl: Run, project: str, server: str
) -> None:
    script = (
        'cat /proc/1/comm; curl -sf -H "Authorization: token $JUPYTERHUB_API_TOKEN"'
        ' "http://127.0.0.1:8888${JUPYTERHUB_SERVICE_PREFIX}api/nbconvert"'
    )
    shown = kubectl("exec", "-n", project, server, "--", "bash", "-c", script).stdout
    init, _, exports = shown.partition("\n")
    assert init == "dumb-init"
    assert "html" in json.loads(exports)
    assert not {"pdf", "webpdf", "latex"} & set(json.loads(exports))


def test_it_keeps_others_out(browser: Browser, url: str, server: str) -> None:
    assert server
    page = browser.new_context().new_page()
    page.goto(url, timeout=START_MS)
    page.fill("#username_input", "ada")
    page.fill("#password_input", "not-the-first-one")
    page.click("#login_submit")
    expect(page.locator("body")).to_contain_text("Invalid username or password")


def test_its_pages_go_before_jupyterhubs(browser: Browser, url: str) -> None:
    page = browser.new_context().new_page()
    page.goto(url, timeout=START_MS)
    expect(page.get_by_text("A hub of our own.")).to_be_visible()
    expect(page.locator("#login-main")).to_be_visible()


def test_an_image_that_was_built_elsewhere_is_tagged_in(
    jhos: Run, kubectl: Run, project: str
) -> None:
    stream = json.loads(kubectl("get", "is", "jupyterhub", "-n", project, "-o", "json").stdout)
    reference = stream["status"]["tags"][0]["items"][0]["dockerImageReference"]
    for _ in range(2):
        jhos("build-images", "hub", "--import", reference, "-n", "elsewhere", "--create-project")
    found = kubectl("get", "istag", "jupyterhub:latest", "-n", "elsewhere", "-o", "json").stdout
    assert json.loads(found)["image"]["metadata"]["name"] in reference


def test_an_image_that_is_not_there_is_said_so(jhos: Run) -> None:
    done = jhos("build-images", "minimal", "--import", "quay.example.com/no/such:3.12",
                "-n", "elsewhere", "--create-project", code=4)  # fmt: skip
    assert "quay.example.com/no/such:3.12 could not be imported" in done.stderr


def test_an_interrupt_cancels_the_build(
    environment: dict[str, str], kubectl: Run, project: str
) -> None:
    command = ["jhos", "build-images", "hub", "--again", "-n", project]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        running = re.compile("jupyterhub:latest: (?!sending)")
        assert any(running.search(line) for line in process.stderr)
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
    assert process.returncode == 130
    build = re.search("build (jupyterhub-[0-9]+) was cancelled", said)
    assert build
    kubectl("wait", "-n", project, f"build/{build[1]}", "--timeout=110s",
            "--for=jsonpath={.status.phase}=Cancelled")  # fmt: skip


def test_the_clusters_user_reads_and_writes_all_of_an_image(inside: dict[str, list[str]]) -> None:
    assert inside["unreadable"] == []
    assert inside["closed to the group"] == []


def test_an_image_holds_no_package_cache_and_no_settings_of_a_build(
    inside: dict[str, list[str]],
) -> None:
    assert inside["left over"] == []


def test_an_image_has_the_pinned_packages_and_no_others(inside: dict[str, list[str]]) -> None:
    """So a rebuild has the same ones."""
    pinned = set(re.findall(r"^([a-z0-9-]+==[^ ;]+)", "\n".join(inside["pins"]), re.MULTILINE))
    installed = {_normal(line) for line in inside["packages"]}
    of_the_builder = {each for each in installed if re.match("(pip|setuptools|wheel)==", each)}
    assert len(installed) > 20
    assert installed - of_the_builder - pinned == set()


def _normal(line: str) -> str:
    name, equals, version = line.partition("==")
    return re.sub(r"[-_.]+", "-", name).lower() + equals + version
