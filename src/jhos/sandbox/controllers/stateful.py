"""The pods of a stateful set: which there should be, and what its status counts. Pure."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from jhos.sandbox.client import Object
from jhos.sandbox.controllers.meta import is_true, labels, owner_reference, without_zeros
from jhos.sandbox.controllers.rollout import template_hash

HASH_LABEL = "controller-revision-hash"
POD_NAME = "statefulset.kubernetes.io/pod-name"
INDEX = "apps.kubernetes.io/pod-index"


def revision_name(stateful_set: Object) -> str:
    """Of the present template."""
    digest = template_hash(stateful_set["spec"]["template"])
    return f"{stateful_set['metadata']['name']}-{digest}"


def new_revision(stateful_set: Object, number: int) -> Object:
    """The record of the present template that `kubectl rollout undo` puts back."""
    meta = stateful_set["metadata"]
    template = {**stateful_set["spec"]["template"], "$patch": "replace"}
    return {
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": {
            "name": revision_name(stateful_set),
            "namespace": meta["namespace"],
            "labels": labels(stateful_set["spec"]["template"]),
            "ownerReferences": [owner_reference(stateful_set)],
        },
        "data": {"spec": {"template": template}},
        "revision": number,
    }


def size(stateful_set: Object) -> int:
    return int(stateful_set["spec"].get("replicas", 1))


def first(stateful_set: Object) -> int:
    return int((stateful_set["spec"].get("ordinals") or {}).get("start", 0))


def ordinal(pod: Object) -> int:
    return int(pod["metadata"]["name"].rpartition("-")[2])


def new_pod(stateful_set: Object, number: int, revision: str) -> Object:
    spec, meta = stateful_set["spec"], stateful_set["metadata"]
    template = json.loads(json.dumps(spec["template"]))
    name = f"{meta['name']}-{number}"
    held = template.get("metadata") or {}
    marks = {HASH_LABEL: revision, POD_NAME: name, INDEX: str(number)}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": meta["namespace"],
            "labels": {**(held.get("labels") or {}), **marks},
            "annotations": held.get("annotations") or {},
            "ownerReferences": [owner_reference(stateful_set)],
        },
        "spec": {
            **template["spec"],
            "hostname": name,
            "subdomain": spec.get("serviceName", ""),
            "volumes": _volumes(stateful_set, number, template["spec"].get("volumes") or []),
        },
    }


def _volumes(stateful_set: Object, number: int, others: Sequence[Object]) -> list[Object]:
    """The set's own claims come in the place of volumes of their name."""
    own: dict[str, Any] = {
        claim["metadata"]["name"]: {"claimName": claim_name(stateful_set, claim, number)}
        for claim in claim_templates(stateful_set)
    }
    mounted = [{"name": name, "persistentVolumeClaim": source} for name, source in own.items()]
    return [*mounted, *(volume for volume in others if volume["name"] not in own)]


def claim_templates(stateful_set: Object) -> list[Object]:
    return stateful_set["spec"].get("volumeClaimTemplates") or []


def claim_name(stateful_set: Object, claim: Object, number: int) -> str:
    return f"{claim['metadata']['name']}-{stateful_set['metadata']['name']}-{number}"


def new_claims(stateful_set: Object, number: int) -> list[Object]:
    """They have no owner: data outlives its stateful set."""
    selected = stateful_set["spec"]["selector"].get("matchLabels") or {}
    return [
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {
                "name": claim_name(stateful_set, claim, number),
                "namespace": stateful_set["metadata"]["namespace"],
                "labels": {**labels(claim), **selected},
                "annotations": claim["metadata"].get("annotations") or {},
            },
            "spec": claim["spec"],
        }
        for claim in claim_templates(stateful_set)
    ]


def missing(stateful_set: Object, pods: Mapping[int, Object]) -> list[int]:
    """The ordinals to make now; in order, each waits for the one before to be ready."""
    start = first(stateful_set)
    wanted = range(start, start + size(stateful_set))
    if is_parallel(stateful_set):
        return [number for number in wanted if number not in pods]
    for number in wanted:
        if number not in pods:
            return [number]
        if not is_true(pods[number], "Ready"):
            return []
    return []


def surplus(stateful_set: Object, pods: Mapping[int, Object]) -> list[Object]:
    """The pods to delete now, the last first."""
    start = first(stateful_set)
    wanted = range(start, start + size(stateful_set))
    extra = [pods[number] for number in sorted(pods, reverse=True) if number not in wanted]
    return extra if is_parallel(stateful_set) else extra[:1]


def outdated(stateful_set: Object, pods: Mapping[int, Object], revision: str) -> list[Object]:
    """The pod to replace by one of the present template, the last first, once all are ready."""
    strategy = stateful_set["spec"].get("updateStrategy") or {}
    if strategy.get("type") == "OnDelete":
        return []
    partition = int((strategy.get("rollingUpdate") or {}).get("partition", 0))
    for number in sorted(pods, reverse=True):
        if number < partition:
            return []
        if labels(pods[number]).get(HASH_LABEL) != revision:
            return [pods[number]]
        if not is_true(pods[number], "Ready"):
            return []
    return []


def is_parallel(stateful_set: Object) -> bool:
    return bool(stateful_set["spec"].get("podManagementPolicy") == "Parallel")


def status(stateful_set: Object, pods: Sequence[Object], revision: str) -> Object:
    """The revision that is current stays so until every pod has the new one."""
    held = stateful_set.get("status") or {}
    updated = [pod for pod in pods if labels(pod).get(HASH_LABEL) == revision]
    before = str(held.get("currentRevision") or revision)
    current = revision if len(updated) == len(pods) == size(stateful_set) else before
    ready = sum(is_true(pod, "Ready") for pod in pods)
    counted = {
        "readyReplicas": ready,
        "currentReplicas": sum(labels(pod).get(HASH_LABEL) == current for pod in pods),
        "updatedReplicas": len(updated),
        "observedGeneration": stateful_set["metadata"].get("generation", 1),
    }
    return {
        "replicas": len(pods),
        "availableReplicas": ready,
        "collisionCount": 0,
        "currentRevision": current,
        "updateRevision": revision,
        **without_zeros(counted),
    }
