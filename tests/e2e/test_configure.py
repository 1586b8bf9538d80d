"""A hub that is changed while people work: the check, the editor, the return, undo, profiles."""

import json
import re
import subprocess
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


def stored(kubectl: Run, project: str, file: str = PYTHON) -> str:
    found = kubectl("get", "cm", "course-cfg", "-n", project, "-o", "json").stdout
    text: str = json.loads(found)["data"][file]
    return text


def test_a_typo_never_reaches_the_cluster(
    jhos: Run, kubectl: Run, project: str, url: str, tmp_path: Path
) -> None:
    assert url
    before = stored(kubectl, project)
    file = tmp_path / PYTHON
    file.write_text("c.KubeSpawner.start_timout = 600\n")
    done = jhos("configure", "course", "-n", project, "--config", str(file), code=2)
    assert f"{PYTHON}:1: KubeSpawner knows no start_timout." in done.stderr
    assert "Did you mean c.KubeSpawner.start_timeout?" in done.stderr
    assert stored(kubectl, project) == before


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


def test_an_editor_opens_again_until_the_text_is_right(
    jhos: Run,
    kubectl: Run,
    environment: dict[str, str],
    project: str,
    url: str,
    tmp_path: Path,
) -> None:
    assert url
    before, number = stored(kubectl, project), history(jhos, project)[-1]["revision"]
    editor = tmp_path / "editor"
    editor.write_text(
        "#!/bin/sh\n"
        f'cp "$1" {tmp_path}/seen\n'
        'if grep -q "knows no start_timout" "$1"; then value=start_timeout; '
        "else value=start_timout; fi\n"
        'echo "c.KubeSpawner.$value = 601" > "$1"\n'
    )
    editor.chmod(0o755)
    done = subprocess.run(
        ["jhos", "configure", "course", "-n", project, "--edit"],
        env={**environment, "EDITOR": str(editor)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "Did you mean c.KubeSpawner.start_timeout?" in (tmp_path / "seen").read_text()
    assert stored(kubectl, project) == "c.KubeSpawner.start_timeout = 601\n"
    kept = subprocess.run(
        ["jhos", "configure", "course", "-n", project, "--edit"],
        env={**environment, "EDITOR": "sh -c 'echo no Python > $0'"},
        capture_output=True,
        text=True,
    )
    assert kept.returncode == 2
    (path,) = re.findall(r"Your text is kept in (\S+)", kept.stderr)
    assert Path(path).read_text() == "no Python\n"
    undone = jhos("rollout", "course", "undo", "-n", project)
    assert f"Revision {number} of course is back, as revision {number + 2}" in undone.stdout
    assert stored(kubectl, project) == before


def test_the_second_of_two_editors_is_told(
    kubectl: Run, environment: dict[str, str], project: str, url: str, tmp_path: Path
) -> None:
    assert url
    before = stored(kubectl, project)
    patch = json.dumps({"data": {PYTHON: "c.JupyterHub.admin_access = False\n"}})
    editor = tmp_path / "editor"
    editor.write_text(
        f"#!/bin/sh\nkubectl patch cm course-cfg -n {project} --type=merge -p '{patch}' >&2\n"
        'echo "c.KubeSpawner.start_timeout = 602" > "$1"\n'
    )
    editor.chmod(0o755)
    done = subprocess.run(
        ["jhos", "configure", "course", "-n", project, "--edit"],
        env={**environment, "EDITOR": str(editor)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 4, done.stderr
    assert "+c.JupyterHub.admin_access = False" in done.stderr
    assert "Your text is kept in" in done.stderr
    assert "admin_access" in stored(kubectl, project)
    restored = json.dumps({"data": {PYTHON: before}})
    kubectl("patch", "cm", "course-cfg", "-n", project, "--type=merge", "-p", restored)


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
