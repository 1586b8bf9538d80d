"""A command that is run again, since the first run was interrupted or nobody waited for it."""

import pytest

from jhos.actions import history
from jhos.revisions import READY
from tests.engine.conftest import IMAGES, Jhos, Reach

ADD = ("--memory", "4Gi", "--group", "staff", "--default")


@pytest.fixture
def deploy(jhos: Jhos) -> Jhos:
    """Deploys NAME and the words given, without waiting."""
    return lambda name, *words: jhos("deploy", "--name", name, *IMAGES, "--no-wait", *words)


def test_a_profile_is_added_and_removed_by_each_of_two_runs(jhos: Jhos, deploy: Jhos) -> None:
    deploy("twice")
    add = ("profiles", "add", "twice", "big", *ADD, "--no-wait")
    assert "Revision 2 of twice" in jhos(*add).stdout
    assert "Nothing had to be changed." in jhos(*add).stdout
    remove = ("profiles", "remove", "twice", "big", "--no-wait")
    assert "Revision 3 of twice" in jhos(*remove).stdout
    again = jhos(*remove)
    assert "Nothing had to be changed." in again.stdout
    assert "There is no profile big." in again.stderr


def test_a_change_of_profiles_that_timed_out_is_waited_for_by_the_same_command(
    jhos: Jhos, deploy: Jhos
) -> None:
    """No hub becomes ready here."""
    deploy("slow")
    for _ in range(2):
        done = jhos("profiles", "add", "slow", "big", *ADD, "--timeout", "1", code=5)
        assert "Run the same command again to go on waiting" in done.stderr


def test_a_profile_that_is_another_is_not_taken_for_the_same(jhos: Jhos, deploy: Jhos) -> None:
    deploy("differs")
    jhos("profiles", "add", "differs", "big", *ADD, "--no-wait")
    done = jhos("profiles", "add", "differs", "big", "--memory", "5Gi", "--no-wait", code=2)
    assert "There is a profile big already" in done.stderr


def test_a_variable_that_is_unset_already_is_unset(jhos: Jhos, deploy: Jhos) -> None:
    deploy("unset", "--env", "A=b")
    unset = ("configure", "unset", "--unset", "notebook.environment.A", "--no-wait")
    assert "Revision 2 of unset" in jhos(*unset).stdout
    assert "Nothing had to be changed" in jhos(*unset).stdout


def test_an_undo_that_nobody_waited_for_is_continued_and_not_undone(
    jhos: Jhos, deploy: Jhos, reach: Reach
) -> None:
    def note_ready() -> None:
        history.note(reach(), "undone", history.revisions(reach(), "undone")[-1], READY)

    def idle() -> int:
        return int(jhos("configure", "undone", "--get", "cull.idle").stdout)

    deploy("undone", "--cull-idle", "60")
    note_ready()
    jhos("configure", "undone", "--set", "cull.idle=120", "--no-wait")
    note_ready()
    undo = ("rollout", "undone", "undo", "--no-wait", "--no-backup")
    for _ in range(2):
        jhos(*undo)
        assert idle() == 60
    note_ready()
    jhos(*undo)
    assert idle() == 120
