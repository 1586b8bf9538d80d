"""Resources that answer in a way of their own, by resource, subresource and verb."""

from jhos.sandbox.answers import Handler
from jhos.sandbox.views import (
    accounts,
    builds,
    images,
    metrics,
    pods,
    projects,
    quotas,
    scale,
    templates,
    webhooks,
)

SCALE: dict[str, Handler] = {"get": scale.read, "patch": scale.patch, "update": scale.update}
TAGS: dict[str, Handler] = {
    "get": images.get_tag,
    "list": images.list_tags,
    "create": images.create_tag,
    "update": images.update_tag,
    "patch": images.patch_tag,
    "delete": images.delete_tag,
}
METRICS: dict[str, Handler] = {"get": metrics.read, "list": metrics.listing}
CONNECT: dict[str, Handler] = {"get": pods.connect, "create": pods.connect}
AUTHORIZATION = "authorization.k8s.io"

# Watches of what is not stored under its own name.
WATCHES = {"projects.project.openshift.io": projects.watch}

VIEWS: dict[tuple[str, str], dict[str, Handler]] = {
    ("appliedclusterresourcequotas.quota.openshift.io", ""): {
        "get": quotas.read,
        "list": quotas.listing,
    },
    ("buildconfigs.build.openshift.io", "instantiate"): {"create": builds.instantiate},
    ("buildconfigs.build.openshift.io", "instantiatebinary"): {"create": builds.instantiate_binary},
    ("buildconfigs.build.openshift.io", "webhooks"): {"create": webhooks.begin},
    ("builds.build.openshift.io", "clone"): {"create": builds.clone},
    ("builds.build.openshift.io", "details"): {"update": builds.update_details},
    ("builds.build.openshift.io", "log"): {"get": builds.log},
    ("deployments.apps", "scale"): SCALE,
    ("imagestreamimages.image.openshift.io", ""): {"get": images.get_image},
    ("imagestreammappings.image.openshift.io", ""): {"create": images.create_mapping},
    ("imagestreamtags.image.openshift.io", ""): TAGS,
    (f"localsubjectaccessreviews.{AUTHORIZATION}", ""): {"create": accounts.access_review},
    ("namespaces", "finalize"): {"update": projects.finalize},
    ("nodes.metrics.k8s.io", ""): METRICS,
    ("pods", "attach"): CONNECT,
    ("pods", "binding"): {"create": pods.bind},
    ("pods", "eviction"): {"create": pods.evict},
    ("pods", "exec"): {"get": pods.execute, "create": pods.execute},
    ("pods", "log"): {"get": pods.log},
    ("pods", "portforward"): CONNECT,
    ("pods.metrics.k8s.io", ""): METRICS,
    ("processedtemplates.template.openshift.io", ""): {"create": templates.process},
    ("projectrequests.project.openshift.io", ""): {
        "create": projects.request,
        "list": projects.may_request,
    },
    ("projects.project.openshift.io", ""): {
        "get": projects.get,
        "list": projects.list_own,
        "create": projects.create,
        "update": projects.update,
        "patch": projects.patch,
        "delete": projects.delete,
    },
    ("replicasets.apps", "scale"): SCALE,
    ("replicationcontrollers", "scale"): SCALE,
    (f"selfsubjectaccessreviews.{AUTHORIZATION}", ""): {"create": accounts.self_access_review},
    (f"selfsubjectrulesreviews.{AUTHORIZATION}", ""): {"create": accounts.rules_review},
    ("selfsubjectreviews.authentication.k8s.io", ""): {"create": accounts.self_subject_review},
    ("serviceaccounts", "token"): {"create": accounts.token_request},
    ("statefulsets.apps", "scale"): SCALE,
    (f"subjectaccessreviews.{AUTHORIZATION}", ""): {"create": accounts.access_review},
    ("tokenreviews.authentication.k8s.io", ""): {"create": accounts.token_review},
}
