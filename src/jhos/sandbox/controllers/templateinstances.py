"""Template instances: the objects of their template made, in the name of who asked for it."""

from base64 import b64decode
from datetime import UTC, datetime

from jhos.sandbox import kinds
from jhos.sandbox.client import ApiError, Object
from jhos.sandbox.controllers.informers import Key
from jhos.sandbox.controllers.loop import Control, Loop
from jhos.sandbox.controllers.meta import (
    annotations,
    is_deleting,
    is_true,
    labels,
    with_condition,
)
from jhos.sandbox.controllers.resources import resource_of

INSTANCES = "apis/template.openshift.io/v1/templateinstances"
PROCESSED = "apis/template.openshift.io/v1/processedtemplates"
REVIEWS = "apis/authorization.k8s.io/v1/subjectaccessreviews"
SECRETS = "api/v1/secrets"
OWNER = "template.openshift.io/template-instance-owner"
WAIT = "template.alpha.openshift.io/wait-for-ready"
FINALIZER = "template.openshift.io/finalizer"
READY, FAILED = "Ready", "InstantiateFailure"
LOOK_AGAIN_S = 1.0


class InstantiateError(Exception):
    """An object that cannot be made; the message goes into the condition."""


class TemplateInstances:
    """The controller."""

    def __init__(self, control: Control) -> None:
        self.client = control.client
        self.instances = control.informer(INSTANCES)
        self.loop = Loop("templateinstances", self.reconcile)
        self.instances.listen(self.loop.on_change)

    async def run(self) -> None:
        await self.loop.run()

    async def reconcile(self, key: Key) -> float | None:
        instance = self.instances.get(*key)
        if instance is None or is_true(instance, FAILED):
            return None
        if is_deleting(instance):
            await self._remove(instance)
            return None
        if is_true(instance, READY):
            return None
        try:
            instance = await self._with_objects(instance)
            return await self._await_ready(instance)
        except InstantiateError as error:
            await self._conclude(instance, FAILED, "Failed", str(error))
            return None

    async def _with_objects(self, instance: Object) -> Object:
        """Made once: what they are is in the status."""
        if "objects" in (instance.get("status") or {}):
            return instance
        instance = await self._guarded(instance)
        made = [await self._make(instance, obj) for obj in await self._processed(instance)]
        references = [{"ref": reference(obj)} for obj in made]
        return await self._write(instance, {"objects": references})

    async def _guarded(self, instance: Object) -> Object:
        """With the finalizer under which its objects go before it."""
        held = instance["metadata"].get("finalizers") or []
        if FINALIZER in held:
            return instance
        change = {"metadata": {"finalizers": [*held, FINALIZER]}}
        meta = instance["metadata"]
        answer = await self.client.patch(INSTANCES, meta["namespace"], meta["name"], change)
        return self.instances.written(answer)

    async def _processed(self, instance: Object) -> list[Object]:
        namespace, template = instance["metadata"]["namespace"], instance["spec"]["template"]
        given = await self._parameters(instance)
        parameters = [
            {**p, "value": given[p["name"]]} if p["name"] in given else p
            for p in template.get("parameters") or []
        ]
        meta = {**template.get("metadata", {}), "namespace": namespace}
        body = {**template, "metadata": meta, "parameters": parameters}
        try:
            done = await self.client.create(PROCESSED, body)
        except ApiError as error:
            raise InstantiateError(str(error)) from error
        return [_of_instance(obj, instance) for obj in done.get("objects") or []]

    async def _parameters(self, instance: Object) -> dict[str, str]:
        name = (instance["spec"].get("secret") or {}).get("name")
        if not name:
            return {}
        try:
            secret = await self.client.get(SECRETS, instance["metadata"]["namespace"], name)
        except ApiError as error:
            raise InstantiateError(str(error)) from error
        return {k: b64decode(v).decode() for k, v in (secret.get("data") or {}).items()}

    async def _make(self, instance: Object, obj: Object) -> Object:
        """The object as it is then; one that an earlier try has made is taken."""
        kind = _kind(obj)
        await self._authorize(instance, obj, kind)
        try:
            return await self.client.create(resource_of(kind), obj)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise InstantiateError(str(error)) from error
            meta = obj["metadata"]
            held = await self.client.get(resource_of(kind), meta.get("namespace"), meta["name"])
            if labels(held).get(OWNER) != instance["metadata"]["uid"]:
                raise InstantiateError(str(error)) from error
            return held

    async def _authorize(self, instance: Object, obj: Object, kind: kinds.Kind) -> None:
        requester, meta = instance["spec"]["requester"], obj["metadata"]
        attributes = {
            "namespace": meta.get("namespace", ""),
            "verb": "create",
            "group": kind.group,
            "version": kind.version,
            "resource": kind.plural,
            "name": meta["name"],
        }
        spec = {"user": requester["username"], "groups": requester.get("groups") or []}
        review = {"metadata": {}, "spec": {**spec, "resourceAttributes": attributes}}
        answer = await self.client.create(REVIEWS, review)
        if not answer["status"]["allowed"]:
            what = f"{kind.group}/{kind.version}, Resource={kind.plural}, Name={meta['name']}"
            plural = f"{kind.plural}.{kind.group}" if kind.group else kind.plural
            why = f'{plural} "{meta["name"]}" is forbidden: '
            raise InstantiateError(f"unable to authorize user to create {what}: {why}")

    async def _await_ready(self, instance: Object) -> float | None:
        for entry in instance["status"]["objects"]:
            obj = await self._referred(entry["ref"])
            if obj and annotations(obj).get(WAIT) == "true":
                if problem := failure(obj):
                    raise InstantiateError(problem)
                if not is_ready(obj):
                    return LOOK_AGAIN_S
        await self._conclude(instance, READY, "Created", "")
        return None

    async def _referred(self, ref: Object) -> Object | None:
        try:
            return await self.client.get(resource_of(_kind(ref)), ref.get("namespace"), ref["name"])
        except ApiError as error:
            if error.code == 404:
                return None
            raise

    async def _remove(self, instance: Object) -> None:
        for entry in (instance.get("status") or {}).get("objects") or []:
            ref = entry["ref"]
            await self.client.delete(
                resource_of(_kind(ref)), ref.get("namespace"), ref["name"],
                preconditions={"uid": ref["uid"]}, propagationPolicy="Background",
            )  # fmt: skip
        kept = [f for f in instance["metadata"].get("finalizers") or [] if f != FINALIZER]
        meta = instance["metadata"]
        change = {"metadata": {"finalizers": kept}}
        await self.client.patch(INSTANCES, meta["namespace"], meta["name"], change)

    async def _conclude(self, instance: Object, kind: str, reason: str, message: str) -> None:
        held = (instance.get("status") or {}).get("conditions") or []
        now = datetime.now(UTC)
        conditions = with_condition(held, kind, "True", reason, message, now)
        full = [{"message": "", **condition} for condition in conditions]
        await self._write(instance, {"conditions": full})

    async def _write(self, instance: Object, change: Object) -> Object:
        meta = instance["metadata"]
        answer = await self.client.patch(
            INSTANCES, meta["namespace"], meta["name"], {"status": change}, "status"
        )
        return self.instances.written(answer)


def reference(obj: Object) -> Object:
    meta = obj["metadata"]
    ref = {"kind": obj["kind"], "name": meta["name"], "uid": meta["uid"]}
    return {**ref, "namespace": meta.get("namespace", ""), "apiVersion": obj["apiVersion"]}


def is_ready(obj: Object) -> bool:
    """Of the kinds that can be waited for; any other is ready once it is there."""
    status, generation = obj.get("status") or {}, obj["metadata"].get("generation", 0)
    match obj["kind"]:
        case "Deployment" | "StatefulSet":
            wanted = obj["spec"].get("replicas", 1)
            seen = status.get("observedGeneration", 0) >= generation
            return bool(seen and status.get("availableReplicas", 0) >= wanted)
        case "Build":
            return bool(status.get("phase") == "Complete")
        case "Job":
            return is_true(obj, "Complete")
        case "Route":
            return bool(obj["spec"].get("host"))
    return True


def failure(obj: Object) -> str:
    """Why it will never be ready."""
    status = obj.get("status") or {}
    ended = obj["kind"] == "Build" and status.get("phase") in ("Failed", "Error", "Cancelled")
    if ended or (obj["kind"] == "Job" and is_true(obj, "Failed")):
        return f"readiness failed on {obj['kind']} {obj['metadata']['name']}"
    return ""


def _of_instance(obj: Object, instance: Object) -> Object:
    """In the instance's namespace unless it names one, and labelled with its owner."""
    kind, meta = _kind(obj), obj["metadata"]
    marks = {**(meta.get("labels") or {}), OWNER: instance["metadata"]["uid"]}
    namespace = meta.get("namespace") or instance["metadata"]["namespace"]
    placed = {"namespace": namespace} if kind.namespaced else {}
    return {**obj, "metadata": {**meta, **placed, "labels": marks}}


def _kind(obj: Object) -> kinds.Kind:
    found = kinds.of_object(obj.get("apiVersion", ""), obj.get("kind", ""))
    if found is None:
        version = obj.get("apiVersion", "")
        raise InstantiateError(f'no matches for kind "{obj.get("kind")}" in version "{version}"')
    return found
