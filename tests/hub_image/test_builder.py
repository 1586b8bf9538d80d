"""Source-to-image over the built images: what becomes of a repository."""

import os
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

    def assemble(**files: str | bytes) -> subprocess.CompletedProcess[str]:
        (tmp_path / "source").mkdir(exist_ok=True)
        for name, content in files.items():
            path = tmp_path / "source" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
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
    assert f"--requirement {place}" in built.stdout.replace(" ./", " ")


def test_nothing_is_installed_where_nothing_is_required(assemble: Assemble) -> None:
    built = assemble(**{"pyproject.toml": "[tool.black]\nline-length = 99", "setup.cfg": ""})
    assert built.returncode == 0, built.stderr
    assert "--requirement" not in built.stdout


@pytest.mark.parametrize("place", ["environment.yml", ".binder/environment.yaml"])
def test_conda_alone_is_refused_with_the_remedy(assemble: Assemble, place: str) -> None:
    built = assemble(**{place: "dependencies: [numpy]"})
    assert built.returncode == 1
    assert "requirements.txt" in built.stderr


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"apt.txt": "graphviz"}, "apt.txt does nothing here"),
        ({"binder/apt.txt": "graphviz"}, "binder/apt.txt does nothing here"),
        ({"runtime.txt": "python-3.6"}, "the Python is the image's"),
        ({"postBuild": "#!/bin/bash"}, "postBuild does nothing here"),
        ({"install.R": ""}, "install.R does nothing here"),
        ({"Project.toml": ""}, "only Python packages"),
        ({"setup.py": ""}, "setup.py does nothing here"),
        ({"Pipfile": ""}, "name what is needed in a requirements.txt"),
        ({"requirements.txt": "a", "environment.yml": ""}, "requirements.txt is used"),
    ],
    ids=str,
)
def test_what_cannot_be_honoured_is_named(
    assemble: Assemble, files: dict[str, str], said: str
) -> None:
    built = assemble(**files)
    assert built.returncode == 0, built.stderr
    assert said in built.stderr


def test_a_folder_binder_comes_before_the_root(assemble: Assemble) -> None:
    built = assemble(**{"requirements.txt": "a", ".binder/requirements.txt": "b"})
    assert "--requirement .binder/requirements.txt" in built.stdout


def test_requirements_in_utf_16_are_read(assemble: Assemble, tmp_path: Path) -> None:
    built = assemble(**{"requirements.txt": "numpy==2.4.6\r\n".encode("utf-16")})
    assert built.returncode == 0, built.stderr
    assert (tmp_path / "root/src/requirements.txt").read_text().strip() == "numpy==2.4.6"


def test_requirements_that_break_the_server_fail_the_build(
    assemble: Assemble, tmp_path: Path
) -> None:
    program = tmp_path / "root/bin/jupyter-lab"
    program.write_text("#!/bin/bash\nexit 1\n")
    program.chmod(0o755)
    built = assemble(**{"requirements.txt": "notebook==4"})
    assert built.returncode == 1
    assert "jupyter-lab does not start any more" in built.stderr


def test_odd_names_and_links_that_lead_nowhere_are_kept(assemble: Assemble, tmp_path: Path) -> None:
    odd = tmp_path / "source" / os.fsdecode(b"caf\xe9 notes")
    odd.mkdir(parents=True)
    (odd / "a b.ipynb").write_text("{}")
    (odd / "nowhere").symlink_to("../../not/there")
    built = assemble()
    assert built.returncode == 0, built.stderr
    landed = tmp_path / "root/src" / odd.name
    assert (landed / "a b.ipynb").is_file()
    assert (landed / "nowhere").is_symlink()


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
