"""Persistent volume claims: a directory each, made when its pod has a node, gone with the claim."""

import asyncio
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from jhos.sandbox.client import ApiError, Object
from jhos.sandbox.controllers.informers import Key, key_of
from jhos.sandbox.controllers.loop import Control, Loop
from jhos.sandbox.controllers.meta import annotations, is_deleting
from jhos.sandbox.controllers.pods import PODS, is_finished

CLAIMS = "api/v1/persistentvolumeclaims"
VOLUMES = "api/v1/persistentvolumes"
CLASSES = "apis/storage.k8s.io/v1/storageclasses"
CLASS, PROVISIONER = "sandbox", "jhos.dev/directory"
DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
SELECTED_NODE = "volume.kubernetes.io/selected-node"
IN_USE = "kubernetes.io/pvc-protection"
COMPONENT = "persistentvolume-controller"


class Volumes:
    """The controller."""

    def __init__(self, control: Control) -> None:
        self.control, self.client = control, control.client
        self.claims, self.volumes = control.informer(CLAIMS), control.informer(VOLUMES)
        self.classes, self.pods = control.informer(CLASSES), control.informer(PODS)
        self.loop = Loop("volumes", self.reconcile)
        self.claims.listen(self.loop.on_change)
        self.volumes.listen(self._on_volume)
        self.pods.listen(self._on_pod)

    async def run(self) -> None:
        await self.loop.run()

    def _on_volume(self, _event: str, volume: Object) -> None:
        reference = volume["spec"].get("claimRef")
        if reference:
            self.loop.add((reference["namespace"], reference["name"]))

    def _on_pod(self, _event: str, pod: Object) -> None:
        for volume in pod["spec"].get("volumes") or []:
            if source := volume.get("persistentVolumeClaim"):
                self.loop.add((pod["metadata"]["namespace"], source["claimName"]))

    async def reconcile(self, key: Key) -> float | None:
        claim = self.claims.get(*key)
        for volume in self._volumes_of(key):
            if claim is None or volume["spec"]["claimRef"]["uid"] != claim["metadata"]["uid"]:
                await self._remove(volume)
        if claim is None:
            return None
        if is_deleting(claim):
            await self._release(claim)
        elif claim.get("status", {}).get("phase") != "Bound":
            await self._provision(claim)
        return None

    def _volumes_of(self, key: Key) -> list[Object]:
        references = ((v, v["spec"].get("claimRef") or {}) for v in self.volumes.all())
        return [v for v, r in references if (r.get("namespace"), r.get("name")) == key]

    async def _release(self, claim: Object) -> None:
        """Let the claim go once no pod mounts it any more."""
        finalizers = claim["metadata"].get("finalizers") or []
        if IN_USE not in finalizers or is_in_use(claim, self.pods.all(key_of(claim)[0])):
            return
        kept = [finalizer for finalizer in finalizers if finalizer != IN_USE]
        await self.client.patch(CLAIMS, *key_of(claim), {"metadata": {"finalizers": kept}})

    async def _remove(self, volume: Object) -> None:
        path = self.control.layout.volumes / volume["metadata"]["name"]
        await asyncio.to_thread(remove_tree, path)
        await self.client.delete(VOLUMES, None, volume["metadata"]["name"])

    async def _provision(self, claim: Object) -> None:
        storage_class = class_of(claim, self.classes.all())
        if storage_class is None:
            wanted = claim["spec"].get("storageClassName", "")
            message = f'storageclass.storage.k8s.io "{wanted}" not found'
            await self._warn(claim, "ProvisioningFailed", message)
            return
        if waits_for_pod(claim, [storage_class]) and SELECTED_NODE not in annotations(claim):
            message = "waiting for first consumer to be created before binding"
            await self.control.record(claim, "WaitForFirstConsumer", message, component=COMPONENT)
            return
        await self._bind(claim, await self._make(claim, storage_class))

    async def _make(self, claim: Object, storage_class: Object) -> Object:
        volume = new_volume(claim, storage_class, self.control.layout.volumes)
        name = volume["metadata"]["name"]
        path = self.control.layout.volumes / name
        path.mkdir(mode=0o770, parents=True, exist_ok=True)
        try:
            made = self.volumes.written(await self.client.create(VOLUMES, volume))
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise
            made = await self.client.get(VOLUMES, None, name)
        await self.client.patch(VOLUMES, None, name, {"status": {"phase": "Bound"}}, "status")
        message = f"Successfully provisioned volume {name}"
        await self.control.record(claim, "ProvisioningSucceeded", message, component=COMPONENT)
        return made

    async def _bind(self, claim: Object, volume: Object) -> None:
        namespace, name = key_of(claim)
        spec = {"volumeName": volume["metadata"]["name"]}
        if "storageClassName" not in claim["spec"]:
            spec["storageClassName"] = volume["spec"]["storageClassName"]
        await self.client.patch(CLAIMS, namespace, name, {"spec": spec})
        status = {
            "phase": "Bound",
            "accessModes": volume["spec"]["accessModes"],
            "capacity": volume["spec"]["capacity"],
        }
        answer = await self.client.patch(CLAIMS, namespace, name, {"status": status}, "status")
        self.claims.written(answer)

    async def _warn(self, claim: Object, reason: str, message: str) -> None:
        await self.control.record(claim, reason, message, component=COMPONENT, kind="Warning")


def storage_class() -> Object:
    """The default class. Like those of the clouds it waits until a pod needs the volume."""
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": CLASS, "annotations": {DEFAULT_CLASS: "true"}},
        "provisioner": PROVISIONER,
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "WaitForFirstConsumer",
    }


def class_of(claim: Object, classes: Sequence[Object]) -> Object | None:
    """The class that the claim names, else the default one."""
    name = claim["spec"].get("storageClassName")
    if name is None:
        return next((c for c in classes if annotations(c).get(DEFAULT_CLASS) == "true"), None)
    return next((c for c in classes if c["metadata"]["name"] == name), None)


def waits_for_pod(claim: Object, classes: Sequence[Object]) -> bool:
    found = class_of(claim, classes)
    return found is not None and found.get("volumeBindingMode") == "WaitForFirstConsumer"


def is_in_use(claim: Object, pods: Sequence[Object]) -> bool:
    """Whether a pod that is not finished mounts it."""
    return any(
        (v.get("persistentVolumeClaim") or {}).get("claimName") == claim["metadata"]["name"]
        for pod in pods
        if not is_finished(pod)
        for v in pod["spec"].get("volumes") or []
    )


def new_volume(claim: Object, storage_class: Object, volumes: Path) -> Object:
    meta, name = claim["metadata"], f"pvc-{claim['metadata']['uid']}"
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {
            "name": name,
            "annotations": {"pv.kubernetes.io/provisioned-by": storage_class["provisioner"]},
        },
        "spec": {
            "accessModes": claim["spec"].get("accessModes") or ["ReadWriteOnce"],
            "capacity": {"storage": claim["spec"]["resources"]["requests"]["storage"]},
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "name": meta["name"],
                "namespace": meta["namespace"],
                "uid": meta["uid"],
            },
            "hostPath": {"path": str(volumes / name), "type": "DirectoryOrCreate"},
            "persistentVolumeReclaimPolicy": storage_class.get("reclaimPolicy", "Delete"),
            "storageClassName": storage_class["metadata"]["name"],
            "volumeMode": "Filesystem",
        },
    }


def remove_tree(path: Path) -> None:
    """Also where a program has taken its own write permission away; gone already is well."""

    def permit(remove: Callable[[str], Any], name: str, _error: object) -> None:
        parent = Path(name).parent
        parent.chmod(0o700)
        if Path(name).is_dir():
            Path(name).chmod(0o700)
            shutil.rmtree(name)
        else:
            remove(name)

    if path.exists():
        shutil.rmtree(path, onerror=permit)
