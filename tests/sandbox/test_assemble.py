"""Source-to-image over the built images: what becomes of a repository."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Self

import pytest

from tests.hub_image.conftest import HUB_IMAGE, MINIMAL

APP_ROOT = "/mnt/app-root"
Assemble = Callable[..., subprocess.CompletedProcess[str]]
IMAGES = [HUB_IMAGE, *sorted(path.parent for path in MINIMAL.parent.glob("*/requirements.in"))]

KEPT_LOCALES = ("root", "en", "fr", "fr_FR", "zh_Hans_CN")

# Programs of the Python builder image. They leave temporary files, as pip and npm do.
BUILDER_PROGRAMS = {
    "fix-permissions": "",
    "npm": "mktemp",
    "pip": """mktemp
while [ "$1" != --target ]; do shift; done
mkdir -p "$2/bin"
printf '#!/bin/bash\nmktemp; echo "${@: -2}"; cat "${@: -1}"\n' >"$2/bin/uv"
chmod +x "$2/bin/uv"
""",
    "python": "echo $APP_ROOT/lib",
    "python3": f'exec {sys.executable} "$@"',
}


@dataclass(frozen=True)
class Container:
    """The file system of a build: `root` is /opt/app-root, `tmp` is /tmp."""

    root: Path
    tmp: Path

    @classmethod
    def create(cls, directory: Path, programs: Mapping[str, str]) -> Self:
        container = cls(directory / "root", directory / "tmp")
        folders = [container.root / name for name in ("bin", "lib", "share", "src")]
        for folder in (*folders, container.tmp):
            folder.mkdir(parents=True)
        (container.root / "pyvenv.cfg").write_text("include-system-site-packages = false\n")
        for name, body in programs.items():
            program = container.root / "bin" / name
            program.write_text(f"#!/bin/bash\n{body}\n")
            program.chmod(0o755)
        return container

    def build(
        self, source: Path, environment: Mapping[str, str] = MappingProxyType({})
    ) -> subprocess.CompletedProcess[str]:
        """Run the source's own assemble, else the image's, with the source laid as S2I does."""
        shutil.copytree(source, self.tmp / "src", symlinks=True, dirs_exist_ok=True)
        script = f"{APP_ROOT}/builder/assemble"
        if (source / ".s2i/bin/assemble").exists():
            shutil.copytree(source / ".s2i/bin", self.tmp / "scripts", dirs_exist_ok=True)
            script = "/tmp/scripts/assemble"
        settings = {"APP_ROOT": APP_ROOT, "PATH": f"{APP_ROOT}/bin:/usr/bin:/bin", **environment}
        box = ["bwrap", "--clearenv", "--ro-bind", "/", "/", "--bind", str(self.tmp), "/tmp"]
        box += ["--ro-bind", sys.prefix, sys.prefix, "--tmpfs", "/mnt"]
        box += ["--bind", str(self.root), APP_ROOT, "--chdir", f"{APP_ROOT}/src"]
        for name, value in settings.items():
            box += ["--setenv", name, value]
        return subprocess.run([*box, script], capture_output=True, text=True, timeout=60)


@pytest.fixture
def assemble(tmp_path: Path) -> Assemble:
    """Runs the builder's assemble on files given by name; packages are only named.

    A requirement `broken` cannot be installed. `environment`: of the build.
    """
    install = 'echo "$(basename "$0") ${@:2}"; cat "${@: -1}"\n! grep -q "^broken" "${@: -1}"'
    programs = {**BUILDER_PROGRAMS, "install-packages": install}
    container = Container.create(tmp_path, programs)
    shutil.copytree(HUB_IMAGE / "builder", container.root / "builder")

    def assemble(
        environment: Mapping[str, str] = MappingProxyType({}), **files: str | bytes
    ) -> subprocess.CompletedProcess[str]:
        return container.build(write_files(tmp_path / "source", files), environment)

    return assemble


def write_files(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def files_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_repository_lands_in_the_working_directory(assemble: Assemble, tmp_path: Path) -> None:
    built = assemble(**{"a/b.ipynb": "{}", ".jupyter/x.sh": "", ".git/HEAD": "", ".s2i/e": ""})
    assert built.returncode == 0, built.stderr
    assert files_below(tmp_path / "root/src") == {"a/b.ipynb", ".jupyter/x.sh"}


@pytest.mark.parametrize("context", IMAGES, ids=lambda path: path.name)
def test_our_images_keep_neither_their_source_nor_temporary_files(
    context: Path, tmp_path: Path
) -> None:
    container = Container.create(tmp_path, BUILDER_PROGRAMS)
    shutil.copytree(MINIMAL / "builder", container.root / "builder")
    for program in ("install-packages", "trim-packages"):
        shutil.copy(MINIMAL / "bin" / program, container.root / "bin")
    for pinned in ("uv.txt", "unused.txt"):
        shutil.copy(MINIMAL / pinned, container.root / "builder")
    built = container.build(context)
    assert built.returncode == 0, built.stderr
    assert {path.name for path in container.tmp.iterdir()} == {"scripts"}
    assert files_below(container.root / "src") == set()


@pytest.mark.parametrize("context", [HUB_IMAGE, MINIMAL], ids=lambda path: path.name)
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("requirements.txt", "tabulate==0.9\n"),
        ("environment.yml", "dependencies: [{pip: [tabulate==0.9]}]\n"),
    ],
)
def test_an_image_built_on_ours_has_its_own_repository_alone(
    context: Path, tmp_path: Path, name: str, text: str
) -> None:
    container = Container.create(tmp_path, BUILDER_PROGRAMS)
    ours = container.build(context)
    assert ours.returncode == 0, ours.stderr
    files = {name: text, ".git/HEAD": "ref", "a.ipynb": "{}"}
    built = container.build(write_files(tmp_path / "source", files))
    assert built.returncode == 0, built.stderr
    assert built.stdout.endswith("\ntabulate==0.9\n")
    assert files_below(container.root / "src") == {name, "a.ipynb"}
    assert {path.name for path in container.tmp.iterdir()} == {"scripts"}


def test_users_install_packages_on_their_volume(tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    container = Container.create(tmp_path, BUILDER_PROGRAMS)
    shutil.copy(environment / "pyvenv.cfg", container.root)
    container.build(MINIMAL)
    shutil.copy(container.root / "pyvenv.cfg", environment)

    python = environment / "bin/python"
    wheel = str(write_wheel(tmp_path))
    install = [str(python), "-m", "pip", "install", "--user", "--no-index", wheel]
    home = {"HOME": str(tmp_path / "home"), "PATH": os.environ["PATH"]}
    installed = subprocess.run(install, env=home, capture_output=True, text=True)
    assert installed.returncode == 0, installed.stderr
    shown = subprocess.check_output([python, "-c", "import trial; print(trial.__file__)"], env=home)
    assert shown.decode().startswith(f"{tmp_path}/home/.local/")


def write_wheel(folder: Path) -> Path:
    wheel = folder / "trial-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as files:
        files.writestr("trial.py", "")
        files.writestr(
            "trial-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: trial\nVersion: 1"
        )
        tag = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any"
        files.writestr("trial-1.dist-info/WHEEL", tag)
        files.writestr("trial-1.dist-info/RECORD", "trial.py,,")
    return wheel


@pytest.mark.parametrize("context", [HUB_IMAGE, MINIMAL], ids=lambda path: path.name)
def test_tests_source_maps_and_unused_locales_are_left_out(context: Path, tmp_path: Path) -> None:
    container = Container.create(tmp_path, BUILDER_PROGRAMS)
    packages = "lib/python3.12/site-packages"
    kept = {
        f"{packages}/jinja2/tests.py", f"{packages}/tables/tests/x.py", "share/x.js",
        f"{packages}/a/maps.py", f"{packages}/a/test/x.py",
        *(f"{packages}/babel/locale-data/{name}.dat" for name in KEPT_LOCALES),
    }  # fmt: skip
    unused = {
        f"{packages}/a/tests/x.py", f"{packages}/a/b/tests/data/x", f"{packages}/tornado/test/x.py",
        "lib/proxy/node_modules/a/test/x.js", "share/x.js.map", f"{packages}/a/x.min.css.map",
        f"{packages}/babel/locale-data/zu.dat", f"{packages}/babel/locale-data/frr_DE.dat",
    }  # fmt: skip
    write_files(container.root, dict.fromkeys(kept | unused, ""))
    built = container.build(context)
    assert built.returncode == 0, built.stderr
    left = files_below(container.root)
    assert left & unused == set()
    assert kept <= left


@pytest.mark.parametrize("place", ["requirements.txt", "binder/requirements.txt"])
def test_its_requirements_are_installed(assemble: Assemble, place: str) -> None:
    built = assemble(**{place: "numpy", "environment.yml": "", "pyproject.toml": "[tool.black]"})
    assert f"--requirement {place}" in built.stdout


def test_nothing_is_installed_where_nothing_is_required(assemble: Assemble) -> None:
    built = assemble(**{"pyproject.toml": "[tool.black]\nline-length = 99", "setup.cfg": ""})
    assert built.returncode == 0, built.stderr
    assert "--requirement" not in built.stdout


LOOSE = {"JHOS_LOOSEN_PINS": "true"}
OLD = "numpy==1.11.1\nscipy[all] == 0.17.*  # old\npandas~=0.18,<3\nseaborn\n-r more.txt\n"


def test_pins_are_kept_where_nobody_says_otherwise(assemble: Assemble) -> None:
    assert OLD in assemble(**{"requirements.txt": OLD}).stdout


def test_newer_versions_than_those_of_old_pins_do_on_request(
    assemble: Assemble, tmp_path: Path
) -> None:
    built = assemble(LOOSE, **{"requirements.txt": OLD})
    assert built.returncode == 0, built.stderr
    for line in ("numpy>=1.11.1", "scipy[all] >= 0.17  # old", "pandas>=0.18,<3", "-r more.txt"):
        assert line in built.stdout
    assert [path.name for path in (tmp_path / "root/src").iterdir()] == ["requirements.txt"]
    assert (tmp_path / "root/src/requirements.txt").read_text() == OLD


def test_where_a_pin_cannot_be_installed_the_remedy_is_named(assemble: Assemble) -> None:
    built = assemble(**{"requirements.txt": "broken==1\n"})
    assert built.returncode == 1
    assert "requirements.txt could not be installed" in built.stderr
    assert "--loosen-pins" in built.stderr
    assert "--loosen-pins" not in assemble(LOOSE, **{"requirements.txt": "broken==1\n"}).stderr


@pytest.mark.parametrize("place", ["environment.yml", ".binder/environment.yaml"])
def test_what_an_environment_file_has_pip_install_is_installed(
    assemble: Assemble, tmp_path: Path, place: str
) -> None:
    text = "name: x\ndependencies:\n- python=3.5\n- pip\n- pip: [tabulate==0.9, -r more.txt]\n"
    built = assemble(**{place: text})
    assert built.returncode == 0, built.stderr
    assert "\ntabulate==0.9\n-r more.txt\n" in built.stdout
    landed = (tmp_path / "root/src" / place).parent
    assert [path.name for path in landed.iterdir() if path.is_file()] == [Path(place).name]


def test_packages_of_conda_are_refused_with_the_requirements_to_write(assemble: Assemble) -> None:
    specs = ["python=3.9", "numpy=1.24", "scipy=1.10.1=py39_0", "conda-forge::pandas>=1.5,<3",
             "pytorch", "xarray 2023.*", {"pip": ["tabulate"]}]  # fmt: skip
    built = assemble(**{"environment.yml": json.dumps({"dependencies": specs})})
    assert built.returncode == 1
    said = [line.strip() for line in built.stderr.splitlines() if line.startswith("  ")]
    assert said == ["numpy==1.24.*", "scipy==1.10.1", "pandas>=1.5,<3", "torch",
                    "xarray==2023.*", "tabulate"]  # fmt: skip
    assert "requirements.txt" in built.stderr.splitlines()[-1]


@pytest.mark.parametrize("text", ["{", "[1, 2]", "dependencies: 3"])
def test_a_broken_environment_file_is_said_so(assemble: Assemble, text: str) -> None:
    built = assemble(**{"environment.yml": text})
    assert built.returncode == 1
    assert "environment.yml is not an environment file" in built.stderr
    assert "Traceback" not in built.stderr


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
               "builder/conda-requirements", "builder/save-artifacts", "builder/usage",
               "bin/install-packages", "bin/trim-packages"],
)  # fmt: skip
def test_the_scripts_of_a_builder_are_executable(context: Path, script: str) -> None:
    assert (context / script).stat().st_mode & 0o111 == 0o111


def test_the_hub_and_notebook_images_share_one_installer() -> None:
    for shared in ("bin/install-packages", "bin/trim-packages", "builder/assemble",
                   "builder/conda-requirements", "builder/save-artifacts", "uv.txt",
                   "unused.txt"):  # fmt: skip
        # Real files: a build of a git repository's folder keeps links as they are, and those
        # that lead out of the folder lead nowhere.
        assert not (MINIMAL / shared).is_symlink()
        assert (MINIMAL / shared).read_bytes() == (HUB_IMAGE / shared).read_bytes()
