"""Take a deployment away; what users would miss stays unless they say otherwise."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from jhos.actions.list_deployments import names
from jhos.actions.notice import notice
from jhos.apply import recorded, remove
from jhos.checks import check_rights
from jhos.cluster import lease
from jhos.cluster.client import Cluster
from jhos.cluster.parallel import parallel
from jhos.errors import BeingDeleted
from jhos.events import Event, Report, State
from jhos.objects import (
    MANAGED_BY,
    SERVER,
    STORAGE,
    Object,
    ObjectRef,
    component_of,
    labels_of,
    of_component,
)
from jhos.plan import Action, Change, Plan, belongs_to, plan_teardown
from jhos.settings.load import check_name
from jhos.volumes import Volume, owner_of, volume_of
from jhos.wait import until_gone

KINDS = (
    "BuildConfig",
    "ConfigMap",
    "Deployment",
    "ImageStream",
    "NetworkPolicy",
    "PersistentVolumeClaim",
    "Pod",
    "Role",
    "RoleBinding",
    "Route",
    "Secret",
    "Service",
    "ServiceAccount",
)
_IMAGES = ("BuildConfig", "ImageStream")
_CLAIM = "PersistentVolumeClaim"
_MAKERS = ("jhos", "kubespawner")
# What the hub makes, of which there may be thousands: by component.
_OF_USERS = {"Pod": SERVER, _CLAIM: STORAGE}


@dataclass(frozen=True, kw_only=True)
class Wish:
    """`images`: None: the one of the deployment's own repository goes; False: none does; True: also
    those that it shares, where there is no other deployment.
    """

    delete_storage: bool = False
    images: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Teardown:
    """What goes and what stays. `servers`: the users whose notebook servers run now.

    `others`: deployments whose images stay for their sake.
    """

    name: str
    namespace: str
    plan: Plan
    servers: tuple[str, ...]
    volumes: tuple[Volume, ...]
    others: tuple[str, ...] = ()


def teardown(
    cluster: Cluster,
    name: str,
    wish: Wish,
    *,
    approve: Callable[[Teardown], bool],
    timeout_s: float,
    report: Report,
) -> Teardown | None:
    """None when `approve` said no; a plan without deletions when there is nothing to do."""
    check_name(name)
    cluster.wire.keep_trying(timeout_s, report)
    deadline = time.monotonic() + timeout_s
    before = _found(cluster, name, wish)
    going = before.plan.of(Action.DELETE)
    if not going:
        return before
    check_rights(cluster, _needed(going))
    if not approve(before):
        return None
    with _alone(cluster, name, timeout_s, report):
        gone = _carry_out(cluster, name, wish, going, deadline, report)
    report(Event("Objects", State.DONE, f"{len(gone)} deleted"))
    return replace(before, plan=Plan((*gone, *before.plan.of(Action.KEEP))))


@contextmanager
def _alone(cluster: Cluster, name: str, wait_s: float, report: Report) -> Iterator[None]:
    """Hold the lease; where the project itself is being deleted none can be made."""
    with ExitStack() as stack:
        try:
            stack.enter_context(
                lease.held(cluster, name, f"Deployment {name}", wait_s, report, last=True),
            )
        except BeingDeleted:
            project = f"Project {cluster.namespace}"
            report(Event(project, State.WARNING, "is being deleted, with all that is in it"))
        yield


def _found(cluster: Cluster, name: str, wish: Wish) -> Teardown:
    """All that bears the deployment's label and was made by jhos or by its hub."""
    others = tuple(each for each in names(cluster) if each != name) if wish.images else ()
    inventory = cluster.get(ObjectRef("ConfigMap", f"{name}-inventory")) or {}
    kinds = {*KINDS, *(ref.kind for ref in recorded(inventory))}
    own = [obj for obj in _listed(cluster, name, sorted(kinds)) if _is_ours(obj)]
    for obj in own:
        if ObjectRef.of(obj) == ObjectRef("ConfigMap", f"{name}-cfg"):
            notice(cluster, name, obj)
    shared = _shared(cluster) if wish.images and not others else []
    kept = _IMAGES if wish.images is False else ()
    plan = plan_teardown([*own, *shared], delete_data=wish.delete_storage, kept=kept)
    servers = (owner_of(obj) or obj["metadata"]["name"] for obj in own if obj["kind"] == "Pod")
    return Teardown(
        name=name,
        namespace=cluster.namespace,
        plan=plan,
        servers=tuple(sorted(servers)),
        volumes=tuple(sorted(volume_of(obj) for obj in own if obj["kind"] == _CLAIM)),
        others=others,
    )


def _listed(cluster: Cluster, name: str, kinds: Iterable[str]) -> list[Object]:
    """Metadata only, but of claims all: a size is said with what would be lost."""

    def objects(kind: str) -> list[Object]:
        if kind == _CLAIM:
            return cluster.list(kind, f"app={name}")[0]
        return cluster.metadata(kind, f"app={name}" if kind != "Pod" else _of_users(name, kind))

    return [obj for each in parallel(objects, kinds) for obj in each]


def _shared(cluster: Cluster) -> list[Object]:
    """The images that jhos built for whoever in the project uses them."""
    found = parallel(lambda kind: cluster.metadata(kind, f"{MANAGED_BY}=jhos,!app"), _IMAGES)
    return [obj for each in found for obj in each]


def _carry_out(
    cluster: Cluster,
    name: str,
    wish: Wish,
    going: list[Change],
    deadline: float,
    report: Report,
) -> list[Change]:
    """The hub first: it starts no server any more, and ends well while its database is there."""
    hub = [each for each in going if each.ref == ObjectRef("Deployment", name)]
    rest = {each.ref: each for each in going if each not in hub}
    if hub:
        _delete(cluster, name, hub, deadline, report)
        made = [obj for obj in _listed(cluster, name, _OF_USERS) if _is_ours(obj)]
        late = plan_teardown(made, delete_data=wish.delete_storage).of(Action.DELETE)
        rest |= {each.ref: each for each in late}
    _delete(cluster, name, list(rest.values()), deadline, report)
    return sorted([*hub, *rest.values()], key=lambda change: change.ref)


def _delete(
    cluster: Cluster, name: str, going: list[Change], deadline: float, report: Report
) -> None:
    """What users have in one request a kind; waits until all of the deployment's own is gone."""
    users = [each for each in going if _is_of_user(each)]
    for kind in sorted({each.ref.kind for each in users}):
        cluster.delete_all(kind, _of_users(name, kind))
    remove(cluster, [each for each in going if each not in users], report)
    own = [each.ref for each in going if belongs_to(name, each.before or {})]
    until_gone(cluster, own, f"app={name}", max(deadline - time.monotonic(), 1), report)


def _needed(going: list[Change]) -> list[tuple[str, str]]:
    """Rights, as `checks.check_rights` takes them."""
    verbs = ((_verb(each), each.ref.kind) for each in going)
    return sorted(set(verbs))


def _verb(change: Change) -> str:
    return "deletecollection" if _is_of_user(change) else "delete"


def _is_of_user(change: Change) -> bool:
    return component_of(change.before or {"metadata": {}}) == _OF_USERS.get(change.ref.kind)


def _of_users(name: str, kind: str) -> str:
    makers = f"{MANAGED_BY} in ({','.join(_MAKERS)})"
    return f"{of_component(name, _OF_USERS[kind])},{makers}"


def _is_ours(obj: Object) -> bool:
    return labels_of(obj).get(MANAGED_BY) in _MAKERS
