"""What a teardown asks for: as little with thousands of users as with none."""

import logging
import os
import re
import subprocess
from itertools import count
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
from jhos.objects import MANAGED_BY, RENDERED, SERVER, STORAGE, ObjectRef, labels
from jhos.plan import Action
from jhos.sandbox import faultclient
from jhos.sandbox.layout import Layout
from tests.engine.conftest import IMAGES, PROGRAMS, PROJECT, Jhos, Reach, given

USERS = 10
LEASE = 3  # requests to hold it; it is renewed as time goes by
REQUESTS = 29
WATCHED = 3  # kinds: of others nothing is there any more when their deletion was answered
RBAC = "rbac.authorization.k8s.io"
_guests = count(1)
HELD = {"metadata": {"finalizers": ["example.com/hold"]}}


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
    """A connection of a service account that may do just that; its kubeconfig is `guest`."""
    owner, name = connect(str(admin), None, PROJECT), f"guest-{next(_guests)}"
    owner.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}})
    role = {"apiVersion": f"{RBAC}/v1", "kind": "Role", "metadata": {"name": name}}
    owner.create({**role, "rules": list(rules)})
    owner.create(
        {
            **role,
            "kind": "RoleBinding",
            "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": name},
            "subjects": [{"kind": "ServiceAccount", "name": name}],
        }
    )
    answer = owner.post(ObjectRef("ServiceAccount", name), "token", {"spec": {}})
    config = yaml.safe_load(admin.read_text())
    for each in config["users"]:
        each["user"] = {"token": answer["status"]["token"]}
    (folder / "guest").write_text(yaml.safe_dump(config))
    return connect(str(folder / "guest"), None, PROJECT)


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
        cluster = reach()
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


def copied(name: str, kind: str) -> dict[str, Any]:
    """As `kubectl get -o yaml`, a new name and `kubectl create` make one."""
    about = {"labels": labels(name, "database"), "annotations": {RENDERED: "0" * 16}}
    size = {"resources": {"requests": {"storage": "1Gi"}}, "accessModes": ["ReadWriteOnce"]}
    spec = {"spec": size} if kind == "PersistentVolumeClaim" else {}
    meta = {"name": f"{name}-db-mine", **about}
    return {"apiVersion": "v1", "kind": kind, "metadata": meta, **spec}


@pytest.mark.parametrize("lost", [[], ["inventory"]], ids=["", "without inventory"])
def test_copies_with_our_labels_stay_and_are_named(
    jhos: Jhos, reach: Reach, lost: list[str]
) -> None:
    cluster, name = reach(), f"copied{len(lost)}"
    jhos("deploy", "--name", name, *IMAGES, "--no-wait")
    for part in lost:
        cluster.delete(ObjectRef("ConfigMap", f"{name}-{part}"))
    kinds = ("ConfigMap", "PersistentVolumeClaim", "Secret", "ServiceAccount")
    for kind in kinds:
        cluster.create(copied(name, kind))
    result = jhos("teardown", name, "--yes", "--delete-storage").stdout
    assert left(cluster, name) == {f"{kind} {name}-db-mine" for kind in kinds}
    assert f"These have the labels of {name}, but jhos did not create them:" in result
    assert f"ServiceAccount {name}-db-mine" in result
    assert name not in jhos("list", "-o", "name").stdout.split()


def test_copies_with_our_labels_go_where_somebody_says_so(reach: Reach) -> None:
    cluster = reach()
    carry_out(cluster, "adopted", given("adopted"), Manner(timeout_s=60, report=silent, wait=False))
    cluster.create(copied("adopted", "ConfigMap"))
    done = teardown(
        cluster, "adopted", Wish(delete_storage=True), approve=lambda _: True,
        adopt=lambda found: bool(found.strays), timeout_s=60, report=silent,
    )  # fmt: skip
    assert done
    assert not done.strays
    assert not left(cluster, "adopted")


def test_a_lease_that_could_not_be_deleted_is_reported_and_deleted_by_the_next_run(
    jhos: Jhos, reach: Reach, server: Layout
) -> None:
    cluster = reach()
    jhos("deploy", "--name", "leased", *IMAGES, "--no-wait")
    fault = {"effect": "status", "code": 403, "methods": ["DELETE"], "path": "*/leased-jhos"}
    faultclient.add(server, **fault, count=1)
    result = jhos("teardown", "leased", "--yes", "--delete-storage")
    assert "Lease leased-jhos: is not deleted" in result.stderr
    assert left(cluster, "leased") == {"Lease leased-jhos"}
    assert "Gone: leased" in jhos("teardown", "leased", "--yes").stdout
    assert not left(cluster, "leased")


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
    cluster.delete(ObjectRef("Deployment", "held"))
    with pytest.raises(OutOfTime, match=r"Service held-hub \(held by example.com/hold\)"):
        teardown(cluster, "held", Wish(), approve=lambda _: True, timeout_s=1, report=silent)
    cluster.merge(service, {"metadata": {"finalizers": []}})
    tear_down(cluster, "held", Wish(delete_storage=True))
    assert not left(cluster, "held")


def test_what_is_left_of_a_half_deleted_deployment_is_deleted(jhos: Jhos, reach: Reach) -> None:
    cluster = reach()
    jhos("deploy", "--name", "half", *IMAGES, "--no-wait")
    for kind, name in (("Deployment", "half"), ("ConfigMap", "half-inventory"),
                       ("ConfigMap", "half-cfg"), ("Secret", "half-secrets")):  # fmt: skip
        cluster.delete(ObjectRef(kind, name))
    jhos("teardown", "half", "--yes", "--delete-storage")
    assert not left(cluster, "half")


def test_the_image_of_its_own_is_deleted_unless_it_is_to_be_kept(
    jhos: Jhos, project: str, reach_alone: Reach
) -> None:
    cluster = reach_alone()
    for name, own in (("own-nb", {"app": "own"}), ("shared", {})):
        meta = {"name": name, "labels": {**own, MANAGED_BY: "jhos"}}
        cluster.create({"apiVersion": "image.openshift.io/v1", "kind": "ImageStream",
                        "metadata": meta})  # fmt: skip
    for options, kept in (
        (["--keep-images"], ["own-nb", "shared"]),
        ([], ["shared"]),
        (["--delete-images"], []),
    ):
        jhos("deploy", "--name", "own", "-n", project, *IMAGES, "--no-wait")
        jhos("teardown", "own", "-n", project, "--yes", "--delete-storage", *options)
        assert [each["metadata"]["name"] for each in cluster.metadata("ImageStream")] == kept


def test_a_right_that_lacks_for_one_kind_is_named_before_anything_is_deleted(
    jhos: Jhos, reach: Reach, server: Layout, tmp_path: Path
) -> None:
    cluster = reach()
    jhos("deploy", "--name", "guarded", *IMAGES, "--no-wait")
    before = left(cluster, "guarded")
    some = ["get", "list", "watch", "create", "update", "patch"]
    there = ["", "apps", "build.openshift.io", "coordination.k8s.io", "image.openshift.io",
             "networking.k8s.io", RBAC]  # fmt: skip
    guest(
        server.admin_kubeconfig,
        tmp_path,
        {"apiGroups": ["*"], "resources": ["*"], "verbs": some},
        {"apiGroups": there, "resources": ["*"], "verbs": ["delete", "deletecollection"]},
    )
    result = jhos("teardown", "guarded", "--yes", code=4, kubeconfig=tmp_path / "guest")
    assert "you may not: delete Route." in result.stderr
    assert before <= left(cluster, "guarded")


def test_a_project_that_is_being_deleted_is_no_obstacle(
    jhos: Jhos, project: str, server: Layout
) -> None:
    jhos("deploy", "--name", "going", "-n", project, *IMAGES, "--no-wait")
    admin, held = connect(str(server.admin_kubeconfig), None, project), ObjectRef("ConfigMap", "x")
    admin.create(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": held.name, "finalizers": ["example.com/hold"]},
        }
    )
    admin.delete(ObjectRef("Project", project))
    jhos("teardown", "going", "-n", project, "--yes", "--delete-storage",
         kubeconfig=server.admin_kubeconfig)  # fmt: skip
    assert not left(admin, "going")
    admin.merge(held, {"metadata": {"finalizers": []}})


def test_a_teardown_asks_and_needs_a_terminal_to_ask(jhos: Jhos, reach: Reach) -> None:
    jhos("deploy", "--name", "asked", *IMAGES, "--no-wait")
    before = left(reach(), "asked")
    result = jhos("teardown", "asked", code=2)
    assert "--yes" in result.stderr
    assert "Deployment asked" in result.stderr
    assert before <= left(reach(), "asked")


def test_to_delete_the_data_the_name_is_typed(jhos: Jhos, reach: Reach, kubeconfig: Path) -> None:
    jhos("deploy", "--name", "typed", *IMAGES, "--no-wait")
    cluster = reach()
    for typed, code in (("type", 1), ("typed", 0)):
        command = f"{PROGRAMS / 'jhos'} teardown typed -n {PROJECT} --delete-storage"
        done = subprocess.run(
            ["script", "--quiet", "--return", "--command", command, "/dev/null"],
            env={**os.environ, "KUBECONFIG": str(kubeconfig)},
            input=f"{typed}\n", text=True, capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stdout
        assert bool(cluster.metadata("PersistentVolumeClaim", "app=typed")) == (code == 1)
