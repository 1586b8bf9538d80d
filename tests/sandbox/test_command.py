"""jhos sandbox, through its command, while a sandbox runs."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from jhos.cli import main
from jhos.cli.sandbox import ensure_started
from tests.cli.test_sandbox import run


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A sandbox that was started once."""
    directory = tmp_path_factory.mktemp("cli") / "sandbox"
    assert run(directory, "start").exit_code == 0
    yield directory
    run(directory, "stop")


def test_start_tells_the_addresses(state: Path) -> None:
    answer = run(state, "start")
    status = json.loads(run(state, "status", "-o", "json").stdout)
    assert status["api"] in answer.stdout
    assert status["state"] == "running"


def test_status_names_the_processes(state: Path) -> None:
    status = json.loads(run(state, "status", "-o", "json").stdout)
    assert status["pid"] > 0
    assert status["node_pid"] > 0


def test_kubeconfig_is_of_the_user_or_of_the_admin(state: Path) -> None:
    user = Path(run(state, "kubeconfig").stdout.strip())
    admin = Path(run(state, "kubeconfig", "--admin").stdout.strip())
    assert "name: developer" in user.read_text()
    assert "name: admin" in admin.read_text()


def test_a_running_sandbox_is_taken_as_it_is(state: Path) -> None:
    assert ensure_started(state) == state / "kubeconfig"


def test_the_state_directory_comes_from_the_environment(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JHOS_SANDBOX_DIR", str(state))
    answer = CliRunner().invoke(main, ["sandbox", "status"])
    assert str(state) in answer.stdout


def test_faults_are_added_listed_and_cleared(state: Path) -> None:
    added = run(state, "fault", "add", "503", "--method", "patch", "--count", "2")
    assert added.stdout == "Fault 1 is set.\n"
    run(state, "fault", "add", "drop", "--path", "*/pods")
    rows = [line.split() for line in run(state, "fault", "list").stdout.splitlines()[1:]]
    assert rows == [
        ["1", "503", "PATCH", "*", "*", "1", "2", "0"],
        ["2", "drop", "all", "*/pods", "*", "1", "always", "0"],
    ]
    assert run(state, "fault", "clear").stdout == "Fault 1 is removed.\nFault 2 is removed.\n"
    assert json.loads(run(state, "fault", "list", "-o", "json").stdout) == []


def test_an_unknown_fault_or_effect_is_refused(state: Path) -> None:
    assert "There is no fault 9" in run(state, "fault", "clear", "9").stderr
    wrong = run(state, "fault", "add", "204")
    assert (wrong.exit_code, "status of 400 to 599" in wrong.stderr) == (2, True)


@pytest.mark.parametrize(
    ("options", "later", "words"),
    [
        (["--api-only"], [], "runs already, without a node"),
        (["--api-only", "--no-registry"], ["--api-only"], "runs already, without a registry"),
    ],
)
def test_one_without_a_part_is_not_taken_for_one_with_it(
    tmp_path: Path, options: list[str], later: list[str], words: str
) -> None:
    directory = tmp_path / "bare"
    assert "without a node" in run(directory, "start", *options).stdout
    refused = run(directory, "start", *later)
    run(directory, "reset", "--yes")
    assert (refused.exit_code, words in refused.stderr) == (1, True)
