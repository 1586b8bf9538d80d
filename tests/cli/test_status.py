"""What goes on until it is ended rides out more than a command that looks once."""

from pathlib import Path

import pytest

from jhos.actions.status import Hub, Part, Status
from jhos.cli.status import _text, _watch
from jhos.errors import SettingsError
from tests.cluster.answering import Answer, Request, answering, cluster_at, failure


def test_watching_rides_out_an_outage_however_long_ago_it_began(tmp_path: Path) -> None:
    outage = [failure(503, "restarting")]

    def script(request: Request) -> Answer:
        if outage:
            return outage.pop()
        if request.path.endswith(("/alpha", "/alpha-secrets")):
            return failure(404, "not there")
        return Answer(body={"items": [], "metadata": {"resourceVersion": "1"}})

    with answering(script) as server, pytest.raises(SettingsError, match="alpha"):
        _watch(cluster_at(server.address, tmp_path, timeout_s=0), "alpha", "table", full=False)


def test_watching_prints_a_line_a_change(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secrets = [Answer(body={"kind": "Secret", "metadata": {"name": "alpha-secrets"}})] * 2

    def script(request: Request) -> Answer:
        if request.path.endswith("/alpha-secrets") and secrets:
            return secrets.pop()
        if request.path.endswith(("/alpha", "/alpha-secrets")):
            return failure(404, "not there")
        return Answer(body={"items": [], "metadata": {"resourceVersion": "1"}})

    with answering(script) as server, pytest.raises(SettingsError, match="alpha"):
        _watch(cluster_at(server.address, tmp_path), "alpha", "json", full=False, pause_s=0)
    assert secrets == []
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_a_long_reason_stands_below_the_table() -> None:
    reason = "image registry.example.com/any cannot be pulled: no such manifest, nor another one"
    parts = (Part("hub", False, reason, "any"), Part("proxy", True, "ready", "any"))
    found = Status(name="alpha", namespace="demo", url="", parts=parts, hub=Hub("6.1", 1, 1),
                   quotas=())  # fmt: skip
    lines = _text(found).splitlines()
    assert max(map(len, lines[2:5])) < 90
    assert lines[5] == f"hub: {reason}"
    assert lines[7] == "JupyterHub 6.1: 1 user, 1 server runs"
