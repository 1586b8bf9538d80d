"""Answers as tables, which kubectl and oc print: columns and cells of each kind."""

from collections.abc import Callable
from typing import Any

from jhos.sandbox import cells
from jhos.sandbox.ages import age
from jhos.sandbox.kinds import Kind

Object = dict[str, Any]
Row = Callable[[Object], list[Any]]

# The columns of a kind, those for `-o wide` after the bar; the cells below them in `cells`.
COLUMNS: dict[str, tuple[str, Row]] = {
    "buildconfigs.build.openshift.io": ("Type,From,Latest", cells.build_config),
    "builds.build.openshift.io": ("Type,From,Status,Started,Duration", cells.build),
    "configmaps": ("Data,Age", cells.data),
    "clusterroles.rbac.authorization.k8s.io": ("Created At", cells.role),
    "cronjobs.batch": ("Schedule,Timezone,Suspend,Active,Last Schedule,Age", cells.cron_job),
    "deployments.apps": ("Ready,Up-to-date,Available,Age|Containers,Images,Selector",
                         cells.deployment),
    "events": ("Last Seen,Type,Reason,Object,Message", cells.event),
    "imagestreams.image.openshift.io": ("Image Repository,Tags,Updated", cells.image_stream),
    "imagestreamtags.image.openshift.io": ("Image Reference,Updated", cells.image_stream_tag),
    "ingresses.networking.k8s.io": ("Class,Hosts,Address,Ports,Age", cells.ingress),
    "jobs.batch": ("Status,Completions,Duration,Age", cells.job),
    "namespaces": ("Status,Age", cells.phase),
    "networkpolicies.networking.k8s.io": ("Pod-Selector,Age", cells.network_policy),
    "nodes": ("Status,Roles,Age,Version", cells.node),
    "persistentvolumeclaims": (
        "Status,Volume,Capacity,Access Modes,StorageClass,VolumeAttributesClass,Age|VolumeMode",
        cells.claim),
    "persistentvolumes": ("Capacity,Access Modes,Reclaim Policy,Status,Claim,StorageClass,Age",
                          cells.volume),
    "pods": ("Ready,Status,Restarts,Age|IP,Node,Nominated Node,Readiness Gates", cells.pod),
    "poddisruptionbudgets.policy": (
        "Min Available,Max Unavailable,Allowed Disruptions,Age", cells.budget),
    "projects.project.openshift.io": ("Display Name,Status", cells.project),
    "replicasets.apps": ("Desired,Current,Ready,Age|Containers,Images,Selector",
                         cells.replica_set),
    "resourcequotas": ("Request,Limit,Age", cells.quota),
    "rolebindings.rbac.authorization.k8s.io": ("Role,Age", cells.role_binding),
    "roles.rbac.authorization.k8s.io": ("Created At", cells.role),
    "routes.route.openshift.io": ("Host/Port,Path,Services,Port,Termination,Wildcard",
                                  cells.route),
    "secrets": ("Type,Data,Age", cells.secret),
    "serviceaccounts": ("Secrets,Age", cells.service_account),
    "services": ("Type,Cluster-IP,External-IP,Port(s),Age|Selector", cells.service),
    "statefulsets.apps": ("Ready,Age|Containers,Images", cells.stateful_set),
    "storageclasses.storage.k8s.io": (
        "Provisioner,ReclaimPolicy,VolumeBindingMode,AllowVolumeExpansion,Age",
        cells.storage_class),
    "templates.template.openshift.io": ("Description,Parameters,Objects", cells.template),
}  # fmt: skip
PLAIN: tuple[str, Row] = ("Age", lambda obj: [age(obj)])


def partial(obj: Object) -> Object:
    head = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}
    return {**head, "metadata": obj["metadata"]}


def table(kind: Kind, objects: list[Object], meta: Object, include: str) -> Object:
    """`include` is None, Metadata or Object: what each row carries besides its cells."""
    columns, row = COLUMNS.get(kind.key, PLAIN)
    named = kind.key != "events"
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": meta,
        "columnDefinitions": [*([_name_column()] if named else []), *_columns(columns)],
        "rows": [
            {
                "cells": [*([obj["metadata"]["name"]] if named else []), *row(obj)],
                "object": _carried(obj, include),
            }
            for obj in objects
        ],
    }


def _carried(obj: Object, include: str) -> Object | None:
    if include == "None":
        return None
    return obj if include == "Object" else partial(obj)


def _name_column() -> Object:
    return _column("Name", 0) | {"format": "name"}


def _columns(text: str) -> list[Object]:
    always, _, wide = text.partition("|")
    shown = [_column(name, 0) for name in always.split(",")]
    return shown + [_column(name, 1) for name in wide.split(",") if name]


def _column(name: str, priority: int) -> Object:
    return {
        "name": name,
        "type": "string",
        "format": "",
        "description": "",
        "priority": priority,
    }
