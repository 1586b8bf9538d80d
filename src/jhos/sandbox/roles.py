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


def of_openshift(group: str, resources: str, *verbs: str) -> Object:
    """OpenShift grants its kinds in the group that they had at first, too."""
    return {**rule(group, resources, *verbs), "apiGroups": ["", group]}


def named(group: str, resources: str, names: list[str], *verbs: str) -> Object:
    return {**rule(group, resources, *verbs), "resourceNames": names}


# What is aggregated to each of the three roles of a project.
# Source: https://github.com/openshift/openshift-apiserver/tree/main/pkg/bootstrappolicy
# and https://github.com/kubernetes/kubernetes/tree/master/plugin/pkg/auth/authorizer/rbac
SIZED = "deployments/scale replicasets/scale statefulsets/scale"
SETS = f"daemonsets deployments replicasets statefulsets {SIZED}"
STREAMS = "imagestreamimages imagestreammappings imagestreams imagestreamtags imagetags"
BUILDS = "buildconfigs buildconfigs/webhooks builds"
TEMPLATES = "processedtemplates templateconfigs templateinstances templates"
CONNECTIONS = "pods/attach pods/exec pods/portforward pods/proxy"
VIEW = [
    rule("", "configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status", *READ),
    rule("", "pods replicationcontrollers replicationcontrollers/scale serviceaccounts", *READ),
    rule("", "services services/status bindings events limitranges namespaces", *READ),
    rule("", "namespaces/status pods/log pods/status replicationcontrollers/status", *READ),
    rule("", "resourcequotas resourcequotas/status", *READ),
    rule("apps", f"controllerrevisions {SETS}", *READ),
    rule("apps", "daemonsets/status deployments/status replicasets/status", *READ),
    rule("apps", "statefulsets/status", *READ),
    rule("autoscaling", "horizontalpodautoscalers horizontalpodautoscalers/status", *READ),
    rule("batch", "cronjobs cronjobs/status jobs jobs/status", *READ),
    rule("discovery.k8s.io", "endpointslices", *READ),
    rule("metrics.k8s.io", "nodes pods", *READ),
    rule("networking.k8s.io", "ingresses ingresses/status networkpolicies", *READ),
    rule("policy", "poddisruptionbudgets poddisruptionbudgets/status", *READ),
    of_openshift(BUILD, f"{BUILDS} builds/log", *READ),
    of_openshift(IMAGE, f"{STREAMS} imagestreams/status", *READ),
    of_openshift("project.openshift.io", "projects", "get"),
    of_openshift("quota.openshift.io", "appliedclusterresourcequotas", *READ),
    of_openshift("route.openshift.io", "routes routes/status", *READ),
    of_openshift("template.openshift.io", TEMPLATES, *READ),
]
EDIT = [
    rule("", f"{CONNECTIONS} secrets services/proxy", *READ),
    rule("", "serviceaccounts", "impersonate"),
    rule("", f"pods {CONNECTIONS} configmaps events persistentvolumeclaims", *WRITE),
    rule("", "replicationcontrollers replicationcontrollers/scale secrets", *WRITE),
    rule("", "serviceaccounts services services/proxy", *WRITE),
    rule("", "pods/eviction serviceaccounts/token", "create"),
    rule("apps", SETS, *WRITE),
    rule("autoscaling", "horizontalpodautoscalers", *WRITE),
    rule("batch", "cronjobs jobs", *WRITE),
    rule("coordination.k8s.io", "leases", *ALL),
    rule("networking.k8s.io", "ingresses networkpolicies", *WRITE),
    rule("policy", "poddisruptionbudgets", *WRITE),
    of_openshift(BUILD, BUILDS, *ALL),
    of_openshift(BUILD, "buildconfigs/instantiate buildconfigs/instantiatebinary", "create"),
    of_openshift(BUILD, "builds/clone", "create"),
    of_openshift(BUILD, "builds/details", "update"),
    of_openshift(IMAGE, f"{STREAMS} imagestreams/secrets", *ALL),
    of_openshift(IMAGE, "imagestreams/layers", "get", "update"),
    of_openshift(IMAGE, "imagestreamimports", "create"),
    of_openshift("route.openshift.io", "routes", *ALL),
    of_openshift("route.openshift.io", "routes/custom-host", "create"),
    of_openshift("template.openshift.io", TEMPLATES, *ALL),
    *VIEW,
]
ADMIN = [
    rule("authorization.k8s.io", "localsubjectaccessreviews", "create"),
    rule("rbac.authorization.k8s.io", "rolebindings roles", *ALL),
    of_openshift("project.openshift.io", "projects", "delete", "get", "patch", "update"),
    of_openshift("route.openshift.io", "routes/status", "update"),
    *EDIT,
]
MONITORS = "prometheusrules servicemonitors"
PULLER = [rule(IMAGE, "imagestreams/layers", "get")]
EVERYTHING: Rules = [
    {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
    {"nonResourceURLs": ["*"], "verbs": ["*"]},
]

ROLES: dict[str, Rules] = {
    "admin": ADMIN,
    "basic-user": [
        rule("authorization.k8s.io", "selfsubjectaccessreviews selfsubjectrulesreviews", "create"),
        rule("authentication.k8s.io", "selfsubjectreviews", "create"),
        rule("project.openshift.io", "projects", "list", "watch"),
        rule("project.openshift.io", "projectrequests", "list"),
        rule("rbac.authorization.k8s.io", "clusterroles", *READ),
        rule("storage.k8s.io", "storageclasses", "get", "list"),
        {"nonResourceURLs": ["/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*"],
         "verbs": ["get"]},
    ],
    "cluster-admin": EVERYTHING,
    "cluster-reader": [
        {"apiGroups": ["*"], "resources": ["*"], "verbs": sorted(READ)},
        {"nonResourceURLs": ["*"], "verbs": ["get"]},
    ],
    "edit": EDIT,
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
    "view": VIEW,
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
