from pathlib import Path
from typing import Any

import pytest
import yaml

from jhos.kinds import KINDS
from jhos.objects import RENDERED, Object, ObjectRef
from jhos.render import Facts, render
from jhos.settings.load import load
from jhos.settings.secrets import METRICS_TOKEN

GOLDEN = Path(__file__).parent / "golden" / "deployment.yaml"


def objects(facts: Facts, **settings: Any) -> dict[ObjectRef, Object]:
    return {ObjectRef.of(obj): obj for obj in render(load({"name": "alpha", **settings}), facts)}


def pod_specs(rendered: dict[ObjectRef, Object]) -> list[Object]:
    deployments = (obj for ref, obj in rendered.items() if ref.kind == "Deployment")
    return [obj["spec"]["template"]["spec"] for obj in deployments]


def containers(rendered: dict[ObjectRef, Object]) -> list[Object]:
    return [
        container
        for pod in pod_specs(rendered)
        for container in (*pod.get("initContainers", []), *pod["containers"])
    ]


def test_a_deployment_renders_as_the_golden_file(facts: Facts, pytestconfig: pytest.Config) -> None:
    rendered = sorted(objects(facts).items())
    text = yaml.safe_dump_all([obj for _, obj in rendered], sort_keys=True)
    if pytestconfig.getoption("--update-golden"):
        GOLDEN.write_text(text)
    assert text == GOLDEN.read_text()


def test_rendering_twice_gives_the_same(facts: Facts) -> None:
    assert objects(facts) == objects(facts)


def test_every_object_is_labelled_with_its_deployment(facts: Facts) -> None:
    for ref, obj in objects(facts).items():
        assert obj["metadata"]["labels"]["app"] == "alpha", ref
        assert ref.kind in KINDS


def test_two_deployments_share_no_name(facts: Facts) -> None:
    other = {ObjectRef.of(obj) for obj in render(load({"name": "beta"}), facts)}
    assert not other & set(objects(facts))


def test_every_container_has_requests_and_limits_and_no_privilege(facts: Facts) -> None:
    for container in containers(objects(facts)):
        assert set(container["resources"]) == {"requests", "limits"}
        assert container["securityContext"]["allowPrivilegeEscalation"] is False
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert "runAsUser" not in container["securityContext"]


def test_every_main_container_has_probes(facts: Facts) -> None:
    for pod in pod_specs(objects(facts)):
        assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(pod["containers"][0])
        assert "fsGroup" not in pod["securityContext"]


def test_only_the_hub_gets_a_token(facts: Facts) -> None:
    with_token = [
        ref.name
        for ref, obj in objects(facts).items()
        if ref.kind == "Deployment"
        and obj["spec"]["template"]["spec"]["automountServiceAccountToken"]
    ]
    assert with_token == ["alpha"]


def test_the_hub_may_only_what_spawning_needs(facts: Facts) -> None:
    rules = objects(facts)[ObjectRef("Role", "alpha-hub")]["rules"]
    writable = {
        resource
        for rule in rules
        for resource in rule["resources"]
        if set(rule["verbs"]) & {"create", "delete", "update", "patch"}
    }
    assert writable == {"pods", "persistentvolumeclaims"}


@pytest.mark.parametrize("hostile", ["a\n---\nkind: Secret", "{{ 7*7 }}", '": {"x": "', "${HOME}"])
def test_a_setting_cannot_break_out_of_its_place(facts: Facts, hostile: str) -> None:
    rendered = objects(
        facts, database={"storage_class": hostile}, notebook={"environment": {"A": hostile}}
    )
    assert set(rendered) == set(objects(facts))
    claim = rendered[ObjectRef("PersistentVolumeClaim", "alpha-db")]
    assert claim["spec"]["storageClassName"] == hostile
    config = rendered[ObjectRef("ConfigMap", "alpha-cfg")]["data"]["settings.yaml"]
    assert yaml.safe_load(config)["notebook"]["environment"] == {"A": hostile}


def test_a_changed_configuration_restarts_the_hub_alone(facts: Facts) -> None:
    before, after = objects(facts), objects(facts, notebook={"memory": "1Gi"})
    changed = {
        ref
        for ref in before
        if before[ref]["metadata"]["annotations"][RENDERED]
        != after[ref]["metadata"]["annotations"][RENDERED]
    }
    assert changed == {ObjectRef("ConfigMap", "alpha-cfg"), ObjectRef("Deployment", "alpha")}


def test_metrics_are_read_only_where_they_are_wanted(facts: Facts) -> None:
    plain = set(objects(facts))
    measured = objects(facts, metrics={"enabled": True})
    added = {ObjectRef("ServiceMonitor", "alpha"), ObjectRef("PrometheusRule", "alpha"),
             ObjectRef("NetworkPolicy", "alpha-metrics")}  # fmt: skip
    assert set(measured) - plain == added
    (endpoint,) = measured[ObjectRef("ServiceMonitor", "alpha")]["spec"]["endpoints"]
    service = measured[ObjectRef("Service", "alpha-hub")]
    assert endpoint["port"] in {port["name"] for port in service["spec"]["ports"]}
    assert endpoint["authorization"]["credentials"] == {
        "name": "alpha-secrets",
        "key": METRICS_TOKEN,
    }


@pytest.mark.parametrize(
    "change", [{"metrics": {"enabled": True}}, {"notebook": {"egress": ["10.1.0.0/16"]}}], ids=str
)
def test_what_the_hub_does_not_read_restarts_no_hub(facts: Facts, change: dict[str, Any]) -> None:
    hub = ObjectRef("Deployment", "alpha")
    assert objects(facts, **change)[hub]["spec"] == objects(facts)[hub]["spec"]
