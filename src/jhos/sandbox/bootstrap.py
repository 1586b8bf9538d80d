"""What every cluster has from its start: namespaces, cluster roles, the API's own Service."""

import uuid
from typing import Any

from jhos.sandbox import defaults, managed
from jhos.sandbox.addresses import API_ADDRESS, DNS_ADDRESS
from jhos.sandbox.call import Cluster
from jhos.sandbox.kinds import BY_KEY
from jhos.sandbox.preparation import repository
from jhos.sandbox.roles import BINDINGS, ROLES, SHARED
from jhos.sandbox.store import Store
from jhos.sandbox.streams import STREAM

Object = dict[str, Any]
RBAC = "rbac.authorization.k8s.io"
AUTHENTICATED = "system:authenticated"
NAMESPACES = ("default", "kube-public", "kube-system", "openshift", "openshift-dns",
              "openshift-image-registry", "openshift-ingress")  # fmt: skip


def ensure(store: Store, cluster: Cluster) -> None:
    """Make what is missing; roles are brought to this version's rules."""
    with store.transaction():
        for name in NAMESPACES:
            _namespace(store, name)
        for name, rules in ROLES.items():
            _put(store, f"clusterroles.{RBAC}", {"metadata": {"name": name}, "rules": rules})
        for name, role, group in BINDINGS:
            binding = _binding(name, "ClusterRole", role, group)
            _put(store, f"clusterrolebindings.{RBAC}", binding)
        shared = {"name": "shared-resource-viewer", "namespace": "openshift"}
        _put(store, f"roles.{RBAC}", {"metadata": shared, "rules": SHARED})
        viewers = _binding("shared-resource-viewers", "Role", shared["name"], AUTHENTICATED)
        viewers["metadata"]["namespace"] = "openshift"
        _put(store, f"rolebindings.{RBAC}", viewers)
        _services(store)
        domain = {"metadata": {"name": "cluster"}, "spec": {"domain": cluster.apps_domain}}
        _put(store, "ingresses.config.openshift.io", domain)
        _update_repositories(store, cluster)


def _update_repositories(store: Store, cluster: Cluster) -> None:
    """Streams of an earlier run follow the registry of this one, as OpenShift computes it."""
    for stream in store.objects(STREAM):
        status = {**stream.get("status", {}), "dockerImageRepository": repository(cluster, stream)}
        if status != stream.get("status"):
            store.put(STREAM, {**stream, "status": status})


def _namespace(store: Store, name: str) -> None:
    obj = {
        "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}},
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Active"},
    }
    if store.get("namespaces", "", name) is None:
        _put(store, "namespaces", obj)


def _services(store: Store) -> None:
    for namespace, name, address, port, number in (
        ("default", "kubernetes", API_ADDRESS, "https", 443),
        ("openshift-dns", "dns-default", DNS_ADDRESS, "dns-tcp", 53),
    ):
        if store.get("services", namespace, name) is None:
            ports = [{"name": port, "port": number, "protocol": "TCP"}]
            spec = {"clusterIP": address, "clusterIPs": [address], "ports": ports}
            service = {"metadata": {"name": name, "namespace": namespace}, "spec": spec}
            defaults.apply(BY_KEY["services"], service)
            _put(store, "services", service)


def _binding(name: str, kind: str, role: str, group: str) -> Object:
    subject = {"kind": "Group", "apiGroup": RBAC, "name": group}
    reference = {"apiGroup": RBAC, "kind": kind, "name": role}
    return {"metadata": {"name": name}, "roleRef": reference, "subjects": [subject]}


def _put(store: Store, key: str, obj: Object) -> None:
    """Write where it is missing or different."""
    kind, meta = BY_KEY[key], obj["metadata"]
    live = store.get(key, meta.get("namespace", ""), meta["name"])
    rest = {k: v for k, v in obj.items() if k != "metadata"}
    if live is not None and rest.items() <= live.items():
        return
    identity = {"uid": str(uuid.uuid4()), "creationTimestamp": managed.now()}
    meta = {**(live["metadata"] if live else identity), **meta}
    store.put(key, {"kind": kind.kind, "apiVersion": kind.api_version, "metadata": meta, **rest})
