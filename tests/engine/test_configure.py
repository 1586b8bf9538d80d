"""A configuration is checked and edited; nothing wrong and nothing stale reaches the cluster."""

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from jhos.cluster.client import Cluster
from jhos.objects import ObjectRef
from tests.engine.conftest import IMAGES, PROGRAMS, PROJECT, Jhos, Reach

PYTHON = "jupyterhub_config.py"

Edit = Callable[[str, str], subprocess.CompletedProcess[str]]


@pytest.fixture
def edit(kubeconfig: Path, tmp_path: Path) -> Edit:
    """Run `jhos configure NAME --edit`, with a shell script as the editor."""

    def run(name: str, script: str) -> subprocess.CompletedProcess[str]:
        editor = tmp_path / "editor"
        editor.write_text(f"#!/bin/sh\n{script}\n")
        editor.chmod(0o755)
        variables = {**os.environ, "KUBECONFIG": str(kubeconfig), "EDITOR": str(editor)}
        variables["PATH"] = f"{PROGRAMS}{os.pathsep}{variables['PATH']}"
        return subprocess.run(
            [PROGRAMS / "jhos", "configure", name, "-n", PROJECT, "--edit", "--no-wait"],
            env=variables, capture_output=True, text=True, check=False,
        )  # fmt: skip

    return run


def stored(cluster: Cluster, name: str) -> str:
    found = cluster.get(ObjectRef("ConfigMap", f"{name}-cfg"))
    assert found
    text: str = found["data"][PYTHON]
    return text


def test_a_typo_never_reaches_the_cluster(jhos: Jhos, reach: Reach, tmp_path: Path) -> None:
    jhos("deploy", "--name", "typo", *IMAGES, "--no-wait")
    file = tmp_path / PYTHON
    file.write_text("c.KubeSpawner.start_timout = 600\n")
    done = jhos("configure", "typo", "--config", str(file), code=2)
    assert f"{PYTHON}:1: KubeSpawner knows no start_timout." in done.stderr
    assert "Did you mean c.KubeSpawner.start_timeout?" in done.stderr
    assert stored(reach(), "typo") == ""


def test_an_editor_opens_again_until_the_text_is_right(
    jhos: Jhos, reach: Reach, edit: Edit, tmp_path: Path
) -> None:
    jhos("deploy", "--name", "edited-twice", *IMAGES, "--no-wait")
    seen = tmp_path / "seen"
    done = edit(
        "edited-twice",
        f'cp "$1" {seen}\n'
        'if grep -q "knows no start_timout" "$1"; then value=start_timeout; '
        "else value=start_timout; fi\n"
        'echo "c.KubeSpawner.$value = 601" > "$1"',
    )
    assert done.returncode == 0, done.stderr
    assert "Did you mean c.KubeSpawner.start_timeout?" in seen.read_text()
    assert stored(reach(), "edited-twice") == "c.KubeSpawner.start_timeout = 601\n"


def test_a_text_that_stays_wrong_is_kept_in_a_file(jhos: Jhos, reach: Reach, edit: Edit) -> None:
    jhos("deploy", "--name", "given-up", *IMAGES, "--no-wait")
    done = edit("given-up", 'echo "no Python" > "$1"')
    assert done.returncode == 2
    (path,) = re.findall(r"Your text is kept in (\S+)", done.stderr)
    assert Path(path).read_text() == "no Python\n"
    Path(path).unlink()
    assert stored(reach(), "given-up") == ""


def test_the_second_of_two_editors_is_shown_what_the_first_one_wrote(
    jhos: Jhos, reach: Reach, edit: Edit
) -> None:
    jhos("deploy", "--name", "raced", *IMAGES, "--no-wait")
    patch = json.dumps({"data": {PYTHON: "c.JupyterHub.admin_access = False\n"}})
    done = edit(
        "raced",
        f"kubectl patch cm raced-cfg -n {PROJECT} --type=merge -p '{patch}' >&2\n"
        'echo "c.KubeSpawner.start_timeout = 602" > "$1"',
    )
    assert done.returncode == 4, done.stderr
    assert "+c.JupyterHub.admin_access = False" in done.stderr
    (path,) = re.findall(r"Your text is kept in (\S+)", done.stderr)
    Path(path).unlink()
    assert "admin_access" in stored(reach(), "raced")
