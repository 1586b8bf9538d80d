"""The cluster roles that OpenShift brings, as far as what the sandbox serves goes."""

from typing import Any

Object = dict[str, Any]
Rules = list[Object]

READ = ("get", "list", "watch")
WRITE = ("create", "delete", "deletecollection", "patch", "update")
ALL = (*READ, *WRITE)
IMAGE, BUILD = "image.openshift.io", "build.openshift.io"


def rule(group: str, resources: str, *verbs: str) -> Object:
    return {"apiGroups": [group], "resources": resources.split(), "verbs": sorted(verbs)}


def named(group: str, resources: str, names: list[str], *verbs: str) -> Object:
    return {**rule(group, resources, *verbs), "resourceNames": names}


VISIBLE = [
    rule("", "bindings events limitranges namespaces pods/log pods/status resourcequotas", *READ),
    rule("", "namespaces/status replicationcontrollers/status resourcequotas/status", *READ),
    rule("", "persistentvolumeclaims/status services/status", *READ),
    rule("apps", "controllerrevisions deployments/status replicasets/status", *READ),
    rule("apps", "statefulsets/status daemonsets/status", *READ),
    rule("batch", "jobs/status cronjobs/status", *READ),
    rule("discovery.k8s.io", "endpointslices", *READ),
    rule("metrics.k8s.io", "nodes pods", *READ),
    rule("networking.k8s.io", "ingresses/status", *READ),
    rule("policy", "poddisruptionbudgets/status", *READ),
    rule("route.openshift.io", "routes/status", *READ),
    rule(BUILD, "builds/log", *READ),
    rule(IMAGE, "imagestreams/status", *READ),
]
WORKLOADS = [
    rule("", "configmaps endpoints persistentvolumeclaims pods replicationcontrollers", *ALL),
    rule("", "replicationcontrollers/scale serviceaccounts services", *ALL),
    rule("apps", "daemonsets deployments replicasets statefulsets", *ALL),
    rule("apps", "deployments/scale replicasets/scale statefulsets/scale", *ALL),
    rule("autoscaling", "horizontalpodautoscalers", *ALL),
    rule("batch", "cronjobs jobs", *ALL),
    rule("networking.k8s.io", "ingresses networkpolicies", *ALL),
    rule("policy", "poddisruptionbudgets", *ALL),
    rule("route.openshift.io", "routes", *ALL),
    rule(BUILD, "buildconfigs builds", *ALL),
    rule(IMAGE, "imagestreams imagestreamimages imagestreamtags imagetags", *ALL),
    rule("template.openshift.io", "templates templateinstances", *ALL),
]
PRIVATE = [
    rule("", "secrets", *ALL),
    rule("", "pods/attach pods/exec pods/portforward pods/proxy services/proxy", *ALL),
    rule("", "pods/eviction serviceaccounts/token", "create"),
    rule("", "events", *WRITE),
    rule("", "serviceaccounts", "impersonate"),
    rule("coordination.k8s.io", "leases", *ALL),
    rule("route.openshift.io", "routes/custom-host", "create"),
    rule(BUILD, "buildconfigs/instantiate buildconfigs/instantiatebinary builds/clone", "create"),
    rule(BUILD, "buildconfigs/webhooks builds/details", *ALL),
    rule(IMAGE, "imagestreammappings imagestreams/secrets", *ALL),
    rule(IMAGE, "imagestreamimports", "create"),
    rule(IMAGE, "imagestreams/layers", "get", "update"),
    rule("template.openshift.io", "processedtemplates", "create"),
    rule("project.openshift.io", "projects", "get"),
]
PROJECT = [
    rule("rbac.authorization.k8s.io", "rolebindings roles", *ALL),
    rule("authorization.k8s.io", "localsubjectaccessreviews", "create"),
    rule("project.openshift.io", "projects", "delete", "get", "patch", "update"),
    rule("", "namespaces", "delete", "get", "list", "watch"),
    rule("route.openshift.io", "routes/status", "update"),
]
READABLE = [{**entry, "verbs": sorted(READ)} for entry in WORKLOADS]
MONITORS = "prometheusrules servicemonitors"
PULLER = [rule(IMAGE, "imagestreams/layers", "get")]
EVERYTHING: Rules = [
    {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
    {"nonResourceURLs": ["*"], "verbs": ["*"]},
]

ROLES: dict[str, Rules] = {
    "admin": [*VISIBLE, *WORKLOADS, *PRIVATE, *PROJECT],
    "basic-user": [
        rule("authorization.k8s.io", "selfsubjectaccessreviews selfsubjectrulesreviews", "create"),
        rule("authentication.k8s.io", "selfsubjectreviews", "create"),
        rule("project.openshift.io", "projects", "list", "watch"),
        rule("project.openshift.io", "projectrequests", "list"),
        rule("rbac.authorization.k8s.io", "clusterroles", *READ),
        rule("storage.k8s.io", "storageclasses", *READ),
        {"nonResourceURLs": ["/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*"],
         "verbs": ["get"]},
    ],
    "cluster-admin": EVERYTHING,
    "cluster-reader": [
        {"apiGroups": ["*"], "resources": ["*"], "verbs": sorted(READ)},
        {"nonResourceURLs": ["*"], "verbs": ["get"]},
    ],
    "edit": [*VISIBLE, *WORKLOADS, *PRIVATE],
    "monitoring-edit": [rule("monitoring.coreos.com", MONITORS, *ALL)],
    "monitoring-rules-edit": [rule("monitoring.coreos.com", "prometheusrules", *ALL)],
    "monitoring-rules-view": [rule("monitoring.coreos.com", "prometheusrules", *READ)],
    "self-provisioner": [rule("project.openshift.io", "projectrequests", "create")],
    "system:deployer": [
        rule("", "replicationcontrollers", "get", "list", "watch", "update", "patch"),
        rule("", "pods", "create", "get", "list", "watch"),
        rule("", "pods/log", "get"),
        rule("", "events", "create", "list"),
        rule(IMAGE, "imagestreamtags imagetags", "create", "get", "update"),
    ],
    "system:image-builder": [
        rule(IMAGE, "imagestreams/layers", "get", "update"),
        rule(IMAGE, "imagestreams", "create"),
        rule(BUILD, "builds/details", "update"),
        rule(BUILD, "builds", "get"),
    ],
    "system:image-puller": PULLER,
    "system:webhook": [rule(BUILD, "buildconfigs/webhooks", "create", "get")],
    "view": [*VISIBLE, *READABLE, rule("project.openshift.io", "projects", "get")],
}  # fmt: skip

# Everybody may read what is shared in the project `openshift`.
SHARED: Rules = [
    rule("template.openshift.io", "templates", *READ),
    rule(IMAGE, "imagestreams imagestreamimages imagestreamtags imagetags", *READ),
    *PULLER,
]

# Binding, role and group.
BINDINGS = (
    ("basic-users", "basic-user", "system:authenticated"),
    ("cluster-admins", "cluster-admin", "system:cluster-admins"),
    ("cluster-readers", "cluster-reader", "system:cluster-readers"),
    ("self-provisioners", "self-provisioner", "system:authenticated:oauth"),
)
