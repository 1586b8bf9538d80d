"""Projects: namespaces as their members see them, and the request for a new one."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

from jhos.sandbox import deletion, failure, names, rbac, reading, registry, watching
from jhos.sandbox.answers import Answer, success
from jhos.sandbox.call import Call
from jhos.sandbox.kinds import BY_KEY
from jhos.sandbox.patching import patch_object
from jhos.sandbox.store import Event
from jhos.sandbox.verbs import delete_options

Object = dict[str, Any]

NAMESPACES = BY_KEY["namespaces"]
BINDINGS = BY_KEY["rolebindings.rbac.authorization.k8s.io"]
RBAC = "rbac.authorization.k8s.io"
KEPT_PREFIXES = ("openshift-", "kube-", "kubernetes-")
KEPT_NAMES = ("openshift", "kubernetes", "kube", "default")


def project(namespace: Object) -> Object:
    return {**namespace, "kind": "Project", "apiVersion": "project.openshift.io/v1"}


def _of_namespace(call: Call) -> Call:
    return replace(call, kind=NAMESPACES)


def get(call: Call) -> Answer:
    found = call.store.get("namespaces", "", call.name)
    if found is None:
        raise failure.not_found(call.kind.group, call.kind.plural, call.name)
    return Answer(project(found))


def list_own(call: Call) -> Answer:
    """Only those whose namespace the user may read."""
    objects, _ = reading.listing(_of_namespace(call))
    own = [project(obj) for obj in objects if _is_member(call, obj["metadata"]["name"])]
    return Answer({}, objects=own)


def _is_member(call: Call, name: str) -> bool:
    question = rbac.Question("get", "", "namespaces", name, name)
    return rbac.allowed(call.store, call.user, question)


def watch(call: Call, render: watching.Render) -> AsyncIterator[bytes]:
    selected = reading.matches(_of_namespace(call))

    def seen(event: Event) -> Event | None:
        return selected(event) if _shows(call, event.object["metadata"]) else None

    def show(obj: Object, first: bool) -> Object:
        return render(project(obj), first)

    return watching.lines(call, show, source=NAMESPACES, seen=seen)


def _shows(call: Call, meta: Object) -> bool:
    """A namespace that goes has no members left, but it was asked for by someone."""
    requester = meta.get("annotations", {}).get("openshift.io/requester")
    return requester == call.user.name or _is_member(call, meta["name"])


def create(call: Call) -> Answer:
    body = {**call.object(), "kind": "Namespace", "apiVersion": "v1"}
    return Answer(project(registry.create(_of_namespace(call), body)), 201)


def update(call: Call) -> Answer:
    body = {**call.object(), "kind": "Namespace", "apiVersion": "v1"}
    return Answer(project(registry.update(_of_namespace(call), body)))


def patch(call: Call) -> Answer:
    namespace, _ = patch_object(_of_namespace(call))
    return Answer(project(namespace))


def delete(call: Call) -> Answer:
    deletion.delete(_of_namespace(call), delete_options(call))
    return Answer(success())


def may_request(_: Call) -> Answer:
    return Answer(success())


def request(call: Call) -> Answer:
    """A new namespace of which the user is the admin."""
    body = call.object()
    name = (body.get("metadata") or {}).get("name", "")
    _check_name(call, name)
    notes = {
        "openshift.io/description": body.get("description", ""),
        "openshift.io/display-name": body.get("displayName", ""),
        "openshift.io/requester": call.user.name,
    }
    meta = {"name": name, "annotations": notes}
    new = registry.create(call.internal(NAMESPACES, name, name), {"metadata": meta})
    if not call.dry_run:
        registry.create(call.internal(BINDINGS, name, ""), _admin_binding(name, call.user.name))
    return Answer(project(new), 201)


def _check_name(call: Call, name: str) -> None:
    if why := names.label_problem(name):
        cause = failure.bad_value("metadata.name", name, why)
        raise failure.invalid(call.kind.group, call.kind.kind, name, [cause])
    group = call.kind.group
    prefix = next((prefix for prefix in KEPT_PREFIXES if name.startswith(prefix)), None)
    if prefix:
        why = f'cannot request a project starting with "{prefix}"'
        raise failure.forbidden(group, "project", name, why)
    if call.store.get("namespaces", "", name) is not None:
        raise failure.already_exists(group, "project", name)
    if name in KEPT_NAMES:
        raise failure.forbidden(group, "project", name, f"cannot request a project named {name}")


def _admin_binding(namespace: str, user: str) -> Object:
    return {
        "metadata": {"name": "admin", "namespace": namespace},
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "admin"},
        "subjects": [{"apiGroup": RBAC, "kind": "User", "name": user}],
    }


def finalize(call: Call) -> Answer:
    """Take finalizers out of a namespace's spec; without any it goes."""
    live = reading.get(call)
    finalizers = call.object().get("spec", {}).get("finalizers", [])
    obj = {**live, "spec": {"finalizers": finalizers} if finalizers else {}}
    if "deletionTimestamp" in live["metadata"] and deletion.is_released(obj):
        call.store.remove("namespaces", "", call.name)
        return Answer(obj)
    return Answer(call.store.put("namespaces", obj))
