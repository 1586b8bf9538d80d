"""What is refused at a write, and in which words."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.server import APPS, CORE, Api, config_map, deployment, pod, serving

CLAIMS = f"{CORE}/persistentvolumeclaims"


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(tmp_path) as running:
        yield running


def claim(size: str) -> dict[str, Any]:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}
    return {"metadata": {"name": "c"}, "spec": spec}


@pytest.mark.parametrize("resource", ["configmaps", "secrets"])
@pytest.mark.parametrize("change", [{"immutable": False}, {"data": {"a": "Yg=="}}])
async def test_what_is_immutable_stays(api: Api, resource: str, change: Any) -> None:
    await api.post(f"{CORE}/{resource}", {"metadata": {"name": "m"}, "immutable": True})
    answer = await api.patch(f"{CORE}/{resource}/m", change)
    field = next(iter(change))
    why = f"{field}: Forbidden: field is immutable when `immutable` is set"
    assert (api.status, answer["message"].endswith(why)) == (422, True)
    await api.patch(f"{CORE}/{resource}/m", {"metadata": {"labels": {"a": "b"}}})
    assert api.status == 200


async def test_the_type_of_a_secret_stays(api: Api) -> None:
    await api.post(f"{CORE}/secrets", {"metadata": {"name": "s"}})
    answer = await api.patch(f"{CORE}/secrets/s", {"type": "example.com/other"})
    why = 'type: Invalid value: "example.com/other": field is immutable'
    assert answer["message"] == f'Secret "s" is invalid: {why}'


async def test_a_claim_may_grow_once_it_is_bound_and_never_shrinks(api: Api) -> None:
    await api.post(CLAIMS, claim("2Gi"))
    answer = await api.patch(f"{CLAIMS}/c", {"spec": claim("3Gi")["spec"]})
    assert "spec is immutable after creation except" in answer["message"]
    status = {"phase": "Bound", "capacity": {"storage": "2Gi"}}
    await api.patch(f"{CLAIMS}/c/status", {"status": status})
    await api.patch(f"{CLAIMS}/c", {"spec": claim("3Gi")["spec"]})
    assert api.status == 200
    answer = await api.patch(f"{CLAIMS}/c", {"spec": claim("1Gi")["spec"]})
    assert answer["message"].endswith("field can not be less than status.capacity")


@pytest.mark.parametrize(
    ("container", "told"),
    [
        ({"ports": [{"protocol": "TCP"}]}, "ports[0].containerPort: Required value"),
        ({"ports": [{"containerPort": 70000}]}, "must be between 1 and 65535, inclusive"),
        ({"env": [{"value": "x"}]}, "env[0].name: Required value"),
        ({"livenessProbe": {}}, "livenessProbe: Required value: must specify a handler type"),
        ({"readinessProbe": {"httpGet": {"path": "/"}}}, "readinessProbe.httpGet.port: Invalid"),
        ({"imagePullPolicy": "Often"}, 'imagePullPolicy: Unsupported value: "Often": supported'),
    ],
)
async def test_a_container_is_whole(api: Api, container: Any, told: str) -> None:
    answer = await api.post(f"{APPS}/deployments", deployment("d", **container))
    assert (api.status, told in answer["message"]) == (422, True)


async def test_two_containers_have_two_names(api: Api) -> None:
    twice = pod("p", containers=[{"name": "a", "image": "i"}] * 2)
    answer = await api.post(f"{CORE}/pods", twice)
    assert answer["message"] == (
        'Pod "p" is invalid: spec.containers[1].name: Duplicate value: "a"'
    )


async def test_a_policy_for_the_group_of_volumes_is_one_of_two(api: Api) -> None:
    loose = deployment("d")
    loose["spec"]["template"]["spec"]["securityContext"] = {"fsGroupChangePolicy": "Never"}
    answer = await api.post(f"{APPS}/deployments", loose)
    (cause,) = answer["details"]["causes"]
    assert cause["field"] == "spec.template.spec.securityContext.fsGroupChangePolicy"
    assert cause["message"] == (
        'Unsupported value: "Never": supported values: "Always", "OnRootMismatch"'
    )


async def test_pods_of_a_deployment_restart_always(api: Api) -> None:
    once = deployment("d")
    once["spec"]["template"]["spec"]["restartPolicy"] = "Never"
    answer = await api.post(f"{APPS}/deployments", once)
    assert answer["details"]["causes"] == [
        {
            "reason": "FieldValueNotSupported",
            "message": 'Unsupported value: "Never": supported values: "Always"',
            "field": "spec.template.spec.restartPolicy",
        }
    ]


POLICIES = "/apis/networking.k8s.io/v1/namespaces/demo/networkpolicies"
BUDGETS = "/apis/policy/v1/namespaces/demo/poddisruptionbudgets"
SCALERS = "/apis/autoscaling/v2/namespaces/demo/horizontalpodautoscalers"
CRON_JOBS = "/apis/batch/v1/namespaces/demo/cronjobs"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/demo/leases"
MONITORS = "/apis/monitoring.coreos.com/v1/namespaces/demo/servicemonitors"
ALERTS = "/apis/monitoring.coreos.com/v1/namespaces/demo/prometheusrules"
ROUTES = "/apis/route.openshift.io/v1/namespaces/demo/routes"
SERVICE = {"to": {"name": "web"}}
JOB: Any = {"template": {"spec": {"containers": [{"name": "a", "image": "i"}]}}}
JOB["template"]["spec"]["restartPolicy"] = "Never"


@pytest.mark.parametrize(
    ("path", "spec", "told"),
    [
        (SCALERS, {"maxReplicas": 2}, "spec.scaleTargetRef.kind: Required value"),
        (SCALERS, {"maxReplicas": 1, "minReplicas": 2}, "or equal to `minReplicas`"),
        (BUDGETS, {"minAvailable": 1, "maxUnavailable": 1}, "cannot be both set"),
        (BUDGETS, {"minAvailable": "half"}, "a valid percent string"),
        (BUDGETS, {"maxUnavailable": "101%"}, "must not be greater than 100%"),
        (CRON_JOBS, {"schedule": "", "jobTemplate": {"spec": JOB}}, "schedule: Required value"),
        (CRON_JOBS, {"schedule": "* *", "jobTemplate": {"spec": JOB}}, "found 2: [* *]"),
        (CRON_JOBS, {"schedule": "99 * * * *", "jobTemplate": {"spec": JOB}}, "maximum (59)"),
        (CRON_JOBS, {"schedule": "@now", "jobTemplate": {"spec": JOB}}, "descriptor: @now"),
        (LEASES, {"leaseDurationSeconds": 0}, "must be greater than 0"),
        (POLICIES, {"ingress": [{"from": [{}]}]}, "ingress[0].from[0]: Required value"),
        (POLICIES, {"egress": [{"to": [{"ipBlock": {"cidr": "x"}}]}]}, "valid CIDR"),
        (POLICIES, {"ingress": [{"ports": [{"port": 0}]}]}, "between 1 and 65535"),
        (POLICIES, {"policyTypes": ["Both"]}, 'supported values: "Egress", "Ingress"'),
        (MONITORS, {"endpoints": []}, "spec.selector: Required value"),
        (ALERTS, {"groups": [{"name": "g", "rules": [{}]}]}, "rules[0].expr: Required value"),
        (ROUTES, {**SERVICE, "host": "a_b.example.com"}, "DNS 952 subdomain conventions"),
        (ROUTES, {**SERVICE, "path": "x"}, "path must begin with /"),
        (ROUTES, {"to": {"name": "web", "weight": 257}}, "an integer between 0 and 256"),
        (ROUTES, {**SERVICE, "alternateBackends": [SERVICE["to"]] * 4}, "more than 3"),
    ],
)
async def test_nonsense_is_refused(api: Api, path: str, spec: Any, told: str) -> None:
    answer = await api.post(path, {"metadata": {"name": "x"}, "spec": spec})
    assert (api.status, told in answer["message"]) == (422, True), answer["message"]


@pytest.mark.parametrize("schedule", ["*/15 0-6,22 1 jan mon-fri", "@daily", "@every 1h30m"])
async def test_schedules_are_taken(api: Api, schedule: str) -> None:
    spec = {"schedule": schedule, "jobTemplate": {"spec": JOB}}
    await api.post(CRON_JOBS, {"metadata": {"name": "x"}, "spec": spec})
    assert api.status == 201


async def test_a_name_that_comes_twice_is_refused_or_warned_of(api: Api) -> None:
    headers = {"Content-Type": "application/json"}
    body = b'{"metadata": {"name": "m"}, "data": {"a": "1", "a": "2"}}'
    answer = await api.ask("POST", f"{CORE}/configmaps?fieldValidation=Strict", body, **headers)
    assert api.status == 400
    assert answer["message"].endswith('strict decoding error: duplicate field "data.a"')
    async with api.http.post(f"{CORE}/configmaps", data=body, headers=headers) as warned:
        told = ['299 - "duplicate field \\"data.a\\""']
        assert (warned.status, warned.headers.getall("Warning")) == (201, told)


@pytest.mark.parametrize("query", ["dryRun=Some", "fieldValidation=Some"])
async def test_an_unknown_option_is_refused(api: Api, query: str) -> None:
    answer = await api.post(f"{CORE}/configmaps?{query}", config_map("m"))
    assert (api.status, answer["details"]["kind"]) == (422, "CreateOptions")


@pytest.mark.parametrize(
    ("query", "warnings"),
    [("", ['299 - "unknown field \\"dta\\""']), ("fieldValidation=Ignore", [])],
)
async def test_an_unknown_field_is_warned_of(api: Api, query: str, warnings: list[str]) -> None:
    body = config_map("m") | {"dta": {}}
    async with api.http.post(f"{CORE}/configmaps?{query}", json=body) as answer:
        assert (answer.status, answer.headers.getall("Warning", [])) == (201, warnings)


MEBIBYTE = "a" * 2**20


@pytest.mark.parametrize(
    ("resource", "body", "words"),
    [
        ("configmaps", {"data": {"a": f"{MEBIBYTE}b"}}, "[]: Too long: may not be more than 1048"),
        ("secrets", {"stringData": {"a": f"{MEBIBYTE}b"}}, "data: Too long: may not be more than"),
        ("configmaps", {"metadata": {"name": "big", "annotations": {"a": MEBIBYTE[: 2**18]}}},
         "metadata.annotations: Too long: may not be more than 262144 bytes"),
    ],
)  # fmt: skip
async def test_what_is_too_long_is_refused(
    api: Api, resource: str, body: dict[str, Any], words: str
) -> None:
    answer = await api.post(f"{CORE}/{resource}", {"metadata": {"name": "big"}, **body})
    assert api.status == 422
    assert words in answer["message"]
    cause = answer["details"]["causes"][0]
    assert cause["reason"] == "FieldValueTooLong"


async def test_a_mebibyte_is_not_too_long(api: Api) -> None:
    await api.post(f"{CORE}/configmaps", config_map("big", a=MEBIBYTE))
    assert api.status == 201
    await api.post(f"{CORE}/secrets", {"metadata": {"name": "s"}, "stringData": {"a": MEBIBYTE}})
    assert api.status == 201


async def test_what_the_store_cannot_take_is_refused(api: Api) -> None:
    env = [{"name": "A", "value": MEBIBYTE}, {"name": "B", "value": MEBIBYTE}]
    answer = await api.post(f"{APPS}/deployments", deployment("big", env=env))
    assert (api.status, answer["message"]) == (500, "etcdserver: request is too large")


async def test_no_request_is_larger_than_three_mebibytes(api: Api) -> None:
    answer = await api.post(f"{CORE}/configmaps", config_map("big", a=MEBIBYTE * 3))
    assert (api.status, answer["reason"]) == (413, "RequestEntityTooLarge")
    assert answer["message"] == "Request entity too large: limit is 3145728"
