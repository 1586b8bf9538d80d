"""Take a deployment away; what users would miss stays unless they say otherwise."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
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
    of_component,
)
from jhos.plan import Action, Change, Plan, belongs_to, plan_teardown
from jhos.settings.load import check_name
from jhos.volumes import Volume, owner_of, volume_of
from jhos.wait import leaving

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
_MADE = f"{MANAGED_BY} in (jhos,kubespawner)"
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


@dataclass(frozen=True)
class _Found:
    """`versions`: of the list of each kind, to watch from."""

    before: Teardown
    wish: Wish
    versions: dict[str, str]


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
    found = _found(cluster, name, wish)
    before, going = found.before, found.before.plan.of(Action.DELETE)
    if not going:
        return before
    check_rights(cluster, _needed(going))
    if not approve(before):
        return None
    with _alone(cluster, name, timeout_s, report):
        gone = _carry_out(cluster, found, deadline, report)
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


def _found(cluster: Cluster, name: str, wish: Wish) -> _Found:
    """All that bears the deployment's label and was made by jhos or by its hub."""
    others = tuple(each for each in names(cluster) if each != name) if wish.images else ()
    inventory = cluster.get(ObjectRef("ConfigMap", f"{name}-inventory")) or {}
    kinds = {*KINDS, *(ref.kind for ref in recorded(inventory))}
    own, versions = _listed(cluster, name, sorted(kinds))
    for obj in own:
        if ObjectRef.of(obj) == ObjectRef("ConfigMap", f"{name}-cfg"):
            notice(cluster, name, obj)
    shared = _shared(cluster) if wish.images and not others else []
    kept = _IMAGES if wish.images is False else ()
    plan = plan_teardown(map(_outline, [*own, *shared]), delete_data=wish.delete_storage, kept=kept)
    volumes = tuple(sorted(volume_of(obj) for obj in own if obj["kind"] == _CLAIM))
    servers = (owner_of(obj) or obj["metadata"]["name"] for obj in own if obj["kind"] == "Pod")
    before = Teardown(
        name=name,
        namespace=cluster.namespace,
        plan=plan,
        servers=tuple(sorted(servers)),
        volumes=volumes,
        others=others,
    )
    return _Found(before, wish, versions)


def _listed(
    cluster: Cluster, name: str, kinds: Sequence[str]
) -> tuple[list[Object], dict[str, str]]:
    """With the versions to watch from. Metadata only, but of claims all: a size is said with what
    would be lost."""

    def census(kind: str) -> tuple[list[Object], str]:
        selector = _of_users(name, kind) if kind == "Pod" else _ours(name)
        return cluster.census(kind, selector, whole=kind == _CLAIM)

    found = parallel(census, kinds)
    versions = {kind: version for kind, (_, version) in zip(kinds, found, strict=True)}
    return [obj for objects, _ in found for obj in objects], versions


def _outline(obj: Object) -> Object:
    """Of a claim too its metadata is enough, once its size is known."""
    return {"kind": obj["kind"], "metadata": obj["metadata"]}


def _shared(cluster: Cluster) -> list[Object]:
    """The images that jhos built for whoever in the project uses them."""
    found = parallel(lambda kind: cluster.metadata(kind, f"{MANAGED_BY}=jhos,!app"), _IMAGES)
    return [obj for each in found for obj in each]


def _carry_out(cluster: Cluster, found: _Found, deadline: float, report: Report) -> list[Change]:
    """The hub first: it starts no server any more, and ends well while its database is there.

    What all users have goes next, as it is then; all else after it.
    """
    name, going = found.before.name, found.before.plan.of(Action.DELETE)
    hub = [each for each in going if each.ref == ObjectRef("Deployment", name)]
    kinds = {each.ref.kind for each in going if _is_of_user(each)}
    if hub:  # until it is gone it may have started more
        kinds |= {kind for kind in _OF_USERS if kind != _CLAIM or found.wish.delete_storage}
    own = {each.ref.kind for each in going if belongs_to(name, each.before or {})}
    with leaving(cluster, own | kinds, f"app={name}", found.versions) as watched:

        def wait(changes: Iterable[Change]) -> None:
            objects = (each.before or {} for each in changes)
            left_s = max(deadline - time.monotonic(), 1)
            watched.until_gone((each for each in objects if belongs_to(name, each)), left_s, report)

        if hub:
            remove(cluster, hub, report)
            wait(hub)
        gone = {each.ref: each for each in going}
        for kind in sorted(kinds):
            made = cluster.delete_all(kind, _of_users(name, kind))
            for change in plan_teardown(made, delete_data=True).changes:
                gone[change.ref] = change
        rest = [each for each in going if not _is_of_user(each) and each not in hub]
        remove(cluster, rest, report, _together(name, rest, found.before.plan.of(Action.KEEP)))
        wait(each for each in gone.values() if each not in hub)
    return sorted(gone.values(), key=lambda change: change.ref)


def _together(name: str, going: list[Change], staying: list[Change]) -> dict[str, str]:
    """By kind, a selector of just those that go; without kinds of which none can tell them."""
    selectors = {}
    for kind in {each.ref.kind for each in going}:
        gone = [each.before or {} for each in going if each.ref.kind == kind]
        parts = {component_of(each) for each in gone}
        kept = {component_of(each.before or {}) for each in staying if each.ref.kind == kind}
        if all(parts) and parts.isdisjoint(kept) and all(belongs_to(name, each) for each in gone):
            selectors[kind] = f"{_ours(name)},component in ({','.join(sorted(parts))})"
    return selectors


def _needed(going: list[Change]) -> list[tuple[str, str]]:
    """Rights, as `checks.check_rights` takes them."""
    verbs = ((_verb(each), each.ref.kind) for each in going)
    return sorted(set(verbs))


def _verb(change: Change) -> str:
    return "deletecollection" if _is_of_user(change) else "delete"


def _is_of_user(change: Change) -> bool:
    return component_of(change.before or {"metadata": {}}) == _OF_USERS.get(change.ref.kind)


def _of_users(name: str, kind: str) -> str:
    return f"{of_component(name, _OF_USERS[kind])},{_MADE}"


def _ours(name: str) -> str:
    return f"app={name},{_MADE}"
