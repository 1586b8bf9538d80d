"""A hub that is changed while people work: the return, profiles, what the document shows."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.e2e.lab import START_MS, end_waiting_cell, open_lab, run_cell, start_waiting_cell
from tests.e2e.programs import Run, crashing, how_to, shell, sleeping

pytestmark = pytest.mark.e2e

PYTHON = "jupyterhub_config.py"
# Waits for what a ConfigMap's volume shows of a change.
OFFERED = "until grep -q 'name: large' configs/settings.yaml; do sleep 1; done"


@pytest.fixture(scope="module")
def url(jhos: Run, project: str) -> Iterator[str]:
    done = jhos("deploy", "--name", "course", "-n", project, "-o", "json")
    yield json.loads(done.stdout)["url"]
    jhos("teardown", "course", "-n", project, "--yes", "--delete-storage")


def history(jhos: Run, project: str) -> list[dict[str, Any]]:
    """Return the revisions, the current one last."""
    done = jhos("rollout", "course", "history", "-n", project, "-o", "json")
    revisions: list[dict[str, Any]] = json.loads(done.stdout)
    return revisions


def test_a_hub_that_crashes_gives_way_while_notebooks_go_on(
    browser: Browser, jhos: Run, kubectl: Run, project: str, url: str, tmp_path: Path
) -> None:
    before = history(jhos, project)
    good = before[-1]["revision"]
    page = open_lab(browser, url)
    opened: list[str] = []
    page.on("websocket", lambda socket: opened.append(socket.url))  # in place of one that broke
    pod = start_waiting_cell(page)
    file = tmp_path / PYTHON
    file.write_text(crashing("the lecture hall is full"))
    done = jhos("configure", "course", "-n", project, "--config", str(file), code=5)
    assert "RuntimeError: the lecture hall is full" in done.stderr
    assert f"So revision {good} was brought back and is ready" in done.stderr
    end_waiting_cell(page, kubectl, project, pod)
    assert "4" in run_cell(page, "print(2 + 2)")
    assert not opened
    crashed, back = history(jhos, project)[-2:]
    assert (crashed["what"], back["what"]) == (PYTHON, f"back to revision {good}")
    assert "exit code 1" in crashed["state"]
    assert back["state"] == "current"
    for revision in (crashed, back):
        assert revision["who"]
        assert revision["at"].endswith("Z")


def test_a_hub_that_is_not_ready_in_time_gives_way(
    jhos: Run, project: str, url: str, tmp_path: Path
) -> None:
    assert url
    good = history(jhos, project)[-1]["revision"]
    file = tmp_path / PYTHON
    file.write_text(sleeping())
    change = ("configure", "course", "-n", project, "--config", str(file), "--timeout", "8")
    shown = jhos(*change, code=5).stderr
    assert f"So revision {good} was brought back and is ready" in shown


def test_profiles_are_offered_without_a_restart_of_the_hub(
    browser: Browser, jhos: Run, kubectl: Run, project: str, url: str
) -> None:
    absent = jhos("profiles", "add", "course", "odd", "--image", "nothing", "-n", project, code=2)
    assert "nothing is not in project" in absent.stderr
    for name, more in (("small", ["--default"]), ("large", ["--memory", "600Mi"])):
        done = jhos("profiles", "add", "course", name, "--title", f"A {name} one", *more,
                    "-n", project, "-o", "json")  # fmt: skip
        assert json.loads(done.stdout)["hubRestarted"] is False
    kubectl("exec", "deploy/course", "-c", "hub", "-n", project, "--",
            "sh", "-c", f"cd /opt/app-root; {OFFERED}")  # fmt: skip
    page = browser.new_context().new_page()
    page.goto(url, timeout=START_MS)
    page.get_by_text("A large one").wait_for(timeout=START_MS)
    page.get_by_text("A small one").wait_for()
    jhos("profiles", "remove", "course", "small", "large", "-n", project)


def test_the_commands_of_the_document_work(
    jhos: Run, environment: dict[str, str], project: str, url: str, tmp_path: Path
) -> None:
    assert url
    done = shell("".join(how_to("configure.md")), environment, project, tmp_path)
    assert "KubeSpawner.start_timeout" in done.stdout
    assert "no other choice than large" in done.stdout
    assert "large (default)" not in done.stdout
    listed = json.loads(jhos("profiles", "list", "course", "-n", project, "-o", "json").stdout)
    assert [each["name"] for each in listed] == ["large", "small"]
    secret = jhos("configure", "course", "-n", project, "--explain").stdout
    said = done.stdout + done.stderr.replace("+ echo 'very secret'", "")
    assert "very secret" not in secret + said
    jhos("profiles", "remove", "course", "small", "large", "-n", project)
