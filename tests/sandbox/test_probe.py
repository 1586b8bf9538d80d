"""What doctor finds, on this machine and on others."""

from pathlib import Path

import pytest

from jhos.sandbox import probe
from jhos.sandbox.layout import Layout


def test_a_machine_that_runs_these_tests_has_all_it_needs(tmp_path: Path) -> None:
    found = probe.checks(Layout(tmp_path / "state", tmp_path / "cache"))
    assert [check for check in found if not check.ok] == []
    assert list(tmp_path.iterdir()) == []


def test_a_missing_program_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    found = probe.program("bwrap")
    assert not found.ok
    assert "apt install bubblewrap" in found.remedy
    assert "dnf install bubblewrap" in found.remedy


@pytest.mark.parametrize(
    ("path", "text", "obstacle", "remedy"),
    [
        ("sys/user/max_user_namespaces", "0", "user.max_user_namespaces is 0", "sysctl user.max"),
        (
            "sys/kernel/unprivileged_userns_clone",
            "0",
            "unprivileged_userns_clone is 0",
            "userns_clone=1",
        ),
        (
            "sys/kernel/apparmor_restrict_unprivileged_userns",
            "1",
            "apparmor_restrict_unprivileged_userns is 1",
            "restrict_unprivileged_userns=0",
        ),
        ("self/status", "Seccomp:\t2", "seccomp filter", "seccomp=unconfined"),
        ("sys/user/max_user_namespaces", "9", "unshare failed", "allows user namespaces"),
    ],
)
def test_the_obstacle_to_namespaces_is_named_with_its_remedy(
    tmp_path: Path, path: str, text: str, obstacle: str, remedy: str
) -> None:
    file = tmp_path / path
    file.parent.mkdir(parents=True)
    file.write_text(f"{text}\n")
    message, cure = probe.obstacle_to_namespaces("unshare failed: EPERM", tmp_path)
    assert obstacle in message
    assert remedy in cure


def test_a_state_directory_that_cannot_be_written_is_refused() -> None:
    found = probe.overlay(Path("/proc/nowhere"))
    assert not found.ok
    assert "--state-dir" in found.remedy


def test_a_failed_command_is_told_by_its_last_line() -> None:
    assert probe.run(["sh", "-c", "echo first; echo last >&2; exit 1"]) == "first"
    assert probe.run(["sh", "-c", "exit 4"]) == "exit code 4"
    assert probe.run(["no-such-program"]) is not None
    assert probe.run(["true"]) is None
