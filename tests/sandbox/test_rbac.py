"""Roles, bindings and the words of a refusal."""

from typing import Any

import pytest

from jhos.sandbox import bootstrap, rbac
from jhos.sandbox.authentication import account_user
from jhos.sandbox.call import ANONYMOUS, SYSTEM_ADMIN, Cluster, User
from jhos.sandbox.failure import Failure
from jhos.sandbox.rbac import Question
from jhos.sandbox.store import Store

GROUP = "rbac.authorization.k8s.io"
ALICE = User("alice", ("system:authenticated", "system:authenticated:oauth"))
PODS = Question("list", "", "pods", "demo")


@pytest.fixture
def store() -> Store:
    found = Store()
    bootstrap.ensure(found, Cluster())
    return found


def bind(store: Store, role: str, subject: dict[str, Any], kind: str = "ClusterRole") -> None:
    meta = {"name": f"{role}-{subject['name']}", "namespace": "demo"}
    binding = {"metadata": meta, "roleRef": {"kind": kind, "name": role}, "subjects": [subject]}
    store.put(f"rolebindings.{GROUP}", binding)


def make_role(store: Store, **rule: Any) -> None:
    rules = [{"apiGroups": [""], **rule}]
    store.put(f"roles.{GROUP}", {"metadata": {"name": "r", "namespace": "demo"}, "rules": rules})


def test_the_admin_of_the_system_may_do_everything(store: Store) -> None:
    assert rbac.allowed(store, SYSTEM_ADMIN, Question("delete", "", "nodes"))


def test_nobody_may_do_anything_without_a_binding(store: Store) -> None:
    assert not rbac.allowed(store, ALICE, PODS)


def test_an_admin_of_a_project_may_work_there_and_only_there(store: Store) -> None:
    bind(store, "admin", {"kind": "User", "name": "alice"})
    assert rbac.allowed(store, ALICE, PODS)
    assert not rbac.allowed(store, ALICE, Question("list", "", "pods", "default"))
    assert not rbac.allowed(store, ALICE, Question("create", "", "resourcequotas", "demo"))
    assert not rbac.allowed(store, ALICE, Question("patch", "", "pods/status", "demo", "a"))


def test_a_view_reads_but_no_secrets(store: Store) -> None:
    bind(store, "view", {"kind": "User", "name": "alice"})
    assert rbac.allowed(store, ALICE, PODS)
    assert not rbac.allowed(store, ALICE, Question("create", "", "pods", "demo"))
    assert not rbac.allowed(store, ALICE, Question("get", "", "secrets", "demo", "a"))


RIGHTS = {
    "view": (
        "get configmaps, list pods/log, get resourcequotas, list routes.route.openshift.io, "
        "list builds.build.openshift.io, get builds/log.build.openshift.io, "
        "get imagestreamtags.image.openshift.io, get projects.project.openshift.io, "
        "list appliedclusterresourcequotas.quota.openshift.io, get namespaces",
        "get secrets, get leases.coordination.k8s.io, list roles.rbac.authorization.k8s.io, "
        "patch configmaps, get imagestreams/layers.image.openshift.io, create pods/exec",
    ),
    "edit": (
        "get secrets, patch deployments.apps, patch leases.coordination.k8s.io, create events, "
        "create routes/custom-host.route.openshift.io, create pods/eviction, "
        "create buildconfigs/instantiatebinary.build.openshift.io, "
        "create imagestreamimports.image.openshift.io, get imagestreams/layers.image.openshift.io, "
        "deletecollection persistentvolumeclaims, patch networkpolicies.networking.k8s.io",
        "get roles.rbac.authorization.k8s.io, list rolebindings.rbac.authorization.k8s.io, "
        "create roles.rbac.authorization.k8s.io, patch endpoints, create resourcequotas, "
        "delete projects.project.openshift.io, update routes/status.route.openshift.io",
    ),
    "admin": (
        "create roles.rbac.authorization.k8s.io, patch rolebindings.rbac.authorization.k8s.io, "
        "delete projects.project.openshift.io, update routes/status.route.openshift.io",
        "delete namespaces, create resourcequotas, patch endpoints, patch pods/status",
    ),
}


@pytest.mark.parametrize(
    ("role", "question", "is_allowed"),
    [
        (role, question, is_allowed)
        for role, lists in RIGHTS.items()
        for questions, is_allowed in zip(lists, (True, False), strict=True)
        for question in questions.split(", ")
    ],
)
def test_the_roles_of_a_project_are_those_of_openshift(
    store: Store, role: str, question: str, is_allowed: bool
) -> None:
    bind(store, role, {"kind": "User", "name": "alice"})
    verb, _, resource = question.partition(" ")
    name, _, group = resource.partition(".")
    assert rbac.allowed(store, ALICE, Question(verb, group, name, "demo", "a")) is is_allowed


def test_a_service_account_is_bound_in_its_own_namespace_without_naming_it(store: Store) -> None:
    make_role(store, resources=["pods"], verbs=["list"])
    bind(store, "r", {"kind": "ServiceAccount", "name": "hub"}, "Role")
    assert rbac.allowed(store, account_user("demo", "hub"), PODS)
    assert not rbac.allowed(store, account_user("other", "hub"), PODS)


def test_resource_names_limit_a_rule(store: Store) -> None:
    make_role(store, resources=["secrets"], verbs=["get", "list"], resourceNames=["mine"])
    bind(store, "r", {"kind": "User", "name": "alice"}, "Role")
    assert rbac.allowed(store, ALICE, Question("get", "", "secrets", "demo", "mine"))
    assert not rbac.allowed(store, ALICE, Question("get", "", "secrets", "demo", "other"))
    assert not rbac.allowed(store, ALICE, Question("list", "", "secrets", "demo"))


def test_a_subresource_is_a_right_of_its_own(store: Store) -> None:
    make_role(store, resources=["pods"], verbs=["get"])
    bind(store, "r", {"kind": "User", "name": "alice"}, "Role")
    assert not rbac.allowed(store, ALICE, Question("get", "", "pods/log", "demo", "a"))


def test_every_user_may_request_projects_but_no_service_account(store: Store) -> None:
    request = Question("create", "project.openshift.io", "projectrequests")
    assert rbac.allowed(store, ALICE, request)
    assert not rbac.allowed(store, account_user("demo", "hub"), request)


def test_a_refusal_names_user_verb_resource_and_place(store: Store) -> None:
    with pytest.raises(Failure) as error:
        rbac.check(store, ALICE, Question("get", "route.openshift.io", "routes", "demo", "x"))
    assert error.value.message == (
        'routes.route.openshift.io "x" is forbidden: User "alice" cannot get resource "routes" '
        'in API group "route.openshift.io" in the namespace "demo"'
    )


def test_the_anonymous_may_not_discover(store: Store) -> None:
    with pytest.raises(Failure, match='User "system:anonymous" cannot get path "/api/v1"'):
        rbac.check_path(store, ANONYMOUS, "get", "/api/v1")
