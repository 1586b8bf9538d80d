"""All that jhos knows of a kind, one row each, and when an object of it is ready.

Readiness follows kstatus: computed from the object alone, never fetched.
Source: https://github.com/kubernetes-sigs/cli-utils/tree/master/pkg/kstatus
"""

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from jhos.objects import Object


class Status(StrEnum):
    READY = "ready"
    PROGRESSING = "progressing"
    FAILED = "failed"


class Readiness(NamedTuple):
    status: Status
    message: str = ""


def _exists(_: Object) -> Readiness:
    return Readiness(Status.READY)


def _deployment(obj: Object) -> Readiness:
    status, wanted = obj.get("status", {}), obj["spec"].get("replicas", 1)
    if status.get("observedGeneration", 0) < obj["metadata"].get("generation", 1):
        return Readiness(Status.PROGRESSING, "waiting for the controller")
    conditions = conditions_of(obj)
    refused = conditions.get("ReplicaFailure", {})
    if refused.get("status") == "True":
        return Readiness(Status.FAILED, refused.get("message", "no pod may be created"))
    if status.get("updatedReplicas", 0) < wanted:
        return Readiness(Status.PROGRESSING, "starting the new pod")
    # Before a new pod is there the condition still tells of the rollout before.
    if conditions.get("Progressing", {}).get("reason") == "ProgressDeadlineExceeded":
        return Readiness(Status.FAILED, conditions["Progressing"].get("message", ""))
    if status.get("replicas", 0) > status.get("updatedReplicas", 0):
        return Readiness(Status.PROGRESSING, "stopping the old pod")
    if status.get("availableReplicas", 0) < wanted:
        return Readiness(Status.PROGRESSING, "waiting for the pod to be ready")
    return Readiness(Status.READY)


def _claim(obj: Object) -> Readiness:
    phase = obj.get("status", {}).get("phase", "Pending")
    if phase == "Lost":
        return Readiness(Status.FAILED, "its volume is lost")
    # Pending is no obstacle by itself: a class may wait for the first pod that uses the claim.
    return Readiness(Status.READY, "" if phase == "Bound" else "not bound yet")


def _route(obj: Object) -> Readiness:
    answers = [
        condition
        for ingress in obj.get("status", {}).get("ingress", [])
        for condition in ingress.get("conditions", [])
        if condition.get("type") == "Admitted"
    ]
    if any(answer.get("status") == "True" for answer in answers):
        return Readiness(Status.READY)
    for answer in answers:
        said = answer.get("message") or answer.get("reason", "")
        return Readiness(Status.FAILED, f"no router admits it: {said}")
    return Readiness(Status.PROGRESSING, "waiting for a router to admit it")


def _build(obj: Object) -> Readiness:
    status = obj.get("status", {})
    phase = status.get("phase", "New")
    if phase == "Complete":
        return Readiness(Status.READY)
    if phase in ("Failed", "Error", "Cancelled"):
        message = status.get("message") or status.get("reason") or phase
        return Readiness(Status.FAILED, message)
    return Readiness(Status.PROGRESSING, status.get("message") or phase.lower())


def conditions_of(obj: Object) -> dict[str, Object]:
    """By type."""
    return {each["type"]: each for each in obj.get("status", {}).get("conditions") or []}


class Kind(NamedTuple):
    """`stage`: objects of a lower one are applied first; `data`: teardown keeps it unless told."""

    name: str
    api_version: str
    plural: str
    stage: int = 0
    readiness: Callable[[Object], Readiness] = _exists
    data: bool = False
    namespaced: bool = True


_ROWS = (
    Kind("ServiceAccount", "v1", "serviceaccounts", 1),
    Kind("Role", "rbac.authorization.k8s.io/v1", "roles", 1),
    Kind("RoleBinding", "rbac.authorization.k8s.io/v1", "rolebindings", 2),
    Kind("ConfigMap", "v1", "configmaps", 1),
    Kind("Secret", "v1", "secrets", 1),
    Kind("PersistentVolumeClaim", "v1", "persistentvolumeclaims", 1, _claim, data=True),
    Kind("NetworkPolicy", "networking.k8s.io/v1", "networkpolicies", 1),
    Kind("Service", "v1", "services", 2),
    Kind("Route", "route.openshift.io/v1", "routes", 2, _route),
    Kind("ImageStream", "image.openshift.io/v1", "imagestreams", 1),
    Kind("BuildConfig", "build.openshift.io/v1", "buildconfigs", 2),
    Kind("Deployment", "apps/v1", "deployments", 2, _deployment),
    Kind("Template", "template.openshift.io/v1", "templates", 1),
    Kind("ServiceMonitor", "monitoring.coreos.com/v1", "servicemonitors", 1),
    Kind("PrometheusRule", "monitoring.coreos.com/v1", "prometheusrules", 1),
    Kind("Pod", "v1", "pods", 2),
    Kind("Event", "v1", "events"),
    Kind("Lease", "coordination.k8s.io/v1", "leases"),
    Kind("Build", "build.openshift.io/v1", "builds", readiness=_build),
    Kind("ImageStreamTag", "image.openshift.io/v1", "imagestreamtags"),
    Kind("PodMetrics", "metrics.k8s.io/v1beta1", "pods"),
    Kind("ResourceQuota", "v1", "resourcequotas"),
    Kind("AppliedClusterResourceQuota", "quota.openshift.io/v1", "appliedclusterresourcequotas"),
    Kind("LimitRange", "v1", "limitranges"),
    Kind("StorageClass", "storage.k8s.io/v1", "storageclasses", namespaced=False),
    Kind("Project", "project.openshift.io/v1", "projects", namespaced=False),
    Kind("ProjectRequest", "project.openshift.io/v1", "projectrequests", namespaced=False),
    Kind(
        "SelfSubjectRulesReview",
        "authorization.k8s.io/v1",
        "selfsubjectrulesreviews",
        namespaced=False,
    ),
)

KINDS = {row.name: row for row in _ROWS}


def readiness(obj: Object) -> Readiness:
    return KINDS[obj["kind"]].readiness(obj)


def stage_of(kind: str) -> int:
    return KINDS[kind].stage
