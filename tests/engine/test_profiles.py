"""Profiles, as they come to a deployment."""

from dataclasses import replace

import pytest

from jhos.actions.pipeline import Manner, carry_out
from jhos.actions.profiles import change
from jhos.events import Event, State
from jhos.settings.profiles import added
from tests.engine.conftest import Reach, given

STAFF = {"name": "staff", "groups": ["staff"]}
SAID = ["nobody is offered staff: without a login nobody is in a group"]


def warnings(told: list[Event]) -> list[str]:
    return [each.message for each in told if each.state is State.WARNING]


@pytest.mark.parametrize(
    ("configuration", "said"), [("", SAID), ("c.JupyterHub.load_groups = {'staff': ['ada']}", [])]
)
def test_that_nobody_sees_one_is_said_as_it_is_added_and_deployed(
    reach: Reach, configuration: str, said: list[str]
) -> None:
    cluster, told, name = reach(), list[Event](), f"choice-{len(said)}"
    manner = Manner(timeout_s=60, report=told.append, wait=False)
    without = replace(
        given(name, profiles=[]), configuration={"jupyterhub_config.py": configuration}
    )
    carry_out(cluster, name, without, manner)
    assert not warnings(told)
    change(cluster, name, lambda rows: added(rows, STAFF), precaution=None, wait=False,
           timeout_s=60, report=told.append)  # fmt: skip
    assert warnings(told) == said
    told.clear()
    carry_out(cluster, name, given(name), manner)
    assert warnings(told) == said
