"""Namespaces, services, routes, claims, scheduling and garbage, with an API and no node."""

from base64 import b64decode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from jhos.sandbox.client import Object
from jhos.sandbox.images import REGISTRY
from tests.sandbox.control import NAMESPACES, PODS, Plane, control_plane

CLAIMS, VOLUMES = "api/v1/persistentvolumeclaims", "api/v1/persistentvolumes"
ACCOUNTS, SECRETS = "api/v1/serviceaccounts", "api/v1/secrets"
CONFIG_MAPS, SERVICES = "api/v1/configmaps", "api/v1/services"
ROUTES = "apis/route.openshift.io/v1/routes"
SLICES = "apis/discovery.k8s.io/v1/endpointslices"
ROLE_BINDINGS = "apis/rbac.authorization.k8s.io/v1/rolebindings"


@pytest.fixture
async def plane(tmp_path: Path) -> AsyncIterator[Plane]:
    async with control_plane(tmp_path) as running:
        yield running


def config_map(name: str, *owners: Object, **meta: Any) -> Object:
    references = [
        {"apiVersion": "v1", "kind": "ConfigMap", "name": o["metadata"]["name"]}
        | {"uid": o["metadata"]["uid"]}
        for o in owners
    ]
    meta |= {"name": name, "namespace": "demo", "ownerReferences": references}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta}


def pod(name: str, claim: str = "", namespace: str = "demo", **spec: Any) -> Object:
    volume = {"name": "v", "persistentVolumeClaim": {"claimName": claim}}
    containers = [{"name": "c", "image": "i", "ports": [{"name": "web", "containerPort": 8888}]}]
    spec = {"containers": containers, "volumes": [volume] if claim else [], **spec}
    meta = {"name": name, "namespace": namespace, "labels": {"app": name}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}


def claim(name: str, **spec: Any) -> Object:
    spec = {"resources": {"requests": {"storage": "1Gi"}}, **spec}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": "demo"},
        "spec": {"accessModes": ["ReadWriteOnce"], **spec},
    }


def route(name: str, namespace: str = "demo", **spec: Any) -> Object:
    return {
        "apiVersion": "route.openshift.io/v1",
        "kind": "Route",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"to": {"kind": "Service", "name": "web"}, **spec},
    }


async def exists(plane: Plane, resource: str, name: str) -> bool:
    return any(o["metadata"]["name"] == name for o in await plane.client.list(resource, "demo"))


async def phase(plane: Plane, name: str) -> str:
    found = await plane.client.get(CLAIMS, "demo", name)
    return str(found["status"]["phase"])


async def message(plane: Plane, name: str) -> str:
    found = await plane.client.get(PODS, "demo", name)
    conditions = found.get("status", {}).get("conditions", [])
    return "".join(c.get("message", "") for c in conditions if c["type"] == "PodScheduled")


async def test_a_namespace_is_born_with_accounts_certificates_and_bindings(plane: Plane) -> None:
    due = {"system:deployers", "system:image-builders", "system:image-pullers"}

    async def bindings() -> bool:
        found = await plane.client.list(ROLE_BINDINGS, "demo")
        return due <= {binding["metadata"]["name"] for binding in found}

    await plane.until(bindings)
    found = await plane.client.get(CONFIG_MAPS, "demo", "kube-root-ca.crt")
    assert found["data"] == {"ca.crt": "PEM"}


async def test_the_certificates_come_back_when_they_are_deleted(plane: Plane) -> None:
    first = await plane.until(lambda: plane.client.get(CONFIG_MAPS, "demo", "kube-root-ca.crt"))
    await plane.client.delete(CONFIG_MAPS, "demo", "kube-root-ca.crt")

    async def is_new() -> bool:
        found = await plane.client.get(CONFIG_MAPS, "demo", "kube-root-ca.crt")
        return bool(found["metadata"]["uid"] != first["metadata"]["uid"])

    await plane.until(is_new)


async def test_a_deleted_namespace_takes_all_that_is_in_it_along(plane: Plane) -> None:
    await plane.client.create(CONFIG_MAPS, config_map("a"))
    await plane.client.delete(NAMESPACES, None, "demo")
    await plane.gone(NAMESPACES, None, "demo")
    assert await plane.client.list(CONFIG_MAPS, "demo") == []


async def test_what_is_owned_goes_with_its_owner(plane: Plane) -> None:
    owner = await plane.client.create(CONFIG_MAPS, config_map("owner"))
    await plane.client.create(CONFIG_MAPS, config_map("owned", owner))
    await plane.client.delete(CONFIG_MAPS, "demo", "owner")
    await plane.gone(CONFIG_MAPS, "demo", "owned")


async def test_what_has_another_owner_stays_and_forgets_the_first(plane: Plane) -> None:
    one = await plane.client.create(CONFIG_MAPS, config_map("one"))
    two = await plane.client.create(CONFIG_MAPS, config_map("two"))
    await plane.client.create(CONFIG_MAPS, config_map("owned", one, two))
    await plane.client.delete(CONFIG_MAPS, "demo", "one")

    async def owners() -> bool:
        found = await plane.client.get(CONFIG_MAPS, "demo", "owned")
        return [o["name"] for o in found["metadata"]["ownerReferences"]] == ["two"]

    await plane.until(owners)


async def test_an_owner_that_never_was_counts_as_gone(plane: Plane) -> None:
    never = {"metadata": {"name": "never", "uid": "00000000-0000-0000-0000-000000000002"}}
    await plane.client.create(CONFIG_MAPS, config_map("lost", never))
    await plane.gone(CONFIG_MAPS, "demo", "lost")


async def test_a_pod_goes_to_the_node_that_is_ready(plane: Plane) -> None:
    await plane.add_node()
    await plane.client.create(PODS, pod("a"))

    async def is_bound() -> bool:
        found = await plane.client.get(PODS, "demo", "a")
        return bool(found["spec"].get("nodeName") == "sandbox")

    await plane.until(is_bound)


async def test_a_pod_for_another_node_says_why_it_waits(plane: Plane) -> None:
    await plane.add_node(disk="slow")
    await plane.client.create(PODS, pod("a", nodeSelector={"disk": "fast"}))
    assert await plane.until(lambda: message(plane, "a")) == (
        "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector."
    )


async def test_a_pod_larger_than_the_node_says_what_it_lacks(plane: Plane) -> None:
    await plane.add_node()
    big = pod("a")
    big["spec"]["containers"][0]["resources"] = {"requests": {"memory": "1Ti"}}
    await plane.client.create(PODS, big)
    assert "Insufficient memory" in await plane.until(lambda: message(plane, "a"))


async def test_a_claim_waits_for_its_first_pod_and_is_bound_then(plane: Plane) -> None:
    await plane.add_node()
    await plane.client.create(CLAIMS, claim("data"))
    assert await phase(plane, "data") == "Pending"
    await plane.client.create(PODS, pod("a", "data"))

    async def bound() -> bool:
        return await phase(plane, "data") == "Bound"

    await plane.until(bound)
    name = (await plane.client.get(CLAIMS, "demo", "data"))["spec"]["volumeName"]
    assert (plane.layout.volumes / name).is_dir()


async def test_a_claim_in_use_is_not_removed_before_its_pod(plane: Plane) -> None:
    await plane.client.create(CLAIMS, claim("data"))
    await plane.client.create(PODS, pod("a", "data"))
    await plane.client.delete(CLAIMS, "demo", "data")
    held = await plane.client.get(CLAIMS, "demo", "data")
    assert "deletionTimestamp" in held["metadata"]
    await plane.client.delete(PODS, "demo", "a", gracePeriodSeconds=0)
    await plane.gone(CLAIMS, "demo", "data")


async def test_the_volume_of_a_deleted_claim_is_removed_with_its_files(plane: Plane) -> None:
    await plane.add_node()
    await plane.client.create(CLAIMS, claim("data"))
    await plane.client.create(PODS, pod("a", "data"))
    volumes = await plane.until(lambda: plane.client.list(VOLUMES))
    directory = plane.layout.volumes / volumes[0]["metadata"]["name"]
    (directory / "sealed").mkdir()
    (directory / "sealed/file").touch()
    (directory / "sealed").chmod(0o500)
    await plane.client.delete(PODS, "demo", "a", gracePeriodSeconds=0)
    await plane.client.delete(CLAIMS, "demo", "data")
    await plane.gone(VOLUMES, None, volumes[0]["metadata"]["name"])
    assert not directory.exists()


async def test_a_claim_of_an_unknown_class_stays_pending_and_says_so(plane: Plane) -> None:
    await plane.client.create(CLAIMS, claim("data", storageClassName="fast"))

    async def told() -> bool:
        events = await plane.client.list("api/v1/events", "demo")
        return any(e["message"] == 'storageclass.storage.k8s.io "fast" not found' for e in events)

    await plane.until(told)
    assert await phase(plane, "data") == "Pending"


async def test_a_service_leads_to_the_named_port_of_its_ready_pods(plane: Plane) -> None:
    ports = [{"name": "http", "port": 80, "targetPort": "web"}]
    service: Object = {"apiVersion": "v1", "kind": "Service"}
    service |= {"metadata": {"name": "web", "namespace": "demo"}}
    service |= {"spec": {"selector": {"app": "a"}, "ports": ports}}
    await plane.client.create(SERVICES, service)
    await plane.make_ready(await plane.client.create(PODS, pod("a")), "10.128.0.5")

    async def endpoints() -> Any:
        found = await plane.client.list(SLICES, "demo")
        ready = [(s, e) for s in found for e in s["endpoints"] if e["conditions"]["ready"]]
        return [(held["ports"], endpoint["addresses"]) for held, endpoint in ready]

    ((held_ports, addresses),) = await plane.until(endpoints)
    assert held_ports == [{"name": "http", "port": 8888, "protocol": "TCP"}]
    assert addresses == ["10.128.0.5"]


async def test_a_route_is_admitted(plane: Plane) -> None:
    await plane.client.create(ROUTES, route("web"))

    async def admitted() -> Any:
        found = await plane.client.get(ROUTES, "demo", "web")
        return found.get("status", {}).get("ingress")

    (ingress,) = await plane.until(admitted)
    assert ingress["host"] == "web-demo.apps.localhost"
    assert ingress["conditions"][0]["status"] == "True"


async def test_a_host_that_another_namespace_has_is_refused(plane: Plane) -> None:
    other = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "other"}}
    await plane.client.create(NAMESPACES, other)
    await plane.client.create(ROUTES, route("web", host="a.apps.localhost"))
    await plane.client.create(ROUTES, route("web", "other", host="a.apps.localhost", path="/x"))

    async def statuses() -> Any:
        found = [await plane.client.get(ROUTES, ns, "web") for ns in ("demo", "other")]
        ingress = [held for r in found for held in r["status"].get("ingress") or []]
        reasons = [held["conditions"][0].get("reason", "") for held in ingress]
        return sorted(reasons) == ["", "HostAlreadyClaimed"]

    await plane.until(statuses)


async def test_a_service_account_gets_an_image_pull_secret(plane: Plane) -> None:
    meta = {"name": "hub", "namespace": "demo"}
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta}
    await plane.client.create(ACCOUNTS, account)
    secret = await plane.until(lambda: pull_secret(plane, "hub"))
    name, manager = secret["metadata"]["name"], "openshift.io/image-registry-pull-secrets_"
    assert name.startswith("hub-dockercfg-")
    assert REGISTRY in b64decode(secret["data"][".dockercfg"]).decode()
    named = await plane.client.get(ACCOUNTS, "demo", "hub")
    assert named["imagePullSecrets"] == named["secrets"] == [{"name": name}]
    assert managers(named) == {(f"{manager}service-account-controller", "Apply")}
    assert (f"{manager}image-pull-secret-controller", "Apply") in managers(secret)
    assert secret["metadata"]["ownerReferences"][0]["uid"] == named["metadata"]["uid"]
    await plane.client.delete(ACCOUNTS, "demo", "hub")
    await plane.gone(SECRETS, "demo", name)


async def test_an_image_pull_secret_that_was_deleted_comes_back(plane: Plane) -> None:
    secret = await plane.until(lambda: pull_secret(plane, "default"))
    await plane.client.delete(SECRETS, "demo", secret["metadata"]["name"])
    again = await plane.until(lambda: pull_secret(plane, "default"))
    assert again["metadata"]["name"] == secret["metadata"]["name"]
    assert again["metadata"]["uid"] != secret["metadata"]["uid"]


async def pull_secret(plane: Plane, account: str) -> Object | None:
    """The account's secret once it has a token."""
    named = (await plane.client.get(ACCOUNTS, "demo", account)).get("imagePullSecrets")
    if not named:
        return None
    found = await plane.client.get(SECRETS, "demo", named[0]["name"])
    return found if b64decode(found["data"][".dockercfg"]) != b"{}" else None


def managers(obj: Object) -> set[tuple[str, str]]:
    return {(each["manager"], each["operation"]) for each in obj["metadata"]["managedFields"]}
