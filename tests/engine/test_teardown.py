"""What a teardown asks for: as little with thousands of users as with none."""

import logging
import re
from collections.abc import Callable
from typing import Any

import pytest

from jhos.actions.pipeline import Manner, carry_out
from jhos.actions.teardown import KINDS, Teardown, Wish, teardown
from jhos.cluster.client import Cluster
from jhos.cluster.parallel import parallel
from jhos.events import silent
from jhos.objects import MANAGED_BY, SERVER, STORAGE
from jhos.plan import Action
from tests.engine.conftest import given

USERS = 30
LEASE = 3  # requests to hold it; it is renewed as time goes by
Reach = Callable[[], Cluster]


def of_user(name: str, number: int, kind: str, component: str, spec: dict[str, Any]) -> Any:
    """As KubeSpawner labels it."""
    labels = {"app": name, "app.kubernetes.io/instance": name, "component": component}
    labels[MANAGED_BY] = "kubespawner"
    meta = {"name": f"{name}-{component}-{number}", "labels": labels}
    return {"apiVersion": "v1", "kind": kind, "metadata": meta, "spec": spec}


def populate(cluster: Cluster, name: str, users: int) -> None:
    pod = {"containers": [{"name": "notebook", "image": "registry.example.com/any"}]}
    size = {"resources": {"requests": {"storage": "1Gi"}}, "accessModes": ["ReadWriteOnce"]}
    parallel(
        cluster.create,
        [
            of_user(name, number, *what)
            for number in range(users)
            for what in (("Pod", SERVER, pod), ("PersistentVolumeClaim", STORAGE, size))
        ],
    )


def tear_down(cluster: Cluster, name: str, wish: Wish) -> Teardown:
    done = teardown(cluster, name, wish, approve=lambda _: True, timeout_s=60, report=silent)
    assert done
    return done


def left(cluster: Cluster, name: str) -> set[str]:
    kinds = ("ConfigMap", "Deployment", "Lease", "PersistentVolumeClaim", "Pod", "Role", "Route",
             "RoleBinding", "Secret", "Service", "ServiceAccount", "NetworkPolicy")  # fmt: skip
    found = [obj for kind in kinds for obj in cluster.metadata(kind, f"app={name}")]
    return {f"{obj['kind']} {obj['metadata']['name']}" for obj in found}


def test_thousands_of_users_cost_no_request_more(
    reach: Reach, caplog: pytest.LogCaptureFixture
) -> None:
    asked = {}
    for name, users in (("few", 0), ("many", USERS)):
        cluster = reach()
        carry_out(cluster, name, given(name), Manner(timeout_s=60, report=silent, wait=False))
        populate(cluster, name, users)
        caplog.clear()
        with caplog.at_level(logging.INFO, logger="jhos.cluster.wire"):
            done = tear_down(cluster, name, Wish(delete_storage=True))
        said = [record.getMessage() for record in caplog.records]
        lines = [re.sub(rf"/{name}\b", "/NAME", line) for line in said if "/leases" not in line]
        asked[name] = sorted(line.split()[:2] for line in lines)
        assert len(done.plan.of(Action.DELETE)) > 2 * users
        assert not left(cluster, name)
    assert max(map(asked["many"].count, asked["many"])) <= 2  # one list and one watch
    assert len(asked["many"]) + LEASE <= 20 + len(KINDS)
    assert asked["many"] == asked["few"]


def test_what_users_have_stays_unless_it_is_said(reach: Reach) -> None:
    cluster = reach()
    carry_out(cluster, "stay", given("stay"), Manner(timeout_s=60, report=silent, wait=False))
    populate(cluster, "stay", 2)
    tear_down(cluster, "stay", Wish())
    assert left(cluster, "stay") == {
        "ConfigMap stay-cfg",
        "Secret stay-secrets",
        "PersistentVolumeClaim stay-db",
        f"PersistentVolumeClaim stay-{STORAGE}-0",
        f"PersistentVolumeClaim stay-{STORAGE}-1",
    }
    tear_down(cluster, "stay", Wish(delete_storage=True))
    assert not left(cluster, "stay")


def test_the_neighbours_and_what_only_looks_like_ours_stay(reach: Reach) -> None:
    cluster = reach()
    for name in ("gone", "gone-not"):
        carry_out(cluster, name, given(name), Manner(timeout_s=60, report=silent, wait=False))
    before = left(cluster, "gone-not")
    service = {"ports": [{"port": 80}]}
    labels = {"app": "gone", "component": "proxy"}
    meta = {"name": "somebodys", "labels": labels}
    cluster.create({"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": service})
    tear_down(cluster, "gone", Wish(delete_storage=True))
    assert left(cluster, "gone") == {"Service somebodys"}
    assert before <= left(cluster, "gone-not")
