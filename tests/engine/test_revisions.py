"""The last ten of what a deployment was."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from jhos.actions import history
from jhos.actions.pipeline import Manner, carry_out
from jhos.actions.rollout import undo
from jhos.cli import main
from jhos.cluster.client import Cluster
from jhos.errors import SettingsError
from jhos.events import silent
from tests.engine.conftest import Reach, given

NAME = "often"


def bring_back(cluster: Cluster, number: int) -> int:
    done, found = undo(cluster, NAME, number, backup=None, precaution=None, wait=False,
                       timeout_s=60, report=silent)  # fmt: skip
    assert found == number
    return done.revision


def test_the_eleventh_revision_takes_the_place_of_the_first(reach: Reach) -> None:
    cluster, manner = reach(), Manner(timeout_s=60, report=silent, wait=False)
    for number in range(1, 12):
        carry_out(cluster, NAME, given(NAME, cull={"idle": number * 60}), manner)
    assert [each.number for each in history.revisions(cluster, NAME)] == list(range(2, 12))
    with pytest.raises(SettingsError, match="There is no revision 1 of often") as refused:
        bring_back(cluster, 1)
    assert refused.value.hint == "There are: 2, 3, 4, 5, 6, 7, 8, 9, 10, 11."
    assert bring_back(cluster, 2) == 12
    back = history.content(cluster, NAME, 12)
    assert back.settings["cull"]["idle"] == 120
    assert history.revisions(cluster, NAME)[0].number == 3


def test_no_way_back_is_offered_where_there_is_none(reach: Reach, kubeconfig: Path) -> None:
    """Of nothing here anybody knows that it became ready."""
    carry_out(reach(), "early", given("early"), Manner(timeout_s=60, report=silent, wait=False))
    words = ("configure", "early", "--set", "hub.memory=700Mi", "--no-wait", "-n", "engine")
    done = CliRunner().invoke(main, [*words, "--kubeconfig", str(kubeconfig)])
    assert "Revision 2 of early" in done.stdout
    assert "undo" not in done.stdout
