"""What the cluster gives an object at a write: addresses, hosts, user ids, protection."""

from typing import Any

from jhos.sandbox import ranges, streams
from jhos.sandbox.addresses import allocate
from jhos.sandbox.call import Call, Cluster
from jhos.sandbox.poddefaults import fill

Object = dict[str, Any]
HOST_GENERATED = "openshift.io/host.generated"


def create(call: Call, obj: Object) -> None:
    """What is given by the cluster rather than by the object: addresses, hosts, protection."""
    match call.kind.key:
        case "services":
            allocate(call, obj)
        case "routes.route.openshift.io":
            _generate_host(call, obj)
        case "persistentvolumeclaims":
            obj["metadata"]["finalizers"] = _with_protection(obj["metadata"])
        case "imagestreams.image.openshift.io":
            obj["status"] = {"dockerImageRepository": repository(call.cluster, obj)}
            _follow_tags(obj, 1)
        case "namespaces":
            fill(obj.setdefault("spec", {}), finalizers=["kubernetes"])
            obj["status"] = {"phase": "Active"}
            ranges.annotate(call.store, obj)
        case "jobs.batch":
            _generate_selector(obj)
        case "templateinstances.template.openshift.io":
            user = {"username": call.user.name, "groups": list(call.user.groups)}
            obj.setdefault("spec", {})["requester"] = user
            obj["status"] = {}


def update(call: Call, obj: Object, live: Object) -> None:
    match call.kind.key:
        case "services":
            _keep_addresses(obj["spec"], live["spec"])
        case "routes.route.openshift.io" if not obj["spec"].get("host"):
            obj["spec"]["host"] = live["spec"].get("host", "")
        case "imagestreams.image.openshift.io" if obj["spec"] != live["spec"]:
            _follow_tags(obj, live["metadata"].get("generation", 0) + 1)
        case "namespaces":
            obj["spec"] = live.get("spec", {})


def _follow_tags(obj: Object, generation: int) -> None:
    if obj["spec"].get("tags"):
        obj.update(streams.follow(obj, generation))


def _with_protection(meta: Object) -> list[str]:
    return [*meta.get("finalizers", ()), "kubernetes.io/pvc-protection"]


def repository(cluster: Cluster, stream: Object) -> str:
    """Return the repository of the stream in the integrated registry; empty without a registry."""
    if not cluster.has_registry:
        return ""
    meta = stream["metadata"]
    return f"image-registry.openshift-image-registry.svc:5000/{meta['namespace']}/{meta['name']}"


def _generate_host(call: Call, obj: Object) -> None:
    if obj["spec"].get("host"):
        return
    meta = obj["metadata"]
    obj["spec"]["host"] = f"{meta['name']}-{meta['namespace']}.{call.cluster.apps_domain}"
    meta["annotations"] = {**meta.get("annotations", {}), HOST_GENERATED: "true"}


def _keep_addresses(spec: Object, live: Object) -> None:
    if spec["type"] == "ExternalName":
        return
    for name in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"):
        if name in live and not spec.get(name):
            spec[name] = live[name]


def _generate_selector(obj: Object) -> None:
    spec, meta = obj["spec"], obj["metadata"]
    if spec.get("manualSelector"):
        return
    uid = {"batch.kubernetes.io/controller-uid": meta["uid"]}
    names = {"batch.kubernetes.io/job-name": meta["name"], "job-name": meta["name"]}
    template = spec["template"]["metadata"]
    template["labels"] = {**template.get("labels", {}), **uid, **names}
    template["labels"]["controller-uid"] = meta["uid"]
    spec["selector"] = {"matchLabels": uid}
