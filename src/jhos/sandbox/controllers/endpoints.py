"""Endpoint slices: which pods stand behind a service, and on which of their ports."""

import hashlib
import json
from collections.abc import Iterator, Sequence

from jhos.sandbox.client import Object
from jhos.sandbox.controllers.informers import Key, key_of
from jhos.sandbox.controllers.loop import Control, Loop
from jhos.sandbox.controllers.meta import (
    is_deleting,
    is_true,
    labels,
    matches,
    owner_reference,
)
from jhos.sandbox.controllers.pods import PODS, is_finished

SERVICES = "api/v1/services"
SLICES = "apis/discovery.k8s.io/v1/endpointslices"
SERVICE_LABEL = "kubernetes.io/service-name"
MANAGED_BY = {"endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io"}


class Endpoints:
    """The controller."""

    def __init__(self, control: Control) -> None:
        self.client = control.client
        self.services, self.pods = control.informer(SERVICES), control.informer(PODS)
        self.slices = control.informer(SLICES)
        self.loop = Loop("endpoints", self.reconcile)
        self.services.listen(self.loop.on_change)
        self.pods.listen(self._on_pod)
        self.slices.listen(self._on_slice)

    async def run(self) -> None:
        await self.loop.run()

    def _on_pod(self, _event: str, pod: Object) -> None:
        """Services that select it, and those that did before its labels changed."""
        namespace, name = key_of(pod)
        for service in self.services.all(namespace):
            if matches(service["spec"].get("selector") or {"": ""}, pod):
                self.loop.add(key_of(service))
        for held in self.slices.all(namespace):
            if any(e.get("targetRef", {}).get("name") == name for e in held.get("endpoints") or []):
                self._on_slice("", held)

    def _on_slice(self, _event: str, held: Object) -> None:
        if MANAGED_BY.items() <= labels(held).items():
            self.loop.add((held["metadata"]["namespace"], labels(held).get(SERVICE_LABEL, "")))

    async def reconcile(self, key: Key) -> float | None:
        service = self.services.get(*key)
        if service is None or is_deleting(service) or not service["spec"].get("selector"):
            return None
        wanted = {s["metadata"]["name"]: s for s in slices(service, self.pods.all(key[0]))}
        held = {
            s["metadata"]["name"]: s
            for s in self.slices.all(key[0])
            if labels(s).get(SERVICE_LABEL) == key[1] and MANAGED_BY.items() <= labels(s).items()
        }
        for name, wanted_slice in wanted.items():
            await self._write(held.get(name), wanted_slice)
        for name in held.keys() - wanted.keys():
            await self.client.delete(SLICES, key[0], name)
        return None

    async def _write(self, held: Object | None, wanted: Object) -> None:
        if held is None:
            self.slices.written(await self.client.create(SLICES, wanted))
        elif any(held.get(part) != wanted[part] for part in ("endpoints", "ports")):
            changed = held | {"endpoints": wanted["endpoints"], "ports": wanted["ports"]}
            self.slices.written(await self.client.update(SLICES, changed))


def slices(service: Object, pods: Sequence[Object]) -> list[Object]:
    """One for each set of port numbers that the selected pods have, at least one."""
    groups: dict[str, tuple[list[Object], list[Object]]] = {}
    for pod in sorted(pods, key=key_of):
        if matches(service["spec"]["selector"], pod) and _is_reachable(pod):
            ports = list(_ports(service, pod))
            group = groups.setdefault(json.dumps(ports), (ports, []))
            group[1].append(_endpoint(service, pod))
    if not groups:
        groups[""] = (list(_ports(service, None)), [])
    return [_slice(service, ports, endpoints) for ports, endpoints in groups.values()]


def _is_reachable(pod: Object) -> bool:
    return bool(pod.get("status", {}).get("podIP")) and not is_finished(pod)


def _ports(service: Object, pod: Object | None) -> Iterator[Object]:
    """Those whose number is known: a named one only by a pod."""
    for port in service["spec"].get("ports") or []:
        number = _number(port.get("targetPort", port["port"]), pod)
        if number is not None:
            name = {"name": port["name"]} if "name" in port else {"name": ""}
            yield name | {"port": number, "protocol": port.get("protocol", "TCP")}


def _number(target: int | str, pod: Object | None) -> int | None:
    if isinstance(target, int):
        return target
    for container in pod["spec"]["containers"] if pod else []:
        for port in container.get("ports") or []:
            if port.get("name") == target:
                return int(port["containerPort"])
    return None


def _endpoint(service: Object, pod: Object) -> Object:
    meta = pod["metadata"]
    terminating = is_deleting(pod)
    serving = is_true(pod, "Ready") or bool(service["spec"].get("publishNotReadyAddresses"))
    endpoint: Object = {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {
            "ready": serving and not terminating,
            "serving": serving,
            "terminating": terminating,
        },
        "nodeName": pod["spec"].get("nodeName", ""),
        "targetRef": {
            "kind": "Pod",
            "name": meta["name"],
            "namespace": meta["namespace"],
            "uid": meta["uid"],
        },
    }
    if "hostname" in pod["spec"] and pod["spec"].get("subdomain") == service["metadata"]["name"]:
        endpoint["hostname"] = pod["spec"]["hostname"]
    return endpoint


def _slice(service: Object, ports: list[Object], endpoints: list[Object]) -> Object:
    meta = service["metadata"]
    digest = hashlib.sha256(f"{meta['uid']} {json.dumps(ports)}".encode()).hexdigest()[:5]
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": f"{meta['name']}-{digest}",
            "namespace": meta["namespace"],
            "labels": labels(service) | {SERVICE_LABEL: meta["name"]} | MANAGED_BY,
            "ownerReferences": [owner_reference(service)],
        },
        "addressType": "IPv4",
        "endpoints": endpoints,
        "ports": ports,
    }
