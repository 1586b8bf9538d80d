"""The quotas of the cluster that hold for a namespace, as those who work in it see them."""

from typing import Any

from jhos.sandbox import failure, selectors
from jhos.sandbox.answers import Answer
from jhos.sandbox.call import Call
from jhos.sandbox.quotas import takes_in

Object = dict[str, Any]
CLUSTER_QUOTAS = "clusterresourcequotas.quota.openshift.io"


def read(call: Call) -> Answer:
    for quota in _applied(call):
        if quota["metadata"]["name"] == call.name:
            return Answer(quota)
    raise failure.not_found(call.kind.group, call.kind.plural.removesuffix("s"), call.name)


def listing(call: Call) -> Answer:
    query = call.query
    labels, fields = query.get("labelSelector", ""), query.get("fieldSelector", "")
    selected = selectors.matcher(labels, fields, call.kind.key)
    quotas = [quota for quota in _applied(call) if selected is None or selected(quota)]
    return Answer({}, objects=quotas)  # a list without a version


def _applied(call: Call) -> list[Object]:
    namespace = call.store.get("namespaces", "", call.namespace)
    if namespace is None:
        return []
    head = {"kind": call.kind.kind, "apiVersion": call.kind.api_version}
    quotas = call.store.objects(CLUSTER_QUOTAS)
    return [{**quota, **head} for quota in quotas if takes_in(quota["spec"]["selector"], namespace)]
