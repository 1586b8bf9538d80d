"""Source-to-image over the built images: what becomes of a repository."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hub_image.conftest import HUB_IMAGE, MINIMAL

Assemble = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def assemble(tmp_path: Path) -> Assemble:
    """Runs the builder's assemble on files given by name; packages are only named."""
    for name in ("install-packages", "fix-permissions"):
        witness = tmp_path / "root/bin" / name
        witness.parent.mkdir(parents=True, exist_ok=True)
        witness.write_text('#!/bin/bash\necho "$(basename "$0") ${@:2}"\n')
        witness.chmod(0o755)
    (tmp_path / "root/src").mkdir()

    def assemble(**files: str) -> subprocess.CompletedProcess[str]:
        for name, content in files.items():
            path = tmp_path / "source" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        box = ["bwrap", "--ro-bind", "/", "/", "--tmpfs", "/tmp"]
        box += ["--ro-bind", str(tmp_path / "source"), "/tmp/src"]
        box += ["--bind", str(tmp_path / "root"), "/tmp/root"]
        box += ["--ro-bind", str(HUB_IMAGE / "builder"), "/tmp/builder"]
        box += ["--setenv", "APP_ROOT", "/tmp/root"]
        box += ["--setenv", "PATH", "/tmp/root/bin:/usr/bin:/bin", "/tmp/builder/assemble"]
        return subprocess.run(box, capture_output=True, text=True, timeout=60)

    return assemble


def test_a_repository_lands_in_the_working_directory(assemble: Assemble, tmp_path: Path) -> None:
    built = assemble(**{"a/b.ipynb": "{}", ".jupyter/x.sh": "", ".git/HEAD": "", ".s2i/e": ""})
    assert built.returncode == 0, built.stderr
    files = [path for path in (tmp_path / "root/src").rglob("*") if path.is_file()]
    names = {str(path.relative_to(tmp_path / "root/src")) for path in files}
    assert names == {"a/b.ipynb", ".jupyter/x.sh"}


@pytest.mark.parametrize("place", ["requirements.txt", "binder/requirements.txt"])
def test_its_requirements_are_installed(assemble: Assemble, place: str) -> None:
    built = assemble(**{place: "numpy", "environment.yml": "", "pyproject.toml": "[tool.black]"})
    assert f"--requirement ./{place}" in built.stdout


def test_nothing_is_installed_where_nothing_is_required(assemble: Assemble) -> None:
    built = assemble(**{"pyproject.toml": "[tool.black]\nline-length = 99", "setup.cfg": ""})
    assert built.returncode == 0, built.stderr
    assert "--requirement" not in built.stdout


@pytest.mark.parametrize("place", ["environment.yml", ".binder/environment.yaml"])
def test_conda_alone_is_refused_with_the_remedy(assemble: Assemble, place: str) -> None:
    built = assemble(**{place: "dependencies: [numpy]"})
    assert built.returncode == 1
    assert "requirements.txt" in built.stderr


@pytest.mark.parametrize("context", [HUB_IMAGE, MINIMAL])
@pytest.mark.parametrize(
    "script", [".s2i/bin/assemble", ".s2i/bin/run", "builder/assemble", "builder/run",
               "builder/save-artifacts", "builder/usage", "bin/install-packages"],
)  # fmt: skip
def test_the_scripts_of_a_builder_are_executable(context: Path, script: str) -> None:
    assert (context / script).stat().st_mode & 0o111 == 0o111


def test_the_hub_and_notebook_images_share_one_installer() -> None:
    for shared in ("bin/install-packages", "builder/assemble", "builder/save-artifacts", "uv.txt"):
        # Real files: a context directory of a git repository holds no links out of it.
        assert not (MINIMAL / shared).is_symlink()
        assert (MINIMAL / shared).read_bytes() == (HUB_IMAGE / shared).read_bytes()
