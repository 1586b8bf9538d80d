"""Says once, by what a command reads anyway, that a deployment is another jhos's."""

from jhos.cluster.client import Cluster
from jhos.events import Event, State
from jhos.objects import Object, annotations_of
from jhos.versions import VERSION, skew


def notice(cluster: Cluster, name: str, obj: Object) -> None:
    """`obj`: the deployment's ConfigMap or Secret; empty where there is none."""
    if not obj:
        return
    words = skew(name, annotations_of(obj).get(VERSION))
    if words and words not in cluster.told:
        cluster.told.add(words)
        cluster.wire.report(Event("Version", State.WARNING, words))
