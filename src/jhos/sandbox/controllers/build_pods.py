"""The pod of a build: what it looks like, and what its status says. Pure.

The build controller, not the node's agent, runs what is in it: the pod is there to be scheduled,
counted by quotas and seen.
"""

from datetime import datetime

from jhos.sandbox.client import Object
from jhos.sandbox.controllers.meta import (
    annotations,
    controller_of,
    owner_reference,
    timestamp,
    with_condition,
)

BUILD_NAME, POD_NAME = "openshift.io/build.name", "openshift.io/build.pod-name"
IMAGE = "image-registry.openshift-image-registry.svc:5000/openshift/builder:latest"
CONTAINERS = {
    "sourceStrategy": ("sti-build", "openshift-sti-build"),
    "dockerStrategy": ("docker-build", "openshift-docker-build"),
    "customStrategy": ("custom-build", "openshift-custom-build"),
}


def pod_name(build: Object) -> str:
    return f"{build['metadata']['name']}-build"


def new_pod(build: Object) -> Object:
    meta, spec = build["metadata"], build["spec"]
    name, program = next(CONTAINERS[kind] for kind in CONTAINERS if kind in spec["strategy"])
    container: Object = {"name": name, "image": IMAGE, "args": [program]}
    container["resources"] = spec.get("resources") or {}
    deadline = spec.get("completionDeadlineSeconds")
    owner = {k: v for k, v in owner_reference(build).items() if k != "blockOwnerDeletion"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": pod_name(build),
            "namespace": meta["namespace"],
            "labels": {BUILD_NAME: meta["name"]},
            "annotations": {BUILD_NAME: meta["name"]},
            "ownerReferences": [owner],
        },
        "spec": {
            "containers": [container],
            "restartPolicy": "Never",
            "serviceAccountName": spec.get("serviceAccount", "builder"),
            **({"activeDeadlineSeconds": deadline} if deadline else {}),
        },
    }


def is_build_pod(pod: Object) -> bool:
    owner = controller_of(pod)
    return bool(owner and owner["kind"] == "Build" and BUILD_NAME in annotations(pod))


def running(pod: Object, now: datetime) -> Object:
    """The change of the status, as a merge patch; the same goes for `ended`."""
    since = timestamp(now)
    return {
        "phase": "Running",
        "startTime": since,
        "conditions": _conditions(pod, "True", "", now),
        "containerStatuses": [_container(pod, {"running": {"startedAt": since}}, up=True)],
    }


def ended(pod: Object, code: int, now: datetime) -> Object:
    phase, reason = ("Failed", "Error") if code else ("Succeeded", "Completed")
    why = "" if code else "PodCompleted"
    state = {
        "exitCode": code,
        "reason": reason,
        "startedAt": pod["status"].get("startTime") or timestamp(now),
        "finishedAt": timestamp(now),
    }
    return {
        "phase": phase,
        "conditions": _conditions(pod, "False", why, now),
        "containerStatuses": [_container(pod, {"terminated": state}, up=False)],
    }


def _conditions(pod: Object, status: str, reason: str, now: datetime) -> list[Object]:
    conditions: list[Object] = pod["status"].get("conditions") or []
    conditions = with_condition(conditions, "Initialized", "True", "", "", now)
    for kind in ("Ready", "ContainersReady"):
        conditions = with_condition(conditions, kind, status, reason, "", now)
    return conditions


def _container(pod: Object, state: Object, *, up: bool) -> Object:
    name = pod["spec"]["containers"][0]["name"]
    told = {"name": name, "image": IMAGE, "imageID": "", "state": state, "lastState": {}}
    return {**told, "ready": up, "started": up, "restartCount": 0}
