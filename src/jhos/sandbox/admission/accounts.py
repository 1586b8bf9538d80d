"""The service account of a pod, and its token at the known path."""

import secrets
from typing import Any

from jhos.sandbox import failure
from jhos.sandbox.call import Call
from jhos.sandbox.poddefaults import FILE_MODE, containers

Object = dict[str, Any]
PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
LETTERS = "bcdfghjklmnpqrstvwxz2456789"
TOKEN_S = 3607


def admit(call: Call, pod: Object) -> None:
    """Raises Failure where the account is not there."""
    spec = pod["spec"]
    name = spec.get("serviceAccountName") or "default"
    spec.update(serviceAccountName=name, serviceAccount=name)
    account = call.store.get("serviceaccounts", call.namespace, name)
    if account is None:
        why = (
            f"error looking up service account {call.namespace}/{name}: "
            f'serviceaccount "{name}" not found'
        )
        raise failure.forbidden("", "pods", pod["metadata"]["name"], why)
    if "imagePullSecrets" not in spec and account.get("imagePullSecrets"):
        spec["imagePullSecrets"] = [dict(entry) for entry in account["imagePullSecrets"]]
    wanted = spec.get("automountServiceAccountToken")
    if wanted is None:
        wanted = account.get("automountServiceAccountToken", True)
    if wanted:
        _mount(spec)


def _mount(spec: Object) -> None:
    if any(volume["name"].startswith("kube-api-access-") for volume in spec.get("volumes", ())):
        return
    name = "kube-api-access-" + "".join(secrets.choice(LETTERS) for _ in range(5))
    bare = [c for c in containers(spec) if not _has_token(c)]
    for container in bare:
        mount = {"name": name, "readOnly": True, "mountPath": PATH}
        container.setdefault("volumeMounts", []).append(mount)
    if bare:
        spec.setdefault("volumes", []).append({"name": name, "projected": _projected()})


def _has_token(container: Object) -> bool:
    return any(mount["mountPath"] == PATH for mount in container.get("volumeMounts", ()))


def _projected() -> Object:
    namespace = {"apiVersion": "v1", "fieldPath": "metadata.namespace"}
    return {
        "defaultMode": FILE_MODE,
        "sources": [
            {"serviceAccountToken": {"expirationSeconds": TOKEN_S, "path": "token"}},
            _certificates("kube-root-ca.crt", "ca.crt"),
            {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": namespace}]}},
            _certificates("openshift-service-ca.crt", "service-ca.crt"),
        ],
    }


def _certificates(name: str, key: str) -> Object:
    return {"configMap": {"name": name, "items": [{"key": key, "path": key}]}}
