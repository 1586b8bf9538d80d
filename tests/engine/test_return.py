"""What does not become ready gives way to what was before: here nothing ever does."""

import pytest

from jhos.actions import history
from jhos.actions.pipeline import Manner, carry_out
from jhos.events import Event, State, silent
from jhos.revisions import READY
from tests.engine.conftest import Reach, given

NAME = "returns"


def test_the_time_of_the_way_back_is_said_and_who_interrupts_it_can_go_on(
    reach: Reach,
) -> None:
    cluster, told = reach(), []
    carry_out(cluster, NAME, given(NAME), Manner(timeout_s=60, report=silent, wait=False))
    history.note(cluster, NAME, history.revisions(cluster, NAME)[0], READY)

    def report(event: Event) -> None:
        if event.subject == "Rollout":
            told.append(event)
        elif told and event.state is State.RUNNING:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as interrupted:
        carry_out(cluster, NAME, given(NAME, cull={"idle": 60}),
                  Manner(timeout_s=1, report=report))  # fmt: skip
    assert [event.state for event in told] == [State.WARNING]
    assert told[0].message.startswith("Not ready after 1 s")
    assert told[0].message.endswith("going back to revision 1, for which there are 10 min more")
    words, hint = interrupted.value.args
    assert words == "Interrupted while going back to revision 1."
    assert hint == "Go on: jhos rollout returns undo --to 1 -n engine"
