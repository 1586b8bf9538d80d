"""From a kubeconfig, or from inside a pod, to a `Cluster`: the rules are kubectl's."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from jhos.cluster import handshakes
from jhos.cluster.kubeconfig import HOW, Document, context_of, paths_of
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

    Raises ClusterUnreachable where no kubeconfig tells where to go.
    """
    paths = paths_of(kubeconfig)
    if not any(map(Path.exists, paths)):
        return _in_cluster(namespace, paths, explicit=bool(kubeconfig or context))
    found = context_of(kubeconfig, context)
    begun = handshakes.begin(found.cluster, found.user, connections)
    from jhos.cluster.client import Cluster  # while the connections are made
    from jhos.cluster.dynamic import of_context
    from jhos.cluster.wire import Wire

    wire = Wire(of_context(found, begun), lambda: of_context(context_of(kubeconfig, found.name)))
    return Cluster(
        wire,
        namespace=namespace or found.namespace or "default",
        context=found.name,
        router=_router(found.cluster),
    )


def _in_cluster(namespace: str | None, paths: list[Path], *, explicit: bool) -> "Cluster":
    in_pod = os.environ.get("KUBERNETES_SERVICE_HOST") and (_SERVICE_ACCOUNT / "token").exists()
    if explicit or not in_pod:
        shown = os.pathsep.join(map(str, paths))
        raise ClusterUnreachable(f"There is no kubeconfig at {shown}.", HOW)
    from jhos.cluster.client import Cluster
    from jhos.cluster.dynamic import from_pod
    from jhos.cluster.wire import Wire

    own = (_SERVICE_ACCOUNT / "namespace").read_text().strip()
    return Cluster(Wire(from_pod(), from_pod), namespace=namespace or own, context="in-cluster")


def _router(server: Document) -> str | None:
    for extension in server.get("extensions") or []:
        if extension["name"] == ROUTER_EXTENSION:
            address: str = extension["extension"]["address"]
            return address
    return None
