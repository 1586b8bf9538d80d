"""A hub whose address is another's is not told to be well."""

from pathlib import Path
from typing import Any

from jhos.actions.list_deployments import list_deployments
from jhos.actions.status import status
from tests.cluster.answering import Answer, Request, answering, cluster_at, failure

SAID = "no router admits it: route other already exposes hub.example.com"


def of_kind(kind: str, **fields: Any) -> dict[str, Any]:
    marks = {"app.kubernetes.io/instance": "alpha", "component": "hub"}
    metadata = {"name": "alpha", "creationTimestamp": "2026-01-02T03:04:05Z", "labels": marks}
    return {"kind": kind, "metadata": metadata, **fields}


READY = {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}
DEPLOYMENT = of_kind(
    "Deployment",
    spec={"replicas": 1, "template": {"spec": {"containers": [{"image": "any"}]}}},
    status=READY,
)
REFUSED = {"type": "Admitted", "status": "False", "message": SAID.partition(": ")[2]}
ROUTE = of_kind(
    "Route",
    spec={"host": "hub.example.com", "tls": {}},
    status={"ingress": [{"host": "hub.example.com", "conditions": [REFUSED]}]},
)
SECRET = of_kind("Secret", data={})


def script(request: Request) -> Answer:
    path = request.path.partition("?")[0]
    for end, obj in (("deployments", DEPLOYMENT), ("routes", ROUTE)):
        if path.endswith(f"/{end}"):
            return Answer(body={"items": [obj], "metadata": {"resourceVersion": "1"}})
    for end, obj in (("routes/alpha", ROUTE), ("secrets/alpha-secrets", SECRET)):
        if path.endswith(f"/{end}"):
            return Answer(body=obj)
    if path.rpartition("/")[2].startswith("alpha"):
        return failure(404, "not there")
    return Answer(body={"items": [], "metadata": {"resourceVersion": "1"}})


def test_a_list_tells_of_an_address_that_no_router_admits(tmp_path: Path) -> None:
    with answering(script) as server:
        (listed,) = list_deployments(cluster_at(server.address, tmp_path))
    assert listed.state == f"alpha: {SAID}"
    assert not listed.is_ready


def test_a_status_tells_of_an_address_that_no_router_admits(tmp_path: Path) -> None:
    with answering(script) as server:
        found = status(cluster_at(server.address, tmp_path), "alpha", full=False)
    assert found.hub.problem == f"Route alpha: {SAID}"
    assert not found.ready
