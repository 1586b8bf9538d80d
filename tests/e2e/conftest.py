"""A sandbox for each worker of a run, with the images built; projects apart."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e import snapshot
from tests.e2e.browsers import chromium
from tests.e2e.programs import Run

expect.set_options(timeout=30_000)  # the hub answers slowly while servers start beside it

PROGRAMS = Path(sys.executable).parent
REPORTS = snapshot.REPOSITORY / "reports"
# Modules that take minutes, the longest first: begun late, they would keep one worker alone.
LONG = ("test_upgrade", "test_hub_logins", "test_configure", "test_look", "test_backup",
        "test_recipe", "test_quickstart", "test_templates")  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the long modules first. The order within a module stays."""
    rank = {name: number for number, name in enumerate(LONG)}
    items.sort(key=lambda item: rank.get(item.path.stem, len(LONG)))


@pytest.fixture(scope="session")
def environment(
    tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Iterator[dict[str, str]]:
    """The variables of every command: a sandbox of this worker's own, or one of yours, which stays.

    JHOS_TEST_SANDBOX names the state directory of yours. The log of a worker's own is kept.
    """
    kept = os.environ.get("JHOS_TEST_SANDBOX")
    state = Path(kept) if kept else tmp_path_factory.mktemp("sandbox")
    variables = {**os.environ, "JHOS_SANDBOX_DIR": str(state)}
    variables["PATH"] = f"{PROGRAMS}{os.pathsep}{variables['PATH']}"
    variables.pop("KUBECONFIG", None)
    if not (state / "daemon.lock").exists():
        snapshot.restore(state, variables)
    subprocess.run(["jhos", "sandbox", "start"], env=variables, check=True)
    variables["KUBECONFIG"] = str(state / "kubeconfig")
    yield variables
    if kept:
        return
    subprocess.run(["jhos", "sandbox", "stop"], env=variables, check=True)
    REPORTS.mkdir(exist_ok=True)
    shutil.copy(state / "sandbox.log", REPORTS / f"sandbox-{worker_id}.log")
    shutil.rmtree(state, ignore_errors=True)


@pytest.fixture(scope="session")
def jhos(environment: dict[str, str]) -> Run:
    """`jhos("deploy", …)`; fails the test where the exit code is not `code`."""

    def run(*arguments: str, code: int = 0, timeout: float = 900) -> Any:
        done = subprocess.run(
            ["jhos", *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == code, f"{arguments}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return done

    return run


@pytest.fixture(scope="session")
def kubectl(environment: dict[str, str]) -> Run:
    def run(*arguments: str) -> Any:
        done = subprocess.run(
            ["kubectl", *arguments], env=environment, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, f"{arguments}\n{done.stdout}\n{done.stderr}"
        return done

    return run


@pytest.fixture(scope="session")
def project(environment: dict[str, str]) -> str:
    """A project with the images built; each test has deployments of its own names in it."""
    assert environment
    return snapshot.PROJECT


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Not for the whole session: while it is open no test of coroutines can run."""
    with chromium() as opened:
        yield opened
