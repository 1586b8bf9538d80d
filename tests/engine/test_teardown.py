"""What a teardown asks for: as little with thousands of users as with none."""

import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from jhos.actions.pipeline import Manner, carry_out
from jhos.actions.teardown import Teardown, Wish, teardown
from jhos.cluster.client import Cluster
from jhos.cluster.connect import connect
from jhos.cluster.parallel import parallel
from jhos.errors import OutOfTime
from jhos.events import silent
from jhos.objects import MANAGED_BY, SERVER, STORAGE, ObjectRef
from jhos.plan import Action
from jhos.sandbox.layout import Layout
from tests.engine.conftest import given

USERS = 30
LEASE = 3  # requests to hold it; it is renewed as time goes by
REQUESTS = 22
WATCHED = 3  # kinds: of others nothing is there any more when their deletion was answered
RBAC = "rbac.authorization.k8s.io"
HELD = {"metadata": {"finalizers": ["example.com/hold"]}}
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


def guest(admin: Path, folder: Path, *rules: dict[str, Any]) -> Cluster:
    """Of a service account that may do just that."""
    owner = connect(str(admin), None, "engine")
    owner.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "guest"}})
    role = {"apiVersion": f"{RBAC}/v1", "kind": "Role", "metadata": {"name": "guest"}}
    owner.create({**role, "rules": list(rules)})
    owner.create(
        {
            **role,
            "kind": "RoleBinding",
            "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": "guest"},
            "subjects": [{"kind": "ServiceAccount", "name": "guest"}],
        }
    )
    answer = owner.post(ObjectRef("ServiceAccount", "guest"), "token", {"spec": {}})
    config = yaml.safe_load(admin.read_text())
    for each in config["users"]:
        each["user"] = {"token": answer["status"]["token"]}
    (folder / "guest").write_text(yaml.safe_dump(config))
    return connect(str(folder / "guest"), None, "engine")


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
    assert len(asked["many"]) + LEASE == REQUESTS + WATCHED
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


def test_what_the_inventory_does_not_name_goes_with_its_kind(reach: Reach) -> None:
    cluster = reach()
    carry_out(cluster, "more", given("more"), Manner(timeout_s=60, report=silent, wait=False))
    cluster.create(of_user("more", 1, "Service", SERVER, {"ports": [{"port": 80}]}))
    done = tear_down(cluster, "more", Wish(delete_storage=True))
    assert f"more-{SERVER}-1" in {each.ref.name for each in done.plan.of(Action.DELETE)}
    assert not left(cluster, "more")


def test_without_an_inventory_all_kinds_are_looked_at(reach: Reach) -> None:
    cluster = reach()
    carry_out(cluster, "lost", given("lost"), Manner(timeout_s=60, report=silent, wait=False))
    cluster.delete(ObjectRef("ConfigMap", "lost-inventory"))
    tear_down(cluster, "lost", Wish(delete_storage=True))
    assert not left(cluster, "lost")


def test_who_may_not_delete_many_at_once_deletes_one_by_one(
    reach: Reach, server: Layout, tmp_path: Path
) -> None:
    cluster = reach()
    carry_out(cluster, "single", given("single"), Manner(timeout_s=60, report=silent, wait=False))
    verbs = ["get", "list", "watch", "create", "update", "patch", "delete"]
    users = ["pods", "persistentvolumeclaims"]
    one_by_one = guest(
        server.admin_kubeconfig,
        tmp_path,
        {"apiGroups": ["*"], "resources": ["*"], "verbs": verbs},
        {"apiGroups": [""], "resources": users, "verbs": ["deletecollection"]},
    )
    tear_down(one_by_one, "single", Wish())
    assert left(cluster, "single") == {
        "ConfigMap single-cfg",
        "PersistentVolumeClaim single-db",
        "Secret single-secrets",
    }


def test_what_somebody_holds_is_waited_for_and_named(reach: Reach) -> None:
    cluster, service = reach(), ObjectRef("Service", "held-hub")
    carry_out(cluster, "held", given("held"), Manner(timeout_s=60, report=silent, wait=False))
    cluster.merge(service, HELD)
    with pytest.raises(OutOfTime, match=r"Service held-hub \(held by example.com/hold\)"):
        teardown(cluster, "held", Wish(), approve=lambda _: True, timeout_s=1, report=silent)
    cluster.merge(service, {"metadata": {"finalizers": []}})
    tear_down(cluster, "held", Wish(delete_storage=True))
    assert not left(cluster, "held")
