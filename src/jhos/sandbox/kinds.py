"""The one table of what the API serves: every kind with its group, names, verbs, subresources."""

from collections.abc import Iterator
from dataclasses import dataclass, field

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
VERB_SETS = {
    "all": ALL_VERBS,
    "create": ("create",),
    "namespace": ("create", "delete", "get", "list", "patch", "update", "watch"),
    "request": ("create", "list"),
    "get": ("get",),
    "read": ("get", "list"),
    "tag": ("create", "delete", "get", "list", "patch", "update"),
}


@dataclass(frozen=True)
class Subresource:
    """`pods/log`: its own kind and verbs; `group` is set where it is not the parent's."""

    name: str
    kind: str
    verbs: tuple[str, ...]
    group: str | None = None
    version: str = "v1"


@dataclass(frozen=True)
class Kind:
    """One resource of the API."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ALL_VERBS
    subresources: dict[str, Subresource] = field(default_factory=dict)
    has_generation: bool = False
    returns_deleted: bool = False

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def key(self) -> str:
        """The name by which the store keeps it: `pods`, `deployments.apps`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def has_status(self) -> bool:
        return "status" in self.subresources

    @property
    def singular(self) -> str:
        if self.group == METRICS:
            return ""  # `pod` is somebody else's
        kind = self.kind.lower()
        return kind if self.plural.startswith(kind[:-1]) else self.plural.removesuffix("s")

    @property
    def stored(self) -> bool:
        """False for kinds that are views or questions, as reviews and image stream tags."""
        return self.verbs in (ALL_VERBS, VERB_SETS["namespace"]) and self.plural != "projects"


SUBRESOURCES = {
    "attach": Subresource("attach", "PodAttachOptions", ("create", "get")),
    "binding": Subresource("binding", "Binding", ("create",)),
    "clone": Subresource("clone", "BuildRequest", ("create",)),
    "details": Subresource("details", "Build", ("update",)),
    "eviction": Subresource("eviction", "Eviction", ("create",), "policy"),
    "exec": Subresource("exec", "PodExecOptions", ("create", "get")),
    "finalize": Subresource("finalize", "Namespace", ("update",)),
    "instantiate": Subresource("instantiate", "BuildRequest", ("create",)),
    "instantiatebinary": Subresource("instantiatebinary", "BinaryBuildRequestOptions", ("create",)),
    "layers": Subresource("layers", "ImageStreamLayers", ("get",)),
    "portforward": Subresource("portforward", "PodPortForwardOptions", ("create", "get")),
    "proxy": Subresource(
        "proxy", "ServiceProxyOptions", ("create", "delete", "get", "patch", "update")
    ),
    "scale": Subresource("scale", "Scale", ("get", "patch", "update"), "autoscaling"),
    "secrets": Subresource("secrets", "SecretList", ("get",)),
    "token": Subresource("token", "TokenRequest", ("create",), "authentication.k8s.io"),
    "webhooks": Subresource("webhooks", "Build", ("create",)),
}

METRICS = "metrics.k8s.io"  # served where there is a node to measure

# group/version, kind, plural, scope, short names, categories, verbs, flags, subresources.
# Flags: g counts generations, d answers a deletion with the object.
TABLE = """
v1 Binding bindings ns - - create - -
v1 ConfigMap configmaps ns cm - all - -
v1 Endpoints endpoints ns ep - all - -
v1 Event events ns ev - all - -
v1 LimitRange limitranges ns limits - all - -
v1 Namespace namespaces cluster ns - namespace - finalize,status
v1 Node nodes cluster no - all - status
v1 PersistentVolume persistentvolumes cluster pv - all d status
v1 PersistentVolumeClaim persistentvolumeclaims ns pvc - all d status
v1 Pod pods ns po all all gd attach,binding,eviction,exec,log,portforward,status
v1 PodTemplate podtemplates ns - - all d -
v1 ReplicationController replicationcontrollers ns rc all all g scale,status
v1 ResourceQuota resourcequotas ns quota - all d status
v1 Secret secrets ns - - all - -
v1 ServiceAccount serviceaccounts ns sa - all d token
v1 Service services ns svc all all d proxy,status
apps/v1 ControllerRevision controllerrevisions ns - - all - -
apps/v1 DaemonSet daemonsets ns ds all all g status
apps/v1 Deployment deployments ns deploy all all g scale,status
apps/v1 ReplicaSet replicasets ns rs all all g scale,status
apps/v1 StatefulSet statefulsets ns sts all all g scale,status
authentication.k8s.io/v1 SelfSubjectReview selfsubjectreviews cluster - - create - -
authentication.k8s.io/v1 TokenReview tokenreviews cluster - - create - -
authorization.k8s.io/v1 LocalSubjectAccessReview localsubjectaccessreviews ns - - create - -
authorization.k8s.io/v1 SelfSubjectAccessReview selfsubjectaccessreviews cluster - - create - -
authorization.k8s.io/v1 SelfSubjectRulesReview selfsubjectrulesreviews cluster - - create - -
authorization.k8s.io/v1 SubjectAccessReview subjectaccessreviews cluster - - create - -
autoscaling/v2 HorizontalPodAutoscaler horizontalpodautoscalers ns hpa all all - status
batch/v1 CronJob cronjobs ns cj all all g status
batch/v1 Job jobs ns - all all g status
coordination.k8s.io/v1 Lease leases ns - - all - -
discovery.k8s.io/v1 EndpointSlice endpointslices ns - - all g -
metrics.k8s.io/v1beta1 NodeMetrics nodes cluster - - read - -
metrics.k8s.io/v1beta1 PodMetrics pods ns - - read - -
monitoring.coreos.com/v1 PrometheusRule prometheusrules ns promrule - all g -
monitoring.coreos.com/v1 ServiceMonitor servicemonitors ns smon - all g -
networking.k8s.io/v1 IngressClass ingressclasses cluster - - all g -
networking.k8s.io/v1 Ingress ingresses ns ing - all g status
networking.k8s.io/v1 NetworkPolicy networkpolicies ns netpol - all g -
policy/v1 PodDisruptionBudget poddisruptionbudgets ns pdb - all g status
rbac.authorization.k8s.io/v1 ClusterRoleBinding clusterrolebindings cluster - - all - -
rbac.authorization.k8s.io/v1 ClusterRole clusterroles cluster - - all - -
rbac.authorization.k8s.io/v1 RoleBinding rolebindings ns - - all - -
rbac.authorization.k8s.io/v1 Role roles ns - - all - -
scheduling.k8s.io/v1 PriorityClass priorityclasses cluster pc - all g -
storage.k8s.io/v1 StorageClass storageclasses cluster sc - all - -
build.openshift.io/v1 BuildConfig buildconfigs ns bc all all g \
instantiate,instantiatebinary,webhooks
build.openshift.io/v1 Build builds ns - all all g clone,details,log
config.openshift.io/v1 Ingress ingresses cluster - - all g status
config.openshift.io/v1 Infrastructure infrastructures cluster - - all g status
config.openshift.io/v1 ClusterVersion clusterversions cluster - - all g status
image.openshift.io/v1 Image images cluster - - all - -
image.openshift.io/v1 ImageStreamImage imagestreamimages ns isimage - get - -
image.openshift.io/v1 ImageStreamImport imagestreamimports ns - - create - -
image.openshift.io/v1 ImageStreamMapping imagestreammappings ns - - create - -
image.openshift.io/v1 ImageStream imagestreams ns is all all g layers,secrets,status
image.openshift.io/v1 ImageStreamTag imagestreamtags ns istag - tag - -
image.openshift.io/v1 ImageTag imagetags ns itag - tag - -
project.openshift.io/v1 ProjectRequest projectrequests cluster - - request - -
project.openshift.io/v1 Project projects cluster - - namespace - -
quota.openshift.io/v1 AppliedClusterResourceQuota appliedclusterresourcequotas ns - - read - -
quota.openshift.io/v1 ClusterResourceQuota clusterresourcequotas cluster clusterquota - all - status
route.openshift.io/v1 Route routes ns - all all g status
security.openshift.io/v1 SecurityContextConstraints securitycontextconstraints cluster scc - all g -
template.openshift.io/v1 Template processedtemplates ns - - create - -
template.openshift.io/v1 TemplateInstance templateinstances ns - - all - status
template.openshift.io/v1 Template templates ns - - all - -
"""


def _words(cell: str) -> tuple[str, ...]:
    return () if cell == "-" else tuple(cell.split(","))


def _subresource(name: str, kind: str) -> Subresource:
    if name == "status":
        return Subresource(name, kind, ("get", "patch", "update"))
    if name == "log":
        return Subresource(name, "BuildLog" if kind == "Build" else kind, ("get",))
    return SUBRESOURCES[name]


def _row(line: str) -> Kind:
    api, kind, plural, scope, short, categories, verbs, flags, subresources = line.split()
    group, _, version = api.rpartition("/")
    return Kind(
        group,
        version,
        kind,
        plural,
        scope == "ns",
        _words(short),
        _words(categories),
        VERB_SETS[verbs],
        {name: _subresource(name, kind) for name in _words(subresources)},
        "g" in flags,
        "d" in flags,
    )


KINDS: tuple[Kind, ...] = tuple(_row(line) for line in TABLE.strip().splitlines())
BY_KEY: dict[str, Kind] = {kind.key: kind for kind in KINDS}


def find(group: str, version: str, plural: str) -> Kind | None:
    kind = BY_KEY.get(f"{plural}.{group}" if group else plural)
    return kind if kind and kind.version == version else None


def of_object(api_version: str, kind: str) -> Kind | None:
    """The row of an object's `apiVersion` and `kind`."""
    rows = (row for row in KINDS if row.kind == kind and row.api_version == api_version)
    return next((row for row in rows if row.stored), None)


def groups() -> Iterator[tuple[str, str]]:
    """Each (group, version) once, in the order of the table."""
    yield from dict.fromkeys((kind.group, kind.version) for kind in KINDS)
