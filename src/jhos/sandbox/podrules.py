"""What is wrong with a pod, or with the template of one."""

from collections.abc import Iterator, Sequence
from typing import Any

from jhos.sandbox import failure, names, quantity
from jhos.sandbox.failure import Cause, bad_value, required

Object = dict[str, Any]

PULL_POLICIES = ("Always", "IfNotPresent", "Never")
RESTART_POLICIES = ("Always", "OnFailure", "Never")
GROUP_CHANGE_POLICIES = ("Always", "OnRootMismatch")
PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
PORTS = "must be between 1 and 65535, inclusive"
HANDLERS = {"exec", "httpGet", "tcpSocket", "grpc"}

# Of a running pod only these may change.
MUTABLE = ("activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds", "nodeName")


def pod(obj: Object, live: Object | None) -> Iterator[Cause]:
    if live is None:
        yield from spec(obj["spec"], "spec")
    elif _fixed(obj["spec"]) != _fixed(live["spec"]):
        why = (
            "pod updates may not change fields other than `spec.containers[*].image`,"
            "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` "
            "(only additions to existing tolerations),`spec.terminationGracePeriodSeconds` "
            "(allow it to be set to 1 if it was previously negative)"
        )
        yield failure.forbidden_field("spec", why)


def _fixed(pod_spec: Object) -> Object:
    kept = {k: v for k, v in pod_spec.items() if k not in MUTABLE}
    for name in ("initContainers", "containers"):
        if name in kept:
            kept[name] = [{k: v for k, v in c.items() if k != "image"} for c in kept[name]]
    return kept


def template(obj: Object, where: str) -> Iterator[Cause]:
    yield from spec(obj["spec"], f"{where}.spec")


def spec(pod_spec: Object, where: str) -> Iterator[Cause]:
    if not pod_spec.get("containers"):
        yield required(f"{where}.containers")
    policy = pod_spec.get("restartPolicy", "Always")
    if policy not in RESTART_POLICIES:
        yield failure.not_supported(f"{where}.restartPolicy", policy, RESTART_POLICIES)
    change = (pod_spec.get("securityContext") or {}).get("fsGroupChangePolicy", "Always")
    if change not in GROUP_CHANGE_POLICIES:
        field = f"{where}.securityContext.fsGroupChangePolicy"
        yield failure.not_supported(field, change, GROUP_CHANGE_POLICIES)
    yield from _unique(pod_spec.get("volumes", ()), f"{where}.volumes")
    volumes = {volume["name"] for volume in pod_spec.get("volumes", ()) if "name" in volume}
    for list_name in ("initContainers", "containers"):
        yield from _unique(pod_spec.get(list_name, ()), f"{where}.{list_name}")
        for number, container in enumerate(pod_spec.get(list_name, ())):
            yield from _container(container, volumes, f"{where}.{list_name}[{number}]")


def _unique(entries: Sequence[Object], where: str) -> Iterator[Cause]:
    seen: set[str] = set()
    for number, entry in enumerate(entries):
        name = entry.get("name", "")
        if name in seen:
            yield failure.duplicate(f"{where}[{number}].name", name)
        seen.add(name)


def _container(container: Object, volumes: set[str], where: str) -> Iterator[Cause]:
    name = container.get("name", "")
    if not name:
        yield required(f"{where}.name")
    elif why := names.label_problem(name):
        yield bad_value(f"{where}.name", name, why)
    if not container.get("image"):
        yield required(f"{where}.image")
    for number, mount in enumerate(container.get("volumeMounts", ())):
        if mount.get("name") not in volumes:
            field = f"{where}.volumeMounts[{number}].name"
            yield Cause("FieldValueNotFound", field, f'Not found: "{mount.get("name")}"')
        if not mount.get("mountPath"):
            yield required(f"{where}.volumeMounts[{number}].mountPath")
    yield from _ports(container.get("ports", ()), f"{where}.ports")
    for number, variable in enumerate(container.get("env", ())):
        if not variable.get("name"):
            yield required(f"{where}.env[{number}].name")
    for probe in PROBES:
        if probe in container:
            yield from _probe(container[probe], f"{where}.{probe}")
    policy = container.get("imagePullPolicy", "Always")
    if policy not in PULL_POLICIES:
        yield failure.not_supported(f"{where}.imagePullPolicy", policy, PULL_POLICIES)
    yield from _resources(container.get("resources", {}), f"{where}.resources")


def _probe(probe: Object, where: str) -> Iterator[Cause]:
    if not HANDLERS & probe.keys():
        yield required(where, "must specify a handler type")
    for handler in ("httpGet", "tcpSocket"):
        port = probe.get(handler, {"port": 1}).get("port", 0)
        if isinstance(port, int) and not 1 <= port <= 65535:
            yield bad_value(f"{where}.{handler}.port", port, PORTS)


def _ports(ports: Sequence[Object], where: str) -> Iterator[Cause]:
    for number, port in enumerate(ports):
        field, value = f"{where}[{number}].containerPort", port.get("containerPort", 0)
        if not value:
            yield required(field)
        elif not 1 <= value <= 65535:
            yield bad_value(field, value, PORTS)


def _resources(resources: Object, where: str) -> Iterator[Cause]:
    limits = resources.get("limits", {})
    for name, request in resources.get("requests", {}).items():
        limit = limits.get(name)
        if limit is not None and quantity.parse(request) > quantity.parse(limit):
            why = f"must be less than or equal to {name} limit of {limit}"
            yield bad_value(f"{where}.requests", request, why)
