"""The shell scripts of the images, run with what they start replaced by a witness."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hub_image.conftest import HUB_IMAGE, MINIMAL

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(app_root: Path) -> Run:
    """Runs a script; what it starts is a witness that prints its name, arguments and `$SHOW`."""

    def run(script: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        env = {
            "PATH": f"{app_root}/bin:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": f"{app_root}/src",
            "APP_ROOT": str(app_root),
        }
        return subprocess.run(
            [script, *arguments], env=env | environment, capture_output=True, text=True, timeout=60
        )

    return run


@pytest.fixture
def witness(app_root: Path) -> Callable[..., None]:
    def witness(*names: str) -> None:
        for name in names:
            path = app_root / "bin" / name
            path.write_text('#!/bin/bash\necho "$(basename "$0") $*"\nprintenv "$SHOW" || echo\n')
            path.chmod(0o755)

    return witness


def test_the_hub_starts_with_its_configuration(
    run: Run, witness: Callable[..., None], app_root: Path
) -> None:
    witness("jupyterhub")
    started = run(HUB_IMAGE / "bin/start-jupyterhub.sh", "--debug")
    assert started.stdout.split("\n")[0] == (
        f"jupyterhub -f {app_root}/etc/jupyterhub_config.py --debug"
    )


def test_the_shell_file_of_the_configmap_wins_over_the_images(
    run: Run, witness: Callable[..., None], app_root: Path
) -> None:
    witness("jupyterhub")
    (app_root / "src/.jupyter/jupyterhub_config.sh").write_text("export A=1 B=1")
    (app_root / "configs/jupyterhub_config.sh").write_text("export B=2$A")
    assert "\n21\n" in run(HUB_IMAGE / "bin/start-jupyterhub.sh", SHOW="B").stdout


def test_a_custom_images_modules_are_importable(
    run: Run, witness: Callable[..., None], app_root: Path
) -> None:
    witness("jupyterhub")
    shown = run(HUB_IMAGE / "bin/start-jupyterhub.sh", SHOW="PYTHONPATH").stdout
    assert f"\n{app_root}/src\n" in shown


def test_the_culler_takes_the_options_of_old_configurations(
    run: Run, witness: Callable[..., None]
) -> None:
    witness("python")
    shown = run(
        HUB_IMAGE / "bin/cull-idle-servers", "--timeout=300", "--cull_every=60", "--cull_users"
    )
    assert shown.stdout.split("\n")[0] == (
        "python -m jupyterhub_idle_culler --timeout=300 --cull-every=60 --cull-users=True"
    )


def test_a_database_that_never_comes_is_named_without_its_password(
    run: Run, app_root: Path
) -> None:
    settings = app_root / "configs/settings.yaml"
    settings.write_text(settings.read_text().replace("type: postgresql", "type: external"))
    url = "postgresql+psycopg://jupyterhub:p%40ss@127.0.0.1:1/jupyterhub"
    (app_root / "secrets/database-url").write_text(url)
    waited = run(HUB_IMAGE / "bin/wait-for-database", "--timeout=0", PYTHONPATH=str(HUB_IMAGE))
    assert waited.returncode == 1, waited.stderr
    assert "Waiting for the database jupyterhub at 127.0.0.1:1" in waited.stdout
    assert "No connection in time" in waited.stdout
    assert "p@ss" not in waited.stdout + waited.stderr
    assert "p%40ss" not in waited.stdout + waited.stderr


def test_waiting_for_a_database_ends_at_once_on_a_signal(app_root: Path) -> None:
    settings = app_root / "configs/settings.yaml"
    settings.write_text(settings.read_text().replace("type: postgresql", "type: external"))
    (app_root / "secrets/database-url").write_text("postgresql+psycopg://a:b@127.0.0.1:1/c")
    command = [sys.executable, str(HUB_IMAGE / "bin/wait-for-database")]
    env = {**os.environ, "APP_ROOT": str(app_root), "PYTHONPATH": str(HUB_IMAGE)}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as waiting:
        assert waiting.stdout
        assert waiting.stdout.readline().startswith("Waiting for the database")
        waiting.send_signal(signal.SIGTERM)
        # By its own handler, without which nothing happens in a container: it is process 1 there.
        assert waiting.wait(60) == 128 + signal.SIGTERM


def test_there_is_no_waiting_for_a_file(run: Run, app_root: Path) -> None:
    settings = app_root / "configs/settings.yaml"
    settings.write_text(settings.read_text().replace("type: postgresql", "type: sqlite"))
    waited = run(HUB_IMAGE / "bin/wait-for-database", PYTHONPATH=str(HUB_IMAGE))
    assert (waited.returncode, waited.stdout) == (0, "")


@pytest.mark.parametrize(
    ("environment", "page"),
    [
        ({}, "/lab"),
        ({"JUPYTER_NOTEBOOK_INTERFACE": "classic"}, "/tree"),
        ({"JUPYTER_ENABLE_LAB": "false"}, "/tree"),
        ({"JUPYTER_ENABLE_LAB": "true", "JUPYTER_NOTEBOOK_INTERFACE": "classic"}, "/lab"),
        ({"JUPYTERHUB_DEFAULT_URL": "/tree/a.ipynb"}, "/tree/a.ipynb"),
    ],
)
def test_a_users_server_opens_the_interface_asked_for(
    run: Run, witness: Callable[..., None], environment: dict[str, str], page: str
) -> None:
    witness("jupyterhub-singleuser")
    script = MINIMAL / "bin/start-notebook.sh"
    hub = {"JUPYTERHUB_API_TOKEN": "t", "SHOW": "JUPYTERHUB_DEFAULT_URL"}
    assert run(script, "--debug", **hub, **environment).stdout == (
        f"jupyterhub-singleuser --debug\n{page}\n"
    )


@pytest.mark.parametrize(("interface", "program"), [("lab", "lab"), ("classic", "notebook")])
def test_without_a_hub_a_server_starts_alone(
    run: Run, witness: Callable[..., None], interface: str, program: str
) -> None:
    witness("jupyter")
    script = MINIMAL / "bin/start-notebook.sh"
    started = run(script, JUPYTER_NOTEBOOK_INTERFACE=interface).stdout
    assert started.startswith(f"jupyter {program} --ip=0.0.0.0 --port=8888")


def test_an_unknown_interface_is_refused(run: Run) -> None:
    refused = run(MINIMAL / "bin/start-notebook.sh", JUPYTER_NOTEBOOK_INTERFACE="emacs")
    assert refused.returncode == 2
    assert "use lab or classic" in refused.stderr


@pytest.mark.parametrize(("limit", "threads"), [("2.0", "2"), ("0.5", "1"), ("1.25", "2")])
@pytest.mark.parametrize("variable", ["OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "PYTHON_CPU_COUNT"])
def test_threads_follow_the_cpu_limit(
    run: Run, witness: Callable[..., None], limit: str, threads: str, variable: str
) -> None:
    witness("jupyter")
    script = MINIMAL / "bin/start-notebook.sh"
    assert f"\n{threads}\n" in run(script, SHOW=variable, CPU_LIMIT=limit).stdout
    assert "\n7\n" in run(script, SHOW=variable, CPU_LIMIT=limit, **{variable: "7"}).stdout


def test_threads_are_left_alone_without_a_limit(run: Run, witness: Callable[..., None]) -> None:
    witness("jupyter")
    started = run(MINIMAL / "bin/start-notebook.sh", SHOW="OMP_NUM_THREADS").stdout
    assert started.endswith("--no-browser\n\n")


@pytest.mark.parametrize(
    ("given", "shell"), [({}, "/bin/bash"), ({"SHELL": "/bin/zsh"}, "/bin/zsh")]
)
def test_terminals_run_bash_unless_another_shell_is_asked_for(
    run: Run, witness: Callable[..., None], given: dict[str, str], shell: str
) -> None:
    witness("jupyter")
    started = run(MINIMAL / "bin/start-notebook.sh", SHOW="SHELL", **given).stdout
    assert started.endswith(f"\n{shell}\n")


def test_the_images_own_environment_reaches_the_server(
    run: Run, witness: Callable[..., None], app_root: Path
) -> None:
    witness("jupyter")
    (app_root / "src/.jupyter/jupyter_notebook_config.sh").write_text("export DATA=here")
    assert "\nhere\n" in run(MINIMAL / "bin/start-notebook.sh", SHOW="DATA").stdout
