"""A git repository of notebooks, shaped like the PythonDataScienceHandbook, becomes a hub."""

import base64
import json
import os
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.lab import CELL_MS, START_MS
from tests.e2e.programs import Run, objects
from tests.e2e.repositories import commit, git, new_repository, served

pytestmark = pytest.mark.e2e

NOTEBOOK = "notebooks/02.01-Understanding-Data-Types.ipynb"
CELL = "import tabulate, lib.six; print(tabulate.tabulate([[6 * lib.six.NUMBER + 6]]))"
ODD = os.fsdecode(b"caf\xe9 notes.txt")  # no UTF-8


def add_submodule(repository: Path, library: Path) -> None:
    """At `book/notebooks/lib`, by an address relative to that of the repository."""
    new_repository(library)
    (library / "six.py").write_text("NUMBER = 6\n")
    commit(library, "Know a number")
    files = ("-c", "protocol.file.allow=always")
    git(repository, *files, "submodule", "add", "-q", str(library / ".git"), "book/notebooks/lib")
    git(repository, "submodule", "set-url", "book/notebooks/lib", "../../library/.git")


def notebook(code: str) -> str:
    cell: dict[str, Any] = {"cell_type": "code", "id": "a", "metadata": {}, "execution_count": None,
            "outputs": [], "source": [code]}  # fmt: skip
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    document: dict[str, Any] = {"cells": [cell], "metadata": {"kernelspec": kernel}}
    return json.dumps({**document, "nbformat": 4, "nbformat_minor": 5})


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("served") / "handbook"
    (root / "book/notebooks").mkdir(parents=True)
    new_repository(root)
    add_submodule(root, root.parent / "library")
    (root / "book" / NOTEBOOK).write_text(notebook(CELL))
    (root / "book/notebooks" / ODD).write_text("x")
    (root / "book/requirements.txt").write_text("tabulate==0.0.1  # a version that never was\n")
    (root / "book/pyproject.toml").write_text("[tool.black]\nline-length = 100\n")
    (root / "book/apt.txt").write_text("graphviz\n")
    commit(root, "Write the book")
    git(root, "tag", "first")
    (root / "book/requirements.txt").write_text("nosuchpackage==0\n")
    commit(root, "Require what there is not")
    return root


@pytest.fixture(scope="module")
def address(repository: Path) -> Iterator[str]:
    """Of the repository, over HTTP."""
    with served(repository.parent) as folder:
        yield f"{folder}/handbook/.git"


@pytest.fixture(scope="module")
def deployed(jhos: Run, kubectl: Run, project: str, address: str) -> Iterator[dict[str, Any]]:
    """A hub of the repository. Its own image is deleted with it."""
    done = jhos("quickstart", "-n", project, "--name", "handbook", "--git-url", address,
                "--git-ref", "first", "--context-dir", "book", "--loosen-pins", "--watch-repo",
                "-o", "json")  # fmt: skip
    assert objects(kubectl, project, "imagestreams,buildconfigs", "app=handbook")
    yield json.loads(done.stdout)
    jhos("teardown", "handbook", "-n", project, "--delete-storage", "--yes")
    kinds = "imagestreams,buildconfigs,deployments,secrets"
    assert not objects(kubectl, project, kinds, "app=handbook")


def test_a_browser_runs_a_notebook_of_the_repository(
    browser: Browser, deployed: dict[str, Any]
) -> None:
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.goto(f"{deployed['url']}/hub/user-redirect/lab/tree/{NOTEBOOK}", timeout=START_MS)
    cell = page.locator(".jp-Notebook .jp-Cell .cm-content").first
    cell.wait_for(timeout=START_MS)
    page.locator(".jp-StatusBar-Widget", has_text="Idle").wait_for(timeout=CELL_MS)
    cell.click()
    page.keyboard.press("Shift+Enter")
    expect(page.locator(".jp-OutputArea-output", has_text="42")).to_be_visible(timeout=CELL_MS)
    expect(page.locator(".jp-DirListing-itemText", has_text="notes.txt")).to_be_visible()


def test_the_build_says_what_it_cannot_honour(
    kubectl: Run, project: str, deployed: dict[str, Any]
) -> None:
    log = kubectl("get", "--raw", f"/apis/build.openshift.io/v1/namespaces/{project}/builds/"
                  f"{deployed['build']}/log").stdout  # fmt: skip
    assert "apt.txt does nothing here" in log
    assert "Newer versions than those of requirements.txt will do" in log


def test_again_it_builds_nothing_and_changes_nothing(
    jhos: Run, project: str, address: str, deployed: dict[str, Any]
) -> None:
    done = jhos("quickstart", "-n", project, "--name", "handbook", "--git-url", address,
                "--git-ref", "first", "--context-dir", "book", "--loosen-pins",
                "-o", "json")  # fmt: skip
    again = json.loads(done.stdout)
    assert again["build"] is None
    assert {change["action"] for change in again["changes"]} == {"unchanged"}
    assert again["url"] == deployed["url"]


def test_a_push_rebuilds_the_image(kubectl: Run, project: str, deployed: dict[str, Any]) -> None:
    """Nobody logs in for it; a word of another is refused."""
    address = deployed["webhook"]
    cluster = json.loads(kubectl("config", "view", "--raw", "-o", "json").stdout)["clusters"][0]
    authority = base64.b64decode(cluster["cluster"]["certificate-authority-data"]).decode()
    trusted = ssl.create_default_context(cadata=authority)
    word = address.split("/")[-2]
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(address.replace(word, "guess"), data=b"", context=trusted)
    with urllib.request.urlopen(address, data=b"{}", context=trusted) as answer:
        build = json.load(answer)["metadata"]["name"]
    assert build != deployed["build"]
    kubectl("wait", "-n", project, f"build/{build}", "--timeout=110s",
            "--for=jsonpath={.status.phase}=Complete")  # fmt: skip


def test_a_failing_requirement_is_named(
    jhos: Run, project: str, address: str, deployed: dict[str, Any]
) -> None:
    assert deployed
    done = jhos("build-images", "minimal", "-n", project, "--source", address,
                "--context-dir", "book", "--as", "broken", code=6)  # fmt: skip
    assert "nosuchpackage==0" in done.stderr
    assert "--loosen-pins" in done.stderr


def test_an_image_of_jhos_is_built_from_a_clone_of_its_repository(
    jhos: Run, repository: Path, address: str
) -> None:
    clone = repository.parent / "jhos.git"
    subprocess.run(["git", "clone", "-q", "--bare", ".", clone], check=True)
    git(clone, "update-server-info")
    url = address.replace("handbook/.git", clone.name)
    command = ("build-images", "minimal", "--from-git", url, "-n", "from-git", "--create-project")
    assert "nowhere" in jhos(*command, "--ref", "nowhere", code=6).stderr
    (built,) = json.loads(jhos(*command, "-o", "json").stdout)
    assert built["image"].startswith("s2i-minimal-notebook:")
    assert built["build"]
