"""What the API fills in at a write: the defaults of each kind, on decoded objects, in place."""

import base64
from collections.abc import Callable
from typing import Any

from jhos.sandbox import poddefaults
from jhos.sandbox.kinds import Kind
from jhos.sandbox.poddefaults import fill

Object = dict[str, Any]
RBAC = "rbac.authorization.k8s.io"


def apply(kind: Kind, obj: Object) -> None:
    """The versioned defaults, which depend on the object alone."""
    if default := DEFAULTS.get(kind.key):
        default(obj)


def _secret(obj: Object) -> None:
    plain = obj.pop("stringData", {})
    encoded = {key: base64.b64encode(text.encode()).decode() for key, text in plain.items()}
    if encoded:
        obj["data"] = {**obj.get("data", {}), **encoded}
    fill(obj, type="Opaque")


def _service(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    fill(spec, type="ClusterIP", sessionAffinity="None")
    if spec["type"] != "ExternalName":
        fill(spec, internalTrafficPolicy="Cluster")
    if spec["type"] in ("NodePort", "LoadBalancer"):
        fill(spec, externalTrafficPolicy="Cluster")
    for port in spec.get("ports", ()):
        fill(port, protocol="TCP")
        if not port.get("targetPort"):
            port["targetPort"] = port.get("port", 0)
    fill(obj, status={"loadBalancer": {}})


def _claim(obj: Object) -> None:
    fill(obj.setdefault("spec", {}), volumeMode="Filesystem")
    fill(obj, status={"phase": "Pending"})


def _deployment(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    fill(spec, replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600)
    strategy = spec.setdefault("strategy", {})
    fill(strategy, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        fill(rolling, maxUnavailable="25%", maxSurge="25%")
    _template(spec)
    fill(obj, status={})


def _template(spec: Object) -> None:
    template = spec.setdefault("template", {})
    fill(template, metadata={})
    poddefaults.spec(template.setdefault("spec", {}))


def _replica_set(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    fill(spec, replicas=1)
    _template(spec)
    fill(obj, status={"replicas": 0})


def _stateful_set(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    fill(spec, replicas=1, revisionHistoryLimit=10, podManagementPolicy="OrderedReady")
    update = spec.setdefault("updateStrategy", {})
    fill(update, type="RollingUpdate")
    if update["type"] == "RollingUpdate":
        fill(update.setdefault("rollingUpdate", {}), partition=0)
    retention = spec.setdefault("persistentVolumeClaimRetentionPolicy", {})
    fill(retention, whenDeleted="Retain", whenScaled="Retain")
    for claim in spec.get("volumeClaimTemplates", ()):
        _claim(claim)
        fill(claim, kind="PersistentVolumeClaim", apiVersion="v1")
    _template(spec)
    fill(obj, status={"replicas": 0, "availableReplicas": 0})


def _daemon_set(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    fill(spec, revisionHistoryLimit=10)
    update = spec.setdefault("updateStrategy", {})
    fill(update, type="RollingUpdate")
    _template(spec)


def _job(obj: Object) -> None:
    job_spec(obj.setdefault("spec", {}))
    fill(obj, status={})


def job_spec(spec: Object) -> None:
    if "completions" not in spec and "parallelism" not in spec:
        spec.update(completions=1, parallelism=1)
    fill(spec, parallelism=1, backoffLimit=6, completionMode="NonIndexed", suspend=False)
    fill(spec, podReplacementPolicy="TerminatingOrFailed")
    _template(spec)


def _cron_job(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    fill(spec, concurrencyPolicy="Allow", suspend=False)
    fill(spec, successfulJobsHistoryLimit=3, failedJobsHistoryLimit=1)
    job = spec.setdefault("jobTemplate", {}).setdefault("spec", {})
    fill(job, parallelism=1, completions=1)
    _template(job)
    fill(obj, status={})


def _ingress(obj: Object) -> None:
    fill(obj, status={"loadBalancer": {}})


def _budget(obj: Object) -> None:
    names = ("currentHealthy", "desiredHealthy", "disruptionsAllowed", "expectedPods")
    fill(obj, status=dict.fromkeys(names, 0))


def _network_policy(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    fill(spec, podSelector={})
    if "policyTypes" not in spec:
        egress = ["Egress"] if spec.get("egress") else []
        spec["policyTypes"] = ["Ingress", *egress]
    for rule in (*spec.get("ingress", ()), *spec.get("egress", ())):
        for port in rule.get("ports", ()):
            fill(port, protocol="TCP")


def _binding(obj: Object) -> None:
    fill(obj.get("roleRef", {}), apiGroup=RBAC)
    for subject in obj.get("subjects", ()):
        if subject.get("kind") in ("User", "Group"):
            fill(subject, apiGroup=RBAC)


def _role(obj: Object) -> None:
    fill(obj, rules=None)
    for rule in obj["rules"] or ():
        rule["verbs"] = sorted(rule.get("verbs", ()))


def _event(obj: Object) -> None:
    fill(obj, source={}, reportingComponent="", reportingInstance="")
    fill(obj, involvedObject={}, eventTime=None, firstTimestamp=None, lastTimestamp=None)


def _limit_range(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    fill(spec, limits=None)
    for item in spec["limits"] or ():
        if item.get("type") != "Container":
            continue
        limits = {**item.get("max", {}), **item.get("default", {})}
        requests = {**item.get("min", {}), **limits, **item.get("defaultRequest", {})}
        item.update({k: v for k, v in (("default", limits), ("defaultRequest", requests)) if v})


def _namespace(obj: Object) -> None:
    labels = obj["metadata"].setdefault("labels", {})
    labels["kubernetes.io/metadata.name"] = obj["metadata"].get("name", "")


def _volume(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    fill(spec, persistentVolumeReclaimPolicy="Retain", volumeMode="Filesystem")
    fill(obj, status={"phase": "Pending"})


def _storage_class(obj: Object) -> None:
    fill(obj, reclaimPolicy="Delete", volumeBindingMode="Immediate")


def _route(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    fill(spec, to={}, wildcardPolicy="None")
    for target in (spec["to"], *spec.get("alternateBackends", ())):
        fill(target, kind="Service", weight=100)
    tls = spec.get("tls")
    if tls and not tls.get("termination"):
        tls["termination"] = "edge"
    fill(obj, status={})


def _image_stream(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    fill(spec.setdefault("lookupPolicy", {}), local=False)
    for tag in spec.get("tags", ()):
        fill(tag, annotations=None, importPolicy={})
        fill(tag["importPolicy"], importMode="Legacy")
        fill(tag.setdefault("referencePolicy", {}), type="Source")


def _build_config(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    build_spec(spec)
    fill(spec, runPolicy="Serial")
    fill(spec, successfulBuildsHistoryLimit=5, failedBuildsHistoryLimit=5)
    for trigger in spec.get("triggers", ()):
        if trigger.get("type") == "ImageChange":
            fill(trigger, imageChange={})
    fill(obj.setdefault("status", {}), lastVersion=0)


def _build(obj: Object) -> None:
    build_spec(obj.setdefault("spec", {}))
    status = obj.setdefault("status", {})
    fill(status, phase="New", output={})


def build_spec(spec: Object) -> None:
    """What build configs and builds have in common."""
    fill(spec, source={}, strategy={}, output={}, resources={}, postCommit={}, nodeSelector=None)
    source, strategy = spec["source"], spec["strategy"]
    for field, type_ in (("binary", "Binary"), ("git", "Git"), ("dockerfile", "Dockerfile")):
        if field in source:
            fill(source, type=type_)
    fill(source, type="None")
    for type_ in ("Docker", "Source", "Custom", "JenkinsPipeline"):
        if f"{type_[0].lower()}{type_[1:]}Strategy" in strategy:
            fill(strategy, type=type_)


DEFAULTS: dict[str, Callable[[Object], None]] = {
    "builds.build.openshift.io": _build,
    "buildconfigs.build.openshift.io": _build_config,
    "clusterrolebindings.rbac.authorization.k8s.io": _binding,
    "clusterroles.rbac.authorization.k8s.io": _role,
    "cronjobs.batch": _cron_job,
    "daemonsets.apps": _daemon_set,
    "deployments.apps": _deployment,
    "events": _event,
    "imagestreams.image.openshift.io": _image_stream,
    "ingresses.networking.k8s.io": _ingress,
    "jobs.batch": _job,
    "limitranges": _limit_range,
    "namespaces": _namespace,
    "networkpolicies.networking.k8s.io": _network_policy,
    "persistentvolumeclaims": _claim,
    "persistentvolumes": _volume,
    "poddisruptionbudgets.policy": _budget,
    "pods": poddefaults.pod,
    "replicasets.apps": _replica_set,
    "rolebindings.rbac.authorization.k8s.io": _binding,
    "roles.rbac.authorization.k8s.io": _role,
    "routes.route.openshift.io": _route,
    "secrets": _secret,
    "services": _service,
    "statefulsets.apps": _stateful_set,
    "storageclasses.storage.k8s.io": _storage_class,
}
