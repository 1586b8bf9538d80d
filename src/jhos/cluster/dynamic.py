"""The client of the `openshift` package, logged in as a kubeconfig or a pod has it."""

from typing import Any

import yaml
from kubernetes import client as kubernetes_client
from kubernetes import config as kubernetes_config
from kubernetes.config.config_exception import ConfigException
from openshift.dynamic import DynamicClient

from jhos.cluster.handshakes import Handshakes, authorities
from jhos.cluster.kubeconfig import MISSHAPEN, Context, Document, unusable

CONNECTIONS = 16
_RENEWING = {"exec", "auth-provider"}  # what runs in the file's folder, or writes a token into it


class StaticDiscoverer:
    """In place of the client's own, which asks for every API group there is."""

    def __init__(self, *_: object) -> None:
        self.version: dict[str, Any] = {}


def of_context(context: Context, begun: Handshakes | None = None) -> DynamicClient:
    """`begun`: connections to its server that are on their way.

    Raises ClusterUnreachable where it does not tell how to log in.
    """
    configuration = _configuration()
    given: dict[str, Any] = {"context": context.name, "client_configuration": configuration}
    try:
        if _RENEWING & context.user.keys():
            kubernetes_config.load_kube_config(config_file=context.paths, **given)
        else:  # which saves to read all the files again, and slowly
            kubernetes_config.load_kube_config_from_dict(_alone(context), **given)
        return _dynamic(configuration, begun)
    except (ConfigException, yaml.YAMLError, OSError, *MISSHAPEN) as error:
        raise unusable(context.paths, error) from error


def _alone(context: Context) -> Document:
    """A kubeconfig of nothing else."""
    place = {"cluster": "it", "user": "it"}
    return {
        "clusters": [{"name": "it", "cluster": context.cluster}],
        "users": [{"name": "it", "user": context.user}],
        "contexts": [{"name": context.name, "context": place}],
    }


def from_pod() -> DynamicClient:
    configuration = _configuration()
    kubernetes_config.load_incluster_config(client_configuration=configuration)
    return _dynamic(configuration, None)


def _configuration() -> Any:
    configuration = kubernetes_client.Configuration()
    configuration.connection_pool_maxsize = CONNECTIONS
    configuration.retries = False  # `wire` knows better what may be sent again
    configuration.keep_alive = True  # a watch whose other end is gone is noticed
    return configuration


def _dynamic(configuration: Any, begun: Handshakes | None) -> DynamicClient:
    api_client = kubernetes_client.ApiClient(configuration)
    manager = api_client.rest_client.pool_manager
    if configuration.verify_ssl:
        found = begun.authorities if begun else authorities(configuration.ssl_ca_cert)
        if configuration.cert_file:
            found.load_cert_chain(configuration.cert_file, configuration.key_file)
        read = dict.fromkeys(("ca_certs", "cert_file", "key_file"))
        manager.connection_pool_kw |= {**read, "ssl_context": found}
    if begun:
        begun.serve(manager)
    return DynamicClient(api_client, discoverer=StaticDiscoverer)
