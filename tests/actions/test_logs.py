"""A log that is followed outlives the connection that it comes over."""

from pathlib import Path

import pytest

from jhos.actions.logs import Excerpt, logs
from jhos.errors import JhosError
from tests.cluster.answering import Answer, Broken, Request, answering, cluster_at, failure

RUNNING = {"name": "hub", "state": {"running": {}}}
POD = {
    "kind": "Pod",
    "metadata": {"name": "alpha-0"},
    "spec": {"containers": [{"name": "hub"}]},
    "status": {"containerStatuses": [RUNNING]},
}
BEGUN = "2026-01-01T00:00:0"


def test_a_log_goes_on_after_the_connection_broke(tmp_path: Path) -> None:
    answers: list[Answer | Broken] = [
        failure(503, "restarting"),
        Broken(half=True, text=f"{BEGUN}1.000Z one\n{BEGUN}2.000Z two\n"),
        Answer(text=f"{BEGUN}2.000Z two\n{BEGUN}3.000Z three\n"),
    ]

    def script(request: Request) -> Answer | Broken:
        if "/log?" in request.path:
            return answers.pop(0)
        if request.path.endswith("/alpha-0"):
            return Answer(body=POD)
        return Answer(body={"items": [POD], "metadata": {"resourceVersion": "1"}})

    told: list[str] = []
    with answering(script) as server:
        cluster = cluster_at(server.address, tmp_path, timeout_s=0)
        excerpt = Excerpt(follow=True, tail=2)
        logs(cluster, "alpha", "hub", excerpt, lambda _, line: told.append(line))
    assert told == ["one", "two", "three"]
    assert "sinceTime" in server.requests[-1].path
    assert "tailLines" not in server.requests[-1].path


def test_a_log_of_before_needs_a_container_that_ended(tmp_path: Path) -> None:
    crashed = {"name": "hub", "lastState": {"terminated": {"exitCode": 1}}}
    pods = [{**POD, "status": {"containerStatuses": [each]}}
            for each in ({"name": "hub", "lastState": {}}, crashed)]  # fmt: skip
    listed = {"items": [POD], "metadata": {"resourceVersion": "1"}}

    def script(request: Request) -> Answer:
        if "/log?" in request.path:
            return Answer(text="the last words\n")
        return Answer(body=pods.pop(0) if request.path.endswith("/alpha-0") else listed)

    told: list[str] = []
    with answering(script) as server:
        cluster = cluster_at(server.address, tmp_path, timeout_s=0)

        def look() -> None:
            excerpt = Excerpt(previous=True)
            logs(cluster, "alpha", "hub", excerpt, lambda _, line: told.append(line))

        with pytest.raises(JhosError, match="container hub of Pod alpha-0 has not ended"):
            look()
        look()
    assert told == ["the last words"]
