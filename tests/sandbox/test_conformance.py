"""The sandbox answers as a real OpenShift API server did, request by request.

The recordings lie beside the project, in `../shared/openshift`. They were made without nodes and
router, so the whole of them holds for a sandbox without.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from jhos.sandbox import daemon
from jhos.sandbox.layout import layout

RECORDED = Path(__file__).parents[3] / "shared/openshift"
FILES = (*RECORDED.glob("scenario/*.yaml"), *RECORDED.glob("more/scenario/nulls.yaml"))
SCENARIOS = {path.stem: path.parents[1] for path in sorted(FILES)}  # the folder of each
Plays = dict[str, "subprocess.Popen[str]"]


@pytest.fixture(scope="module")
def plays(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plays]:
    """All scenarios at once, each in projects of its own: they wait most of the time."""
    where = layout(tmp_path_factory.mktemp("conformance") / "state")
    daemon.start(where, api_only=True)
    access = ["--kubeconfig", str(where.kubeconfig)]
    access += ["--admin-kubeconfig", str(where.admin_kubeconfig), "--namespace", "trial"]
    command = [sys.executable, str(RECORDED / "conformance.py"), "check", *access]
    started = {
        name: subprocess.Popen(
            [*command, "--data", str(folder), "--only", f"{name}: *"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for name, folder in SCENARIOS.items()
    }
    yield started
    for process in started.values():
        process.kill()
        process.wait()
    daemon.reset(where)


def test_the_recordings_are_there_where_all_is_tested() -> None:
    if not os.environ.get("CI") and not SCENARIOS:
        pytest.skip(f"no recordings in {RECORDED}")
    assert SCENARIOS


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_answer_is_the_recorded_one(name: str, plays: Plays) -> None:
    output, _ = plays[name].communicate(timeout=300)
    assert plays[name].returncode == 0, output
    assert not output.startswith("0 passed")
