"""From a kubeconfig, or from inside a pod, to a `Cluster`: the rules are kubectl's."""

import os
from pathlib import Path
from typing import Any

import yaml
from kubernetes import client as kubernetes_client
from kubernetes import config as kubernetes_config
from kubernetes.config.config_exception import ConfigException
from kubernetes.config.kube_config import KubeConfigMerger
from openshift.dynamic import DynamicClient
from urllib3.util import create_urllib3_context

from jhos.cluster.client import Cluster
from jhos.cluster.wire import Wire
from jhos.errors import ClusterUnreachable

ROUTER_EXTENSION = "jhos.dev/router"  # a cluster whose router listens elsewhere than on 80 and 443
CONNECTIONS = 16
_SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_MISSHAPEN = (AttributeError, KeyError, TypeError, ValueError)  # YAML, but no kubeconfig
_HOW = (
    "Log in with `jhos login SERVER`, name a file with --kubeconfig, or try it here with --sandbox."
)


def connect(kubeconfig: str | None, context: str | None, namespace: str | None) -> Cluster:
    """`kubeconfig` may be several files, as the variable KUBECONFIG; None: the usual places.

    Raises ClusterUnreachable when there is no kubeconfig or no such context in it. Sends nothing.
    """
    paths = kubeconfig or os.environ.get("KUBECONFIG") or os.path.expanduser("~/.kube/config")
    files = [os.path.expanduser(each) for each in paths.split(os.pathsep) if each]
    if not any(map(os.path.exists, files)):
        return _in_cluster(namespace, paths, explicit=bool(kubeconfig or context))
    try:
        merged = KubeConfigMerger(paths).config
        found = _context(merged, context, paths)
        wire = Wire(lambda: _from_kubeconfig(paths, found["name"]))
    except (ConfigException, yaml.YAMLError, OSError, *_MISSHAPEN) as error:
        why = "it is none" if isinstance(error, _MISSHAPEN) else " ".join(str(error).split())
        raise ClusterUnreachable(f"The kubeconfig {paths} cannot be used: {why}.", _HOW) from error
    return Cluster(
        wire,
        namespace=namespace or found["context"].get("namespace") or "default",
        context=found["name"],
        router=_router(merged, found["context"]["cluster"]),
    )


def _in_cluster(namespace: str | None, paths: str, *, explicit: bool) -> Cluster:
    in_pod = os.environ.get("KUBERNETES_SERVICE_HOST") and (_SERVICE_ACCOUNT / "token").exists()
    if explicit or not in_pod:
        raise ClusterUnreachable(f"There is no kubeconfig at {paths}.", _HOW)
    own = (_SERVICE_ACCOUNT / "namespace").read_text().strip()
    return Cluster(Wire(_from_pod), namespace=namespace or own, context="in-cluster")


def _from_kubeconfig(paths: str, context: str) -> DynamicClient:
    configuration = _configuration()
    kubernetes_config.load_kube_config(
        config_file=paths, context=context, client_configuration=configuration
    )
    return _dynamic(configuration)


def _from_pod() -> DynamicClient:
    configuration = _configuration()
    kubernetes_config.load_incluster_config(client_configuration=configuration)
    return _dynamic(configuration)


class StaticDiscoverer:
    """In place of the client's own, which asks for every API group there is."""

    def __init__(self, *_: object) -> None:
        self.version: dict[str, Any] = {}


def _configuration() -> Any:
    configuration = kubernetes_client.Configuration()
    configuration.connection_pool_maxsize = CONNECTIONS
    configuration.retries = False  # `wire` knows better what may be sent again
    configuration.keep_alive = True  # a watch whose other end is gone is noticed
    return configuration


def _dynamic(configuration: Any) -> DynamicClient:
    api_client = kubernetes_client.ApiClient(configuration)
    if configuration.verify_ssl and not configuration.ssl_ca_cert:
        # Read once: to do so takes a connection longer than its handshake.
        context = create_urllib3_context()
        context.load_default_certs()
        api_client.rest_client.pool_manager.connection_pool_kw["ssl_context"] = context
    return DynamicClient(api_client, discoverer=StaticDiscoverer)


def _context(merged: Any, wanted: str | None, paths: str) -> dict[str, Any]:
    contexts = {each["name"]: each for each in _plain(merged).get("contexts") or []}
    name = wanted or _plain(merged).get("current-context")
    if name in contexts:
        found: dict[str, Any] = contexts[name]
        return found
    if not name:
        raise ClusterUnreachable(f"The kubeconfig {paths} names no current context.", _HOW)
    there = f"There are: {', '.join(contexts)}." if contexts else "It has none."
    raise ClusterUnreachable(f"There is no context {name!r} in the kubeconfig {paths}.", there)


def _router(merged: Any, cluster: str) -> str | None:
    for each in _plain(merged).get("clusters") or []:
        for extension in each["cluster"].get("extensions") or []:
            if each["name"] == cluster and extension["name"] == ROUTER_EXTENSION:
                address: str = extension["extension"]["address"]
                return address
    return None


def _plain(merged: Any) -> dict[str, Any]:
    """Of the merger's ConfigNode."""
    value = getattr(merged, "value", merged)
    return {key: _plain_value(each) for key, each in value.items()}


def _plain_value(value: Any) -> Any:
    value = getattr(value, "value", value)
    if isinstance(value, dict):
        return {key: _plain_value(each) for key, each in value.items()}
    return [_plain_value(each) for each in value] if isinstance(value, list) else value
