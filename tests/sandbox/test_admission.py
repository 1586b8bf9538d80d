"""What admission and defaults make of objects, and what they refuse."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.server import APPS, CORE, Api, deployment, pod, serving

PODS = f"{CORE}/pods"
FIRST_UID = 1000660000


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(tmp_path) as running:
        yield running


def sized(name: str, **memory: str) -> dict[str, Any]:
    resources = {kind: {"memory": value} for kind, value in memory.items()}
    return pod(name, containers=[{"name": "main", "image": "i", "resources": resources}])


async def test_a_pod_runs_under_restricted_v2_with_a_uid_of_its_project(api: Api) -> None:
    made = await api.post(PODS, pod("a"))
    assert made["metadata"]["annotations"]["openshift.io/scc"] == "restricted-v2"
    assert made["spec"]["securityContext"]["fsGroup"] == FIRST_UID
    assert made["spec"]["containers"][0]["securityContext"] == {
        "runAsUser": FIRST_UID,
        "runAsNonRoot": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"securityContext": {"runAsUser": 0}}, "must be in the ranges: [1000660000, 1000669999]"),
        ({"securityContext": {"fsGroup": 100}}, "100 is not an allowed group"),
        ({"hostNetwork": True}, "Host network is not allowed to be used"),
        ({"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}, "hostPath volumes are not allow"),
    ],
)
async def test_what_restricted_v2_does_not_allow_is_refused(
    api: Api, spec: dict[str, Any], words: str
) -> None:
    answer = await api.post(PODS, pod("a", **spec))
    assert api.status == 403
    assert words in answer["message"]


async def test_a_pod_gets_the_token_of_its_service_account(api: Api) -> None:
    made = await api.post(PODS, pod("a"))
    [volume] = made["spec"]["volumes"]
    [mount] = made["spec"]["containers"][0]["volumeMounts"]
    assert volume["name"] == mount["name"]
    assert mount["mountPath"] == "/var/run/secrets/kubernetes.io/serviceaccount"
    assert [next(iter(source)) for source in volume["projected"]["sources"]] == [
        "serviceAccountToken",
        "configMap",
        "downwardAPI",
        "configMap",
    ]


async def test_a_pod_that_wants_no_token_gets_none(api: Api) -> None:
    made = await api.post(PODS, pod("a", automountServiceAccountToken=False))
    assert "volumes" not in made["spec"]


async def test_a_pod_of_an_unknown_service_account_is_refused(api: Api) -> None:
    answer = await api.post(PODS, pod("a", serviceAccountName="none"))
    assert answer["message"].endswith('serviceaccount "none" not found')


async def test_a_deployment_gets_the_defaults_of_kubernetes(api: Api) -> None:
    spec = (await api.post(f"{APPS}/deployments", deployment("a")))["spec"]
    assert (spec["replicas"], spec["progressDeadlineSeconds"]) == (1, 600)
    assert spec["strategy"]["rollingUpdate"] == {"maxSurge": "25%", "maxUnavailable": "25%"}
    container = spec["template"]["spec"]["containers"][0]
    assert container["imagePullPolicy"] == "IfNotPresent"


async def test_services_get_addresses_of_their_own(api: Api) -> None:
    ports = {"spec": {"ports": [{"port": 80}]}}
    made = [await api.post(f"{CORE}/services", {"metadata": {"name": n}, **ports}) for n in "ab"]
    first, second = (service["spec"]["clusterIP"] for service in made)
    assert first != second
    assert first.startswith("172.30.")
    assert made[0]["spec"]["ports"] == [{"port": 80, "targetPort": 80, "protocol": "TCP"}]


async def test_a_route_gets_a_host_and_keeps_it(api: Api) -> None:
    routes = "/apis/route.openshift.io/v1/namespaces/demo/routes"
    body = {"metadata": {"name": "web"}, "spec": {"to": {"kind": "Service", "name": "web"}}}
    made = await api.post(routes, body)
    assert made["spec"]["host"] == "web-demo.apps.localhost"
    again = await api.put(f"{routes}/web", body)
    assert again["spec"]["host"] == "web-demo.apps.localhost"


async def test_the_plain_data_of_a_secret_is_encoded(api: Api) -> None:
    body = {"metadata": {"name": "s"}, "stringData": {"a": "bee"}}
    made = await api.post(f"{CORE}/secrets", body)
    assert (made["data"], made["type"]) == ({"a": "YmVl"}, "Opaque")


async def test_a_quota_refuses_what_exceeds_it(api: Api) -> None:
    quota = {"metadata": {"name": "q"}, "spec": {"hard": {"limits.memory": "1Gi", "pods": "2"}}}
    await api.post(f"{CORE}/resourcequotas", quota)
    await api.post(PODS, sized("a", limits="768Mi"))
    assert api.status == 201
    answer = await api.post(PODS, sized("b", limits="512Mi"))
    assert answer["message"] == (
        'pods "b" is forbidden: exceeded quota: q, requested: limits.memory=512Mi, '
        "used: limits.memory=768Mi, limited: limits.memory=1Gi"
    )


async def test_a_quota_of_limits_asks_for_limits(api: Api) -> None:
    quota = {"metadata": {"name": "q"}, "spec": {"hard": {"limits.memory": "1Gi"}}}
    await api.post(f"{CORE}/resourcequotas", quota)
    answer = await api.post(PODS, pod("a"))
    assert answer["message"].endswith("failed quota: q: must specify limits.memory for: main")


async def test_a_limit_range_gives_defaults_and_sets_bounds(api: Api) -> None:
    limit = {"type": "Container", "default": {"memory": "256Mi"}, "max": {"memory": "1Gi"}}
    await api.post(f"{CORE}/limitranges", {"metadata": {"name": "l"}, "spec": {"limits": [limit]}})
    made = await api.post(PODS, pod("a"))
    assert made["spec"]["containers"][0]["resources"]["limits"] == {"memory": "256Mi"}
    answer = await api.post(PODS, sized("b", limits="2Gi"))
    assert "maximum memory usage per Container is 1Gi, but limit is 2Gi" in answer["message"]


@pytest.mark.parametrize("type_", ["Container", "Pod"])
async def test_a_limit_range_bounds_the_ratio_of_limit_and_request(api: Api, type_: str) -> None:
    limit = {"type": type_, "maxLimitRequestRatio": {"memory": "2"}}
    await api.post(f"{CORE}/limitranges", {"metadata": {"name": "l"}, "spec": {"limits": [limit]}})
    words = f"memory max limit to request ratio per {type_} is 2, but "
    answer = await api.post(PODS, pod("a"))
    assert f"{words}no request is specified or request is 0" in answer["message"]
    both = sized("b", limits="2Gi", requests="512Mi")
    assert f"{words}provided ratio is 4.000000" in (await api.post(PODS, both))["message"]
