"""The few questions that the hub's configuration asks the cluster, as its service account."""

import json
import os
import ssl
import time
import urllib.request
from http.client import HTTPException
from pathlib import Path
from typing import Any

ADMITTED_S = 30  # a route made together with the hub has its host long before


def account() -> Path:
    """Where the pod finds its token, which rotates, and the cluster's certificates."""
    return Path(os.environ.get("SERVICE_ACCOUNT", "/var/run/secrets/kubernetes.io/serviceaccount"))


def token() -> str:
    return (account() / "token").read_text().strip()


def namespace() -> str:
    return os.environ.get("POD_NAMESPACE", "default")


def route_host(name: str) -> str | None:
    """Of the route NAME once a router has admitted it; None outside a cluster, or in vain."""
    if not is_inside():
        return None
    path = f"/apis/route.openshift.io/v1/namespaces/{namespace()}/routes/{name}"
    deadline = time.monotonic() + ADMITTED_S
    while not (host := admitted(ask(path))) and time.monotonic() < deadline:
        time.sleep(1)
    return host


def admitted(route: dict[str, Any]) -> str | None:
    for ingress in route.get("status", {}).get("ingress", []):
        if any(
            each.get("type") == "Admitted" and each.get("status") == "True"
            for each in ingress.get("conditions", [])
        ):
            return str(ingress["host"])
    return None


def is_inside() -> bool:
    """Whether this is a pod that may ask the cluster."""
    return (account() / "token").is_file()


def url_of(host: str) -> str:
    """Where browsers find a route: its router speaks TLS, but for the sandbox's."""
    port = os.environ.get("PLAIN_HTTP_PORT")
    return f"http://{host}:{port}" if port else f"https://{host}"


def ask(path: str) -> dict[str, Any]:
    """{} outside a cluster, where nothing is there, and where the cluster did not answer."""
    if not is_inside():
        return {}
    server = "https://{KUBERNETES_SERVICE_HOST}:{KUBERNETES_SERVICE_PORT}".format(**os.environ)
    request = urllib.request.Request(server + path, headers={"Authorization": f"Bearer {token()}"})
    trust = ssl.create_default_context(cafile=str(account() / "ca.crt"))
    try:
        with urllib.request.urlopen(request, timeout=10, context=trust) as answer:
            found: dict[str, Any] = json.load(answer)
    except (OSError, HTTPException, ValueError):  # also where an answer breaks off
        return {}
    return found
