"""The way to a deployment's hub: its address by the route, its token from the Secret."""

import re
from base64 import b64decode

from jhos.actions.list_deployments import absent
from jhos.actions.notice import notice
from jhos.cluster.client import Cluster
from jhos.cluster.parallel import parallel
from jhos.cluster.route import session_at, url_of
from jhos.errors import JhosError
from jhos.hubapi import HubApi
from jhos.objects import Object, ObjectRef, of_component
from jhos.rights import explained
from jhos.settings.secrets import API_TOKEN

_RAISED = re.compile(r"^\s*(?:\w+\.)*\w*(?:Error|Exception): (?:\(([\w.]+)\) )?(.+)$", re.M)
_OTHER_SCHEMA = ("UndefinedColumn", "UndefinedTable", "no such column", "no such table")
_LOG_LINES = 500


def reach(cluster: Cluster, name: str, *, key: str = API_TOKEN) -> HubApi:
    """Two requests. `key`: of the token in the Secret.

    Raises SettingsError where there is no such deployment.
    """
    refs = (ObjectRef("Route", name), ObjectRef("Secret", f"{name}-secrets"))
    with explained(cluster, [("get", ref.kind) for ref in refs]):
        route, secret = parallel(cluster.get, refs)
    if route and not secret:
        raise JhosError(
            f"{refs[1]} is missing, and with it the token for the hub of {name}.",
            f"Create it again: jhos deploy --name {name} -n {cluster.namespace}",
        )
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
        failed=lambda said: _failed(cluster, name, said),
    )


def _authorities(cluster: Cluster) -> str:
    """Those of the cluster, which OpenShift gives to every project; its router's is among them."""
    found = cluster.get(ObjectRef("ConfigMap", "kube-root-ca.crt"))
    certificates: str = (found or {}).get("data", {}).get("ca.crt", "")
    return certificates


def _failed(cluster: Cluster, name: str, said: str) -> JhosError:
    """Of a hub that answers a request with no more than that it failed: its log tells why."""
    by, cause = raised(_log(cluster, name))
    where = f"{name} -n {cluster.namespace}"
    if any(word in f"{by} {cause}" for word in _OTHER_SCHEMA):
        return JhosError(
            f"The database of {name} has another schema than its hub knows: {cause}.",
            f"The hub brings up an older one as it starts: jhos rollout {where} restart\n"
            f"A newer one needs the hub of then: jhos rollout {where} history",
        )
    return JhosError(f"The hub of {name} failed: {cause or said}.", f"jhos logs {where} hub")


def raised(log: str) -> tuple[str, str]:
    """The last exception in it: the class that a database gave it, and its words."""
    found = _RAISED.findall(log)
    return (found[-1][0], found[-1][1].rstrip(".")) if found else ("", "")


def _log(cluster: Cluster, name: str) -> str:
    """Of the newest hub; empty where it is not to be had."""
    try:
        pods = cluster.metadata("Pod", of_component(name, "hub"))
        newest = max(pods, key=lambda pod: str(pod["metadata"]["creationTimestamp"]))
        ref = ObjectRef.of(newest)
        return cluster.text(ref, "log", container="hub", tailLines=str(_LOG_LINES))
    except (JhosError, ValueError):
        return ""
