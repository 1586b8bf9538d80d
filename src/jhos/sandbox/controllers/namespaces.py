"""Namespaces: what each is born with, and the removal of all that is in one that goes."""

import asyncio
from collections.abc import Iterator, Sequence

from jhos.sandbox.client import ApiError, Object, suppress_not_found
from jhos.sandbox.controllers.informers import Informer, Key
from jhos.sandbox.controllers.loop import Control, Loop
from jhos.sandbox.controllers.meta import is_deleting
from jhos.sandbox.controllers.recorder import EVENTS

NAMESPACES = "api/v1/namespaces"
SERVICE_ACCOUNTS = "api/v1/serviceaccounts"
CONFIG_MAPS = "api/v1/configmaps"
ROLE_BINDINGS = "apis/rbac.authorization.k8s.io/v1/rolebindings"
ACCOUNTS = ("default", "builder", "deployer")
CERTIFICATES = {"kube-root-ca.crt": "ca.crt", "openshift-service-ca.crt": "service-ca.crt"}
LOOK_AGAIN_S = 0.2


class Namespaces:
    """The controller. `resources`: the namespaced ones that can be listed and deleted."""

    def __init__(self, control: Control, ca_pem: str, resources: Sequence[str]) -> None:
        self.client, self.ca_pem, self.resources = control.client, ca_pem, resources
        self.namespaces = control.informer(NAMESPACES)
        self.accounts = control.informer(SERVICE_ACCOUNTS)
        self.config_maps = control.informer(CONFIG_MAPS)
        self.bindings = control.informer(ROLE_BINDINGS)
        self.contents = [control.informer(r) for r in resources if r != EVENTS]
        self.loop = Loop("namespaces", self.reconcile)
        self.namespaces.listen(self.loop.on_change)
        for informer in (self.accounts, self.config_maps, self.bindings):
            informer.listen(self._on_content)

    async def run(self) -> None:
        await self.loop.run()

    def _on_content(self, event: str, obj: Object) -> None:
        """What a namespace is born with comes back when somebody deletes it."""
        if event == "DELETED":
            self.loop.add(("", obj["metadata"]["namespace"]))

    async def reconcile(self, key: Key) -> float | None:
        namespace = self.namespaces.get(*key)
        if namespace is None:
            return None
        if is_deleting(namespace):
            return await self._empty(namespace)
        for resource, held, obj in self._due(key[1]):
            if held.get(key[1], obj["metadata"]["name"]) is None:
                await self._create(resource, obj)
        return None

    def _due(self, namespace: str) -> Iterator[tuple[str, Informer, Object]]:
        for obj in service_accounts(namespace):
            yield SERVICE_ACCOUNTS, self.accounts, obj
        for obj in certificates(namespace, self.ca_pem):
            yield CONFIG_MAPS, self.config_maps, obj
        for obj in role_bindings(namespace):
            yield ROLE_BINDINGS, self.bindings, obj

    async def _create(self, resource: str, obj: Object) -> None:
        try:
            await self.client.create(resource, obj)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise

    async def _empty(self, namespace: Object) -> float | None:
        """Delete all that is in it; once it is empty, let it go.

        The copies may lag behind, so the API has the last word.
        """
        name = namespace["metadata"]["name"]
        held = [(i.resource, obj) for i in self.contents for obj in i.all(name)]
        await asyncio.gather(*(self._delete(r, obj) for r, obj in held if not is_deleting(obj)))
        if held or sum(await asyncio.gather(*(self._clear(r, name) for r in self.resources))):
            return LOOK_AGAIN_S
        with suppress_not_found():
            released = namespace | {"spec": {"finalizers": []}}
            await self.client.update(NAMESPACES, released, "finalize")
        return None

    async def _clear(self, resource: str, namespace: str) -> int:
        """Ask for the deletion of all of that resource; answers how many there still are."""
        found = await self.client.list(resource, namespace)
        await asyncio.gather(*(self._delete(resource, o) for o in found if not is_deleting(o)))
        return len(await self.client.list(resource, namespace)) if found else 0

    async def _delete(self, resource: str, obj: Object) -> None:
        where = obj["metadata"]["namespace"], obj["metadata"]["name"]
        await self.client.delete(resource, *where, propagationPolicy="Background")


def service_accounts(namespace: str) -> list[Object]:
    return [
        {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": name, "namespace": namespace},
        }
        for name in ACCOUNTS
    ]


def certificates(namespace: str, ca_pem: str) -> list[Object]:
    """What pods need to trust the API."""
    return [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": name, "namespace": namespace},
            "data": {file: ca_pem},
        }
        for name, file in CERTIFICATES.items()
    ]


def role_bindings(namespace: str) -> list[Object]:
    """Builders push, deployers deploy, every service account of the namespace pulls."""
    builder = {"kind": "ServiceAccount", "name": "builder", "namespace": namespace}
    deployer = {"kind": "ServiceAccount", "name": "deployer", "namespace": namespace}
    everyone = {
        "apiGroup": "rbac.authorization.k8s.io",
        "kind": "Group",
        "name": f"system:serviceaccounts:{namespace}",
    }
    return [
        _role_binding(namespace, "system:image-builders", "system:image-builder", builder),
        _role_binding(namespace, "system:deployers", "system:deployer", deployer),
        _role_binding(namespace, "system:image-pullers", "system:image-puller", everyone),
    ]


def _role_binding(namespace: str, name: str, role: str, subject: Object) -> Object:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": name, "namespace": namespace},
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": role,
        },
        "subjects": [subject],
    }
