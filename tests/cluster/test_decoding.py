"""Answers with null where a Go server has nothing to say, and answers that are no object."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jhos.cluster.client import Cluster
from jhos.cluster.premises import allowance
from jhos.errors import JhosError, Refused
from jhos.objects import ObjectRef
from tests.cluster.answering import Answer, Broken, answering, cluster_at, in_turn

REF = ObjectRef("ConfigMap", "alpha")
OBJ = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "alpha"}, "data": {"a": "1"}}
BUILD = ObjectRef("BuildConfig", "alpha")
Ask = Callable[[Cluster], Any]

ASKED: dict[str, Ask] = {
    "get": lambda cluster: cluster.get(REF),
    "list": lambda cluster: cluster.list("Pod"),
    "metadata": lambda cluster: cluster.metadata("Pod"),
    "census": lambda cluster: cluster.census("Pod", "app=a", dict),
    "apply": lambda cluster: cluster.apply(OBJ),
    "create": lambda cluster: cluster.create(OBJ),
    "replace": lambda cluster: cluster.replace(OBJ),
    "merge": lambda cluster: cluster.merge(REF, {}),
    "delete": lambda cluster: cluster.delete(REF),
    "delete_all": lambda cluster: cluster.delete_all("Pod", "app=a", dict),
    "upload": lambda cluster: cluster.upload(BUILD, "instantiatebinary", b""),
    "post": lambda cluster: cluster.post(BUILD, "instantiate", {}),
    "rules": lambda cluster: cluster.rules(),
    "groups": lambda cluster: cluster.groups(),
    "watch": lambda cluster: list(cluster.watch("Pod", "1")),
}


@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)
@pytest.mark.parametrize("text", ["null\n", "[]\n", '"ok"\n'])
def test_an_answer_that_is_no_object_is_reported(tmp_path: Path, ask: Ask, text: str) -> None:
    answer = Answer(text=text)
    with answering(in_turn(answer)) as server, pytest.raises(Refused, match="Kubernetes API"):
        ask(cluster_at(server.address, tmp_path))


@pytest.mark.parametrize(
    ("ask", "answer", "expected"),
    [
        (ASKED["metadata"], {"metadata": None, "items": None}, []),
        (ASKED["list"], {"metadata": None, "items": None}, ([], "")),
        (ASKED["census"], {"metadata": None, "items": None}, ([], "")),
        (ASKED["delete_all"], {"metadata": {}, "items": None}, []),
        (ASKED["groups"], {"groups": None}, set()),
        (ASKED["rules"], {"status": {"resourceRules": None}}, []),
        (ASKED["rules"], {"status": None}, []),
        (ASKED["get"], OBJ | {"data": None}, {key: OBJ[key] for key in OBJ if key != "data"}),
    ],
)
def test_null_counts_as_left_out(
    tmp_path: Path, ask: Ask, answer: dict[str, Any], expected: Any
) -> None:
    with answering(in_turn(Answer(body=answer))) as server:
        assert ask(cluster_at(server.address, tmp_path)) == expected


def test_null_in_a_watched_object_counts_as_left_out(tmp_path: Path) -> None:
    event = {"type": "ADDED", "object": {"metadata": {"name": "a", "labels": None}}}
    broken_off = Broken(half=True, text=json.dumps(event) + "\n")
    with answering(in_turn(broken_off)) as server:
        events = list(cluster_at(server.address, tmp_path).watch("Pod", "1"))
    assert events == [("ADDED", {"metadata": {"name": "a"}})]


def test_a_quota_and_a_range_of_nothing_limit_nothing(tmp_path: Path) -> None:
    empty = {
        "metadata": {"name": "q"},
        "spec": {"hard": None, "limits": None},
        "status": {"used": None},
    }
    with answering(in_turn(Answer(body={"items": [empty]}))) as server:
        found = allowance(cluster_at(server.address, tmp_path))
    assert not any(quota.hard for quota in found.quotas)
    assert found.bounds == ({}, {})


@pytest.mark.parametrize(
    "body",
    [None, {"message": None}, {"message": "no", "details": {"causes": None}}, {"details": None}],
)
@pytest.mark.parametrize("status", [403, 409, 503])
def test_a_refusal_may_leave_out_everything(
    tmp_path: Path, status: int, body: dict[str, Any] | None
) -> None:
    answer = Answer(status, text=json.dumps(body))
    with answering(in_turn(answer)) as server, pytest.raises(JhosError):
        cluster_at(server.address, tmp_path, timeout_s=0).apply(OBJ)
