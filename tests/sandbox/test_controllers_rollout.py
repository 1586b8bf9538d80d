"""The pure decisions of the deployment controller, by value."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jhos.sandbox.client import Object
from jhos.sandbox.controllers import rollout
from jhos.sandbox.controllers.deployment_status import deadline, status
from jhos.sandbox.controllers.meta import condition, timestamp

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def deployment(replicas: int = 1, **spec: Any) -> Object:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "demo", "uid": "u", "generation": 1},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {}},
            "progressDeadlineSeconds": 600,
            **spec,
        },
    }


def replica_set(number: int, size: int, available: int) -> Object:
    return {
        "metadata": {"name": f"web-{number}", "annotations": {rollout.REVISION: str(number)}},
        "spec": {"replicas": size},
        "status": {"replicas": size, "readyReplicas": available, "availableReplicas": available},
    }


@pytest.mark.parametrize(
    ("replicas", "limits", "old", "new", "expected"),
    [
        pytest.param(4, {}, (4, 4), (0, 0), {"web-2": 1}, id="a quarter more comes first"),
        pytest.param(4, {}, (4, 4), (1, 0), {"web-1": 3}, id="a quarter may be missing"),
        pytest.param(4, {}, (3, 3), (1, 0), {"web-2": 2}, id="what went makes room"),
        pytest.param(1, {}, (1, 1), (1, 0), {}, id="a single one stays till the new is ready"),
        pytest.param(1, {}, (1, 1), (1, 1), {"web-1": 0}, id="then it goes"),
        pytest.param(1, {}, (1, 0), (1, 0), {}, id="even a broken one stays till then"),
        pytest.param(
            2, {"maxSurge": 0, "maxUnavailable": 1}, (2, 2), (0, 0), {"web-1": 1},
            id="without surge an old one goes first",
        ),
        pytest.param(
            2, {"maxSurge": 0, "maxUnavailable": 0}, (2, 2), (0, 0), {"web-1": 1},
            id="limits that forbid all count as one missing",
        ),
        pytest.param(1, {}, (0, 0), (3, 3), {"web-2": 1}, id="too many shrink"),
    ],
)  # fmt: skip
def test_rolling_update_takes_one_step_at_a_time(
    replicas: int,
    limits: dict[str, Any],
    old: tuple[int, int],
    new: tuple[int, int],
    expected: dict[str, int],
) -> None:
    strategy = {"type": "RollingUpdate", "rollingUpdate": limits}
    steps = rollout.scales(
        deployment(replicas, strategy=strategy), replica_set(2, *new), [replica_set(1, *old)], 0
    )
    assert {step.replica_set["metadata"]["name"]: step.replicas for step in steps} == expected


@pytest.mark.parametrize(
    ("replicas", "sizes", "expected"),
    [(0, (3, 1), {"web-1": 0, "web-2": 0}), (2, (3, 3), {"web-1": 2, "web-2": 1}), (4, (3, 1), {})],
)
def test_a_paused_rollout_shrinks_in_proportion(
    replicas: int, sizes: tuple[int, int], expected: dict[str, int]
) -> None:
    old, new = (replica_set(number, size, size) for number, size in enumerate(sizes, 1))
    steps = rollout.scales(deployment(replicas, paused=True), new, [old], 0)
    assert {step.replica_set["metadata"]["name"]: step.replicas for step in steps} == expected


def test_the_hash_depends_on_the_template_alone() -> None:
    one, other = deployment(1), deployment(5, paused=True)
    assert rollout.template_hash(one["spec"]["template"]) == rollout.template_hash(
        other["spec"]["template"]
    )


def test_a_new_replica_set_selects_its_own_pods_only() -> None:
    made = rollout.new_replica_set(deployment(), 1)
    digest = made["metadata"]["labels"][rollout.HASH_LABEL]
    assert made["spec"]["selector"]["matchLabels"] == {"app": "web", rollout.HASH_LABEL: digest}


def test_the_oldest_empty_replica_sets_go_beyond_the_history() -> None:
    olds = [replica_set(number, 0, 0) for number in (3, 1, 2)]
    found = rollout.surplus(deployment(revisionHistoryLimit=1), olds)
    assert [held["metadata"]["name"] for held in found] == ["web-1", "web-2"]


def test_progress_that_stops_is_told_after_the_deadline() -> None:
    new, started = replica_set(1, 1, 0), NOW
    first = deployment() | {"status": status(deployment(), new, [], True, started)}
    second = first | {"status": status(first, new, [], False, started)}
    late = status(second, new, [], False, started + timedelta(seconds=601))
    assert (condition({"status": late}, "Progressing") or {})["reason"] == (
        "ProgressDeadlineExceeded"
    )


def test_a_finished_rollout_stays_finished_when_a_pod_fails_later() -> None:
    good, bad = replica_set(1, 1, 1), replica_set(1, 1, 0)
    for held in (good, bad):
        held["status"]["replicas"] = 1
    done = deployment() | {"status": status(deployment(), good, [], False, NOW)}
    later = status(done, bad, [], False, NOW + timedelta(days=1))
    assert (condition({"status": later}, "Progressing") or {})["reason"] == (
        "NewReplicaSetAvailable"
    )


def test_the_time_left_counts_from_the_last_progress() -> None:
    progressing = {
        "type": "Progressing",
        "status": "True",
        "reason": "ReplicaSetUpdated",
        "lastUpdateTime": timestamp(NOW),
    }
    obj = deployment() | {"status": {"conditions": [progressing]}}
    assert deadline(obj, NOW + timedelta(seconds=100)) == 500
