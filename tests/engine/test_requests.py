"""How much is asked of the cluster: counted exactly, since on a far one that is what takes time."""

import json
import logging
import re
from collections.abc import Callable

import pytest

from tests.engine.conftest import IMAGES, PROJECT, Jhos

WRITES = ("POST", "PUT", "PATCH", "DELETE")
_LOGGED = re.compile(r"^(GET|POST|PUT|PATCH|DELETE) (\S+) (\d+|no answer) \d+ ms$")
Request = tuple[str, str, str]  # method, path, status


@pytest.fixture
def ask(jhos: Jhos, caplog: pytest.LogCaptureFixture) -> Callable[..., tuple[str, list[Request]]]:
    """A command's result, and the requests that `-v` would show."""

    def run(*words: str) -> tuple[str, list[Request]]:
        caplog.clear()
        with caplog.at_level(logging.INFO, logger="jhos.cluster.wire"):
            result = jhos(*words).stdout
        lines = [record.getMessage() for record in caplog.records]
        found = [_LOGGED.match(line) for line in lines]
        return result, [(each[1], each[2], each[3]) for each in found if each]

    return run


def writes(asked: list[Request]) -> list[Request]:
    """A review of one's own rights writes nothing."""
    return [each for each in asked if each[0] in WRITES and "selfsubject" not in each[1]]


def test_a_deployment_asks_for_little(ask: Callable[..., tuple[str, list[Request]]]) -> None:
    command = ("deploy", "--name", "sparing", "--no-wait", "-o", "json")
    result, asked = ask(*command, *IMAGES, "--no-check")
    objects = len(json.loads(result)["changes"]) + 1  # the revision
    assert len(writes(asked)) >= objects
    assert len(asked) <= objects + 12
    assert not [each for each in asked if each[2] == "403"]
    ours = (f"/namespaces/{PROJECT}/", "/namespaces/openshift/imagestreams/", "selfsubjectrules")
    assert not [path for _, path, _ in asked if not any(part in f"{path}/" for part in ours)]
    _, again = ask(*command)
    assert 0 < len(again) <= objects + 8
    assert not writes(again)
