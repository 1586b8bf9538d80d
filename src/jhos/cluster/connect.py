"""From a kubeconfig, or from inside a pod, to a `Cluster`: the rules are kubectl's."""

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from jhos.cluster import handshakes
from jhos.cluster.kubeconfig import HOW, MISSHAPEN, Document, entry_of, merged, unusable
from jhos.errors import ClusterUnreachable

if TYPE_CHECKING:
    from jhos.cluster.client import Cluster

ROUTER_EXTENSION = "jhos.dev/router"  # a cluster whose router listens elsewhere than on 80 and 443
_SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


def connect(
    kubeconfig: str | None,
    context: str | None,
    namespace: str | None,
    connections: int = 0,
) -> "Cluster":
    """`kubeconfig` may be several files, as the variable KUBECONFIG; None: the usual places.
    `connections`: that the first requests will need; they are made, but nothing is sent.

    Raises ClusterUnreachable when there is no kubeconfig or no such context in it.
    """
    paths = kubeconfig or os.environ.get("KUBECONFIG") or os.path.expanduser("~/.kube/config")
    files = [os.path.expanduser(each) for each in paths.split(os.pathsep) if each]
    if not any(map(os.path.exists, files)):
        return _in_cluster(namespace, paths, explicit=bool(kubeconfig or context))
    try:
        document = merged(paths)
        name, found = _context(document, context, paths)
        server = entry_of(document, "clusters", found["cluster"])
        user = entry_of(document, "users", found.get("user"))
        begun = handshakes.begin(server, user, connections)
        router = _router(server)
    except MISSHAPEN as error:
        raise unusable(paths, error) from error
    from jhos.cluster.client import Cluster  # while the connections are made
    from jhos.cluster.dynamic import from_kubeconfig
    from jhos.cluster.wire import Wire

    wire = Wire(from_kubeconfig(paths, name, begun), partial(from_kubeconfig, paths, name))
    namespace = namespace or found.get("namespace") or "default"
    return Cluster(wire, namespace=namespace, context=name, router=router)


def _in_cluster(namespace: str | None, paths: str, *, explicit: bool) -> "Cluster":
    in_pod = os.environ.get("KUBERNETES_SERVICE_HOST") and (_SERVICE_ACCOUNT / "token").exists()
    if explicit or not in_pod:
        raise ClusterUnreachable(f"There is no kubeconfig at {paths}.", HOW)
    from jhos.cluster.client import Cluster
    from jhos.cluster.dynamic import from_pod
    from jhos.cluster.wire import Wire

    own = (_SERVICE_ACCOUNT / "namespace").read_text().strip()
    return Cluster(Wire(from_pod(), from_pod), namespace=namespace or own, context="in-cluster")


def _context(document: Document, wanted: str | None, paths: str) -> tuple[str, Document]:
    """Its name and what it says."""
    name = wanted or document["current-context"]
    names = [str(each["name"]) for each in document["contexts"]]
    if name in names:
        return name, entry_of(document, "contexts", name)
    if not name:
        raise ClusterUnreachable(f"The kubeconfig {paths} names no current context.", HOW)
    there = f"There are: {', '.join(names)}." if names else "It has none."
    raise ClusterUnreachable(f"There is no context {name!r} in the kubeconfig {paths}.", there)


def _router(server: Document) -> str | None:
    for extension in server.get("extensions") or []:
        if extension["name"] == ROUTER_EXTENSION:
            address: str = extension["extension"]["address"]
            return address
    return None
