"""The way to a deployment's hub: its address by the route, its token from the Secret."""

from base64 import b64decode

from jhos.actions.list_deployments import absent
from jhos.actions.notice import notice
from jhos.cluster.client import Cluster
from jhos.cluster.parallel import parallel
from jhos.cluster.route import session_at, url_of
from jhos.errors import JhosError
from jhos.hubapi import HubApi
from jhos.objects import Object, ObjectRef
from jhos.settings.secrets import API_TOKEN


def reach(cluster: Cluster, name: str, *, key: str = API_TOKEN) -> HubApi:
    """Two requests. `key`: of the token in the Secret.

    Raises SettingsError where there is no such deployment.
    """
    refs = (ObjectRef("Route", name), ObjectRef("Secret", f"{name}-secrets"))
    route, secret = parallel(cluster.get, refs)
    if not route or not secret:
        raise absent(cluster, name)
    return hub_api(cluster, name, route, secret, key)


def address(cluster: Cluster, name: str) -> str:
    """One request. Raises SettingsError where there is no such deployment."""
    route = cluster.get(ObjectRef("Route", name))
    if not route:
        raise absent(cluster, name)
    return url_of(cluster, route)


def hub_api(
    cluster: Cluster, name: str, route: Object, secret: Object, key: str = API_TOKEN
) -> HubApi:
    """Sends nothing. Raises JhosError where the Secret has no token yet."""
    notice(cluster, name, secret)
    token = secret.get("data", {}).get(key)
    if not token:
        raise JhosError(
            f"Deployment {name} was made by an older jhos, which had no way into the hub.",
            f"jhos upgrade {name} -n {cluster.namespace}",
        )
    url = url_of(cluster, route)
    session, target = session_at(cluster, url)
    return HubApi(
        url,
        b64decode(token).decode(),
        session=session,
        target=target,
        authorities=lambda: _authorities(cluster),
    )


def _authorities(cluster: Cluster) -> str:
    """Those of the cluster, which OpenShift gives to every project; its router's is among them."""
    found = cluster.get(ObjectRef("ConfigMap", "kube-root-ca.crt"))
    certificates: str = (found or {}).get("data", {}).get("ca.crt", "")
    return certificates
