"""A restore that was interrupted, and what others did meanwhile."""

import json
from pathlib import Path

import pytest
import yaml

from jhos import __version__, archive
from jhos.actions.edits import Given
from jhos.actions.pipeline import Manner, carry_out
from jhos.actions.restore import Origin, restore
from jhos.errors import Conflict
from jhos.events import Event, State, silent
from tests.engine.conftest import Reach, given

NAME = "halfway"


@pytest.fixture
def file(tmp_path: Path) -> archive.Backup:
    path = tmp_path / "halfway.tar"
    settings = given(NAME).settings
    about = {"kind": archive.KIND, "format": archive.FORMAT, "jhos": __version__, "name": NAME,
             "project": "engine", "database": {"type": "postgresql", "schema": "any"},
             "ownSecrets": [], "users": [], "volumes": []}  # fmt: skip
    with archive.writing(path) as made:
        made.add(archive.ABOUT, json.dumps(about).encode())
        made.add(archive.SETTINGS, yaml.safe_dump(settings).encode())
        made.add("database.dump", b"PGDMP")
    return archive.read(path)


def test_what_was_deployed_after_an_interruption_is_not_overwritten(
    reach: Reach, file: archive.Backup
) -> None:
    def interrupt(event: Event) -> None:
        if event.state is State.RUNNING and event.subject.startswith("Deployment"):
            raise KeyboardInterrupt

    def again() -> None:
        origin = Origin(file=file, given=Given(settings={}), secrets=None)
        restore(reach(), origin, create=False, timeout_s=60, report=interrupt)

    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):  # nothing runs here that the database is read into
            again()
    carry_out(reach(), NAME, given(NAME), Manner(timeout_s=60, report=silent, wait=False))
    with pytest.raises(Conflict, match="halfway was deployed or changed since this restore"):
        again()
