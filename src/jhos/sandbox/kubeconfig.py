"""The kubeconfig files of a sandbox: the only door that others have to it."""

import base64
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

ROUTER_EXTENSION = "jhos.dev/router"


@dataclass(frozen=True, kw_only=True)
class Access:
    """One user's way into the cluster. `api` is a URL, `router` is `127.0.0.1:PORT`.

    `namespace`: of the context until its user sets another.
    """

    context: str
    user: str
    token: str
    api: str
    router: str
    ca_pem: str
    namespace: str = ""


def kubeconfig(access: Access) -> str:
    """One cluster, one user, one context, as YAML.

    The cluster's extension tells where its routes are reached over plain HTTP.
    """
    context = {"cluster": "sandbox", "user": access.user}
    context |= {"namespace": access.namespace} if access.namespace else {}
    cluster = {
        "server": access.api,
        "certificate-authority-data": base64.b64encode(access.ca_pem.encode()).decode(),
        "extensions": [{"name": ROUTER_EXTENSION, "extension": {"address": access.router}}],
    }
    content: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "sandbox", "cluster": cluster}],
        "users": [{"name": access.user, "user": {"token": access.token}}],
        "contexts": [{"name": access.context, "context": context}],
        "current-context": access.context,
    }
    return yaml.safe_dump(content, sort_keys=False)


def write(path: Path, access: Access) -> None:
    """For the owner's eyes; readers see the old file or the new one, never half of it.

    The namespace that its user has set in the context stays.
    """
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600)
    held = _namespace(path, access.context) or access.namespace
    new.write_text(kubeconfig(replace(access, namespace=held)))
    new.rename(path)


def _namespace(path: Path, context: str) -> str:
    try:
        held = yaml.safe_load(path.read_text())["contexts"]
        return str(next(c["context"]["namespace"] for c in held if c["name"] == context))
    except (OSError, yaml.YAMLError, LookupError, TypeError, AttributeError, StopIteration):
        return ""
