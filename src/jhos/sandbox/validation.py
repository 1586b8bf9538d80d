"""What is refused as 422: names, labels, finalizers and the rules of each kind."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

from jhos.sandbox import failure, names, podrules, policyrules, quantity, schema, selectors
from jhos.sandbox.call import Call
from jhos.sandbox.failure import Cause, bad_value, required, too_long

Object = dict[str, Any]
Rule = Callable[[Object, Object | None], Iterator[Cause]]

LARGEST_DATA, LARGEST_ANNOTATIONS = 2**20, 2**18
LOOSE_NAMES = ("rbac.authorization.k8s.io", "image.openshift.io")
STATEFUL_SET_MUTABLE = (
    "replicas", "ordinals", "template", "updateStrategy", "minReadySeconds",
    "persistentVolumeClaimRetentionPolicy", "revisionHistoryLimit",
)  # fmt: skip


def check(call: Call, obj: Object, live: Object | None) -> None:
    """Raises Failure with every field that is wrong; `live` is what an update replaces."""
    if call.path.subresource == "status":
        return
    causes = [*_metadata(call, obj, live), *RULES.get(call.kind.key, _nothing)(obj, live)]
    if causes:
        kind = call.kind
        raise failure.invalid(kind.group, kind.kind, obj["metadata"].get("name", ""), causes)


def _metadata(call: Call, obj: Object, live: Object | None) -> Iterator[Cause]:
    meta = obj["metadata"]
    if live is None:
        yield from _name(call, meta.get("name", ""))
    for key, value in meta.get("labels", {}).items():
        if why := names.qualified_problem(key):
            yield bad_value("metadata.labels", key, why)
        if why := names.label_value_problem(value):
            yield bad_value("metadata.labels", value, why)
    for key in meta.get("annotations", {}):
        if why := names.qualified_problem(key.lower()):
            yield bad_value("metadata.annotations", key, why)
    notes = (len(f"{key}{value}".encode()) for key, value in meta.get("annotations", {}).items())
    if sum(notes) > LARGEST_ANNOTATIONS:
        yield too_long("metadata.annotations", LARGEST_ANNOTATIONS)
    if live is not None and "deletionTimestamp" in live["metadata"]:
        yield from _finalizers(meta, live["metadata"])


def _name(call: Call, name: str) -> Iterator[Cause]:
    if not name:
        yield required("metadata.name", "name or generateName is required")
        return
    if call.kind.group in LOOSE_NAMES:
        return
    checks = {"services": names.service_problem, "namespaces": names.label_problem}
    if why := checks.get(call.kind.key, names.subdomain_problem)(name):
        yield bad_value("metadata.name", name, why)


def _finalizers(meta: Object, old: Object) -> Iterator[Cause]:
    new = [f for f in meta.get("finalizers", ()) if f not in old.get("finalizers", ())]
    if new:
        listed = ", ".join(f'"{name}"' for name in new)
        why = (
            "no new finalizers can be added if the object is being deleted, "
            f"found new finalizers []string{{{listed}}}"
        )
        yield from [failure.forbidden_field("metadata.finalizers", why)] * 2


def _required(kind: str) -> Rule:
    """Of a custom resource: what its schema requires."""

    def rule(obj: Object, _: Object | None) -> Iterator[Cause]:
        node = schema.of("monitoring.coreos.com", "v1", kind)
        return _missing(node, obj, "")

    return rule


def _missing(node: schema.Node, value: Any, path: str) -> Iterator[Cause]:
    if isinstance(value, list):
        for number, entry in enumerate(value):
            yield from _missing(node.item, entry, f"{path}[{number}]")
    if not isinstance(value, dict):
        return
    for name in sorted(node.required - value.keys()):
        yield required(f"{path}.{name}".lstrip("."))
    for name, entry in value.items():
        yield from _missing(node.child(name), entry, f"{path}.{name}".lstrip("."))


def _nothing(_obj: Object, _live: Object | None) -> Iterator[Cause]:
    return
    yield


def _data(obj: Object, _: Object | None) -> Iterator[Cause]:
    for field in ("data", "binaryData"):
        for key in obj.get(field, ()):
            if why := names.config_key_problem(key):
                yield bad_value(f"{field}[{key}]", key, why)


def _config_map(obj: Object, live: Object | None) -> Iterator[Cause]:
    yield from _data(obj, live)
    plain = sum(len(value.encode()) for value in obj.get("data", {}).values())
    if plain + _decoded(obj.get("binaryData", {})) > LARGEST_DATA:
        yield too_long("[]", LARGEST_DATA)
    yield from _unchanged(obj, live)


def _decoded(data: Object) -> int:
    """The bytes that base64 stands for."""
    return sum(len(value) * 3 // 4 - value[-2:].count("=") for value in data.values())


def _unchanged(obj: Object, live: Object | None) -> Iterator[Cause]:
    if live and live.get("immutable"):
        if not obj.get("immutable"):
            yield failure.immutable("immutable")
        for field in ("data", "binaryData"):
            if obj.get(field, {}) != live.get(field, {}):
                yield failure.immutable(field)


def _secret(obj: Object, live: Object | None) -> Iterator[Cause]:
    if live and obj.get("type") != live.get("type"):
        yield bad_value("type", obj.get("type", ""), "field is immutable")
    yield from _data(obj, live)
    if _decoded(obj.get("data", {})) > LARGEST_DATA:
        yield too_long("data", LARGEST_DATA)
    yield from _unchanged(obj, live)


def _service(obj: Object, live: Object | None) -> Iterator[Cause]:
    spec = obj["spec"]
    if not spec.get("ports") and spec["type"] != "ExternalName" and spec.get("clusterIP") != "None":
        yield required("spec.ports")
    many = len(spec.get("ports", ())) > 1
    for number, port in enumerate(spec.get("ports", ())):
        where, between = f"spec.ports[{number}]", "must be between 1 and 65535, inclusive"
        if many and not port.get("name"):
            yield required(f"{where}.name")
        if not 1 <= port.get("port", 0) <= 65535:
            yield bad_value(f"{where}.port", port.get("port", 0), between)
        target = port.get("targetPort", 0)
        if isinstance(target, int) and not 1 <= target <= 65535:
            yield bad_value(f"{where}.targetPort", target, between)
    if live and "ExternalName" not in (spec["type"], live["spec"]["type"]):
        old = live["spec"].get("clusterIP")
        if old and spec.get("clusterIP") != old:
            yield bad_value("spec.clusterIPs[0]", [spec.get("clusterIP")], "field is immutable")


def _workload(obj: Object, live: Object | None) -> Iterator[Cause]:
    spec = obj["spec"]
    yield from _selection(spec)
    yield from podrules.template(spec["template"], "spec.template")
    policy = spec["template"]["spec"].get("restartPolicy", "Always")
    if policy != "Always":
        where = "spec.template.spec.restartPolicy"
        yield failure.not_supported(where, policy, ("Always",))
    if spec.get("replicas", 0) < 0:
        why = "must be greater than or equal to 0"
        yield bad_value("spec.replicas", spec["replicas"], why)
    if live and spec.get("selector") != live["spec"].get("selector"):
        yield bad_value("spec.selector", spec.get("selector"), "field is immutable")


def _selection(spec: Object) -> Iterator[Cause]:
    selector, template = spec.get("selector"), spec["template"]
    if not selector:
        yield required("spec.selector")
    labels = template.get("metadata", {}).get("labels", {})
    if not selector or not selectors.label_selector(selector)(labels):
        why = "`selector` does not match template `labels`"
        yield bad_value("spec.template.metadata.labels", labels, why)


def _stateful_set(obj: Object, live: Object | None) -> Iterator[Cause]:
    yield from _workload(obj, None)
    if live is None:
        return
    fixed = [{k: v for k, v in o["spec"].items() if k not in STATEFUL_SET_MUTABLE}
             for o in (obj, live)]  # fmt: skip
    if fixed[0] != fixed[1]:
        allowed = "', '".join(STATEFUL_SET_MUTABLE)
        why = f"updates to statefulset spec for fields other than '{allowed}' are forbidden"
        yield failure.forbidden_field("spec", why)


def _job(obj: Object, live: Object | None) -> Iterator[Cause]:
    spec = obj["spec"]
    yield from podrules.template(spec["template"], "spec.template")
    if spec["template"]["spec"].get("restartPolicy") == "Always":
        field = "spec.template.spec.restartPolicy"
        yield required(field, 'valid values: "OnFailure", "Never"')
    if live and spec["template"] != live["spec"]["template"] and not live["spec"].get("suspend"):
        yield bad_value("spec.template", spec["template"], "field is immutable")


def _claim(obj: Object, live: Object | None) -> Iterator[Cause]:
    spec = obj["spec"]
    if not spec.get("accessModes"):
        yield required("spec.accessModes", "at least 1 access mode is required")
    if "storage" not in spec.get("resources", {}).get("requests", {}):
        yield required("spec.resources[storage]")
    bound = live is not None and live.get("status", {}).get("phase") == "Bound"
    if live and _fixed_claim(spec, live["spec"], bound) != _fixed_claim(live["spec"], spec, bound):
        why = (
            "spec is immutable after creation except resources.requests and "
            "volumeAttributesClassName for bound claims"
        )
        yield failure.forbidden_field("spec", why)
    elif live and bound and _size(spec) < _size({"resources": {"requests": _capacity(live)}}):
        where = "spec.resources.requests.storage"
        yield failure.forbidden_field(where, "field can not be less than status.capacity")


def _size(spec: Object) -> Fraction:
    return quantity.parse(spec.get("resources", {}).get("requests", {}).get("storage", "0"))


def _capacity(claim: Object) -> Object:
    found: Object = claim.get("status", {}).get("capacity", {})
    return found


def _fixed_claim(spec: Object, other: Object, bound: bool) -> Object:
    """Without what may change: the size once bound, and a volume's name while it is not set."""
    free = {"resources", "volumeAttributesClassName"} if bound else set()
    for name in ("volumeName", "storageClassName"):
        if not spec.get(name) or not other.get(name):
            free.add(name)
    return {k: v for k, v in spec.items() if k not in free}


def _route(obj: Object, _: Object | None) -> Iterator[Cause]:
    spec = obj["spec"]
    if host := spec.get("host"):
        if names.subdomain_problem(host):
            yield bad_value("spec.host", host, "host must conform to DNS 952 subdomain conventions")
        for why in filter(None, map(names.label_problem, host.split("."))):
            yield bad_value("spec.host", host, why)
    if spec.get("path") and not spec["path"].startswith("/"):
        yield bad_value("spec.path", spec["path"], "path must begin with /")
    yield from _backend(spec["to"], "spec.to")
    others = spec.get("alternateBackends", ())
    if len(others) > 3:
        yield required("spec.alternateBackends", "cannot specify more than 3 alternate backends")
    for number, other in enumerate(others):
        yield from _backend(other, f"spec.alternateBackends[{number}]")
    tls = spec.get("tls")
    if tls and tls.get("termination") not in ("edge", "passthrough", "reencrypt"):
        supported = ("edge", "passthrough", "reencrypt")
        yield failure.not_supported("spec.tls.termination", tls.get("termination"), supported)
    if spec.get("path") and tls and tls.get("termination") == "passthrough":
        yield bad_value("spec.path", spec["path"], "passthrough termination does not support paths")


def _backend(target: Object, where: str) -> Iterator[Cause]:
    if not target.get("name"):
        yield required(f"{where}.name")
    if target["kind"] != "Service":
        yield failure.not_supported(f"{where}.kind", target["kind"], ("Service",))
    if not 0 <= target["weight"] <= 256:
        why = "weight must be an integer between 0 and 256"
        yield bad_value(f"{where}.weight", target["weight"], why)


def _binding(obj: Object, live: Object | None) -> Iterator[Cause]:
    if not obj.get("roleRef", {}).get("name"):
        yield required("roleRef.name")
    if live and obj.get("roleRef") != live["roleRef"]:
        yield bad_value("roleRef", obj.get("roleRef"), "cannot change roleRef")


def _event(obj: Object, _: Object | None) -> Iterator[Cause]:
    about = obj.get("involvedObject", {}).get("namespace", "")
    own = obj["metadata"].get("namespace", "")
    if about and about != own:
        yield bad_value("involvedObject.namespace", about, "does not match event.namespace")


def _build_config(obj: Object, _: Object | None) -> Iterator[Cause]:
    spec = obj["spec"]
    strategies = ("sourceStrategy", "customStrategy", "dockerStrategy", "jenkinsPipelineStrategy")
    if sum(name in spec["strategy"] for name in strategies) != 1:
        why = (
            "must provide a value for exactly one of sourceStrategy, customStrategy, "
            "dockerStrategy, or jenkinsPipelineStrategy"
        )
        yield bad_value("spec.strategy", spec["strategy"], why)
    source = spec["source"]
    if "git" in source and not source["git"].get("uri"):
        yield required("spec.source.git.uri")


def _build(obj: Object, live: Object | None) -> Iterator[Cause]:
    if live and obj["spec"] != live["spec"]:
        yield bad_value("spec", obj["spec"], "spec is immutable")


RULES: dict[str, Rule] = {
    "buildconfigs.build.openshift.io": _build_config,
    "builds.build.openshift.io": _build,
    "clusterrolebindings.rbac.authorization.k8s.io": _binding,
    "configmaps": _config_map,
    "cronjobs.batch": policyrules.cron_job,
    "daemonsets.apps": _workload,
    "deployments.apps": _workload,
    "events": _event,
    "horizontalpodautoscalers.autoscaling": policyrules.autoscaler,
    "jobs.batch": _job,
    "leases.coordination.k8s.io": policyrules.lease,
    "networkpolicies.networking.k8s.io": policyrules.network_policy,
    "persistentvolumeclaims": _claim,
    "poddisruptionbudgets.policy": policyrules.budget,
    "pods": podrules.pod,
    "replicasets.apps": _workload,
    "prometheusrules.monitoring.coreos.com": _required("PrometheusRule"),
    "rolebindings.rbac.authorization.k8s.io": _binding,
    "routes.route.openshift.io": _route,
    "secrets": _secret,
    "servicemonitors.monitoring.coreos.com": _required("ServiceMonitor"),
    "services": _service,
    "statefulsets.apps": _stateful_set,
}
