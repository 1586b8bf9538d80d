"""jhos sandbox, through its command, where none runs."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from jhos.cli import main
from jhos.cli.sandbox import sandbox


def run(state: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["sandbox", "--state-dir", str(state), *arguments])


def test_a_kubeconfig_needs_a_first_start(tmp_path: Path) -> None:
    answer = run(tmp_path / "none", "kubeconfig")
    assert answer.exit_code == 1
    assert "jhos sandbox start" in answer.stderr


def test_reset_does_not_act_where_it_cannot_ask(tmp_path: Path) -> None:
    (tmp_path / "kept").touch()
    answer = run(tmp_path, "reset")
    assert answer.exit_code == 2
    assert "--yes" in answer.stderr
    assert (tmp_path / "kept").exists()


def test_reset_with_yes_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "sandbox").mkdir()
    assert run(tmp_path / "sandbox", "reset", "--yes").exit_code == 0
    assert not (tmp_path / "sandbox").exists()


def test_stop_of_what_does_not_run_is_well(tmp_path: Path) -> None:
    answer = run(tmp_path, "stop")
    assert answer.exit_code == 0
    assert "was not running" in answer.stdout


def test_faults_need_a_sandbox_that_runs(tmp_path: Path) -> None:
    answer = run(tmp_path, "fault", "list")
    assert answer.exit_code == 1
    assert "jhos sandbox start" in answer.stderr


def test_doctor_tells_of_each_check() -> None:
    answer = CliRunner().invoke(sandbox, ["doctor", "-o", "json"])
    checks = json.loads(answer.stdout)
    assert {"name", "ok", "message", "remedy"} <= checks[0].keys()
    assert answer.exit_code == (0 if all(check["ok"] for check in checks) else 1)


@pytest.mark.parametrize("name", sorted(sandbox.commands))
def test_every_help_ends_with_an_example(name: str) -> None:
    answer = CliRunner().invoke(sandbox, [name, "--help"])
    assert f"jhos sandbox {name}" in answer.stdout.replace("--state-dir /tmp/second ", "")
