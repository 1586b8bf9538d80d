"""Take a deployment away; what users would miss stays unless they say otherwise."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from jhos.actions.list_deployments import names
from jhos.actions.notice import notice
from jhos.apply import remove
from jhos.cluster import lease
from jhos.cluster.client import Cluster
from jhos.cluster.parallel import parallel
from jhos.errors import BeingDeleted
from jhos.events import Event, Report, State
from jhos.inventory import recorded
from jhos.objects import (
    INSTANCE,
    KEEP,
    MANAGED_BY,
    SERVER,
    Object,
    ObjectRef,
    component_of,
    of_component,
)
from jhos.plan import Action, Change, Plan, belongs_to, plan_teardown
from jhos.rights import check_rights
from jhos.volumes import USERNAME, Volume, owner_of, volume_of
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
_MANY = ("Pod", _CLAIM)  # what the hub makes: there may be thousands
_SLOW = ("Deployment", *_MANY)  # others must let go of them: owned pods, node, pods that mount
# What is held of each.
_LABELS = (INSTANCE, "component")
_ANNOTATIONS = (KEEP, USERNAME)


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
    maps, version = cluster.list("ConfigMap", _ours(name))
    by_name = {each["metadata"]["name"]: each for each in maps}
    notice(cluster, name, by_name.get(f"{name}-cfg", {}))
    kinds = {*KINDS, *(ref.kind for ref in recorded(by_name.get(f"{name}-inventory", {})))}
    own, versions = _listed(cluster, name, sorted(kinds - {"ConfigMap"}))
    outlines = [*map(_outline, maps), *(each.outline for each in own)]
    shared = map(_outline, _shared(cluster)) if wish.images and not others else ()
    kept = _IMAGES if wish.images is False else ()
    plan = plan_teardown([*outlines, *shared], delete_data=wish.delete_storage, kept=kept)
    servers = (each for each in outlines if each["kind"] == "Pod")
    before = Teardown(
        name=name,
        namespace=cluster.namespace,
        plan=plan,
        servers=tuple(sorted(owner_of(each) or each["metadata"]["name"] for each in servers)),
        volumes=tuple(sorted(each.volume for each in own if each.volume)),
        others=others,
    )
    return _Found(before, wish, {**versions, "ConfigMap": version})


@dataclass(frozen=True, slots=True)
class _Own:
    """`volume`: what a claim is."""

    outline: Object
    volume: Volume | None


def _listed(cluster: Cluster, name: str, kinds: Sequence[str]) -> tuple[list[_Own], dict[str, str]]:
    """With the versions to watch from. Metadata only, but of claims all: a size is said with what
    would be lost."""

    def census(kind: str) -> tuple[list[_Own], str]:
        selector = _servers(name) if kind == "Pod" else _ours(name)
        return cluster.census(kind, selector, _own, whole=kind == _CLAIM)

    found = parallel(census, kinds)
    versions = {kind: version for kind, (_, version) in zip(kinds, found, strict=True)}
    return [each for own, _ in found for each in own], versions


def _own(obj: Object) -> _Own:
    return _Own(_outline(obj), volume_of(obj) if obj["kind"] == _CLAIM else None)


def _outline(obj: Object) -> Object:
    """What a plan needs of each of thousands."""
    meta = obj["metadata"]
    outline: Object = {"name": meta["name"], "uid": meta["uid"]}
    for part, keys in (("labels", _LABELS), ("annotations", _ANNOTATIONS)):
        said = meta.get(part) or {}
        outline[part] = {key: said[key] for key in keys if key in said}
    if meta.get("finalizers"):
        outline["finalizers"] = meta["finalizers"]
    return {"kind": obj["kind"], "metadata": outline}


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
    many = _of_users(found, going, hub)
    lasting = {each.ref.kind for each in going if _lasts(name, each)} | many.keys()
    with leaving(cluster, lasting, f"app={name}", found.versions) as watched:

        def wait(changes: Iterable[Change]) -> None:
            objects = (each.before or {} for each in changes if each.ref.kind in lasting)
            left_s = max(deadline - time.monotonic(), 1)
            watched.until_gone((each for each in objects if belongs_to(name, each)), left_s, report)

        if hub:
            remove(cluster, hub, report)
            wait(hub)
        gone = {_uid(each): each for each in going}
        for kind, selector in many.items():
            made = cluster.delete_all(kind, selector, _outline)
            for change in plan_teardown(made, delete_data=True).changes:
                gone.setdefault(_uid(change), change)
        rest = [each for each in going if each.ref.kind not in many and each not in hub]
        remove(cluster, rest, report, _together(name, rest, found.before.plan.of(Action.KEEP)))
        wait(each for each in gone.values() if each not in hub)
    return sorted(gone.values(), key=lambda change: change.ref)


def _of_users(found: _Found, going: list[Change], hub: list[Change]) -> dict[str, str]:
    """By kind, a selector of what goes in one request, since there may be thousands.

    Until the hub is gone it may have made more.
    """
    name, kinds = found.before.name, {each.ref.kind for each in going}
    selectors = {"Pod": _servers(name)}
    if found.wish.delete_storage:
        selectors[_CLAIM] = _ours(name)
    return {kind: each for kind, each in selectors.items() if hub or kind in kinds}


def _lasts(name: str, change: Change) -> bool:
    """Whether it may be there still when its deletion was answered."""
    obj = change.before or {"metadata": {}}
    held = change.ref.kind in _SLOW or "finalizers" in obj["metadata"]
    return held and belongs_to(name, obj)


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
    """Rights, as `rights.check_rights` takes them."""
    verbs = ((_verb(each), each.ref.kind) for each in going)
    return sorted(set(verbs))


def _uid(change: Change) -> str:
    return str((change.before or {})["metadata"]["uid"])


def _verb(change: Change) -> str:
    return "deletecollection" if change.ref.kind in _MANY else "delete"


def _servers(name: str) -> str:
    return f"{of_component(name, SERVER)},{_MADE}"


def _ours(name: str) -> str:
    return f"app={name},{_MADE}"
