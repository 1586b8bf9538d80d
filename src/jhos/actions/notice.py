"""Says once, by what a command reads anyway, that a deployment is another jhos's."""

from jhos.cluster.client import Cluster
from jhos.events import Event, State
from jhos.objects import Object, annotations_of
from jhos.versions import VERSION, skew


def notice(cluster: Cluster, name: str, obj: Object) -> None:
    """`obj`: the deployment's ConfigMap or Secret; empty where there is none."""
    words = skew(name, annotations_of(obj).get(VERSION)) if obj else ""
    if words and _topic(name) not in cluster.told:
        need_not(cluster, name)
        cluster.wire.report(Event("Version", State.WARNING, words))


def need_not(cluster: Cluster, name: str) -> None:
    """For a command that tells of it in other words."""
    cluster.told.add(_topic(name))


def _topic(name: str) -> str:
    return f"version of {name}"
