"""Take a deployment away; what users would miss stays unless they say otherwise."""

import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import chain, groupby

from jhos.actions.list_deployments import names
from jhos.actions.notice import notice
from jhos.apply import OWNERS, remove
from jhos.cluster import lease
from jhos.cluster.client import Cluster
from jhos.cluster.foresight import ask_ahead
from jhos.cluster.parallel import parallel, together
from jhos.errors import BeingDeleted, Refused
from jhos.events import Event, Report, State
from jhos.inventory import is_own, recorded
from jhos.kinds import stage_of
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
from jhos.rights import FIXED, check_rights, lacking
from jhos.volumes import USERNAME, Volume, owner_of, volume_of
from jhos.wait import Leaving, leaving

KINDS = (
    "BuildConfig",
    "ConfigMap",
    "Deployment",
    "ImageStream",
    "Lease",
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
_SLOW = {"Deployment", *_MANY}  # others must let go of them: owned pods, node, pods that mount
# What is held of each.
_LABELS = (INSTANCE, MANAGED_BY, "component")
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

    `others`: deployments whose images stay for their sake. `strays`: objects that have the
    deployment's labels and are not its own, as copies do.
    """

    name: str
    namespace: str
    plan: Plan
    servers: tuple[str, ...]
    volumes: tuple[Volume, ...]
    others: tuple[str, ...] = ()
    strays: tuple[ObjectRef, ...] = ()


@dataclass(frozen=True)
class _Found:
    """`versions`: of the list of each kind, to watch from. `strays`: outlines of them."""

    before: Teardown
    wish: Wish
    versions: dict[str, str]
    strays: tuple[Object, ...]

    def with_strays(self) -> "_Found":
        """Return the plan that deletes the strays as well."""
        strays = plan_teardown(self.strays, delete_data=self.wish.delete_storage).changes
        own = (each for each in self.before.plan.changes if each.ref not in self.before.strays)
        plan = Plan(tuple(sorted((*own, *strays), key=lambda change: change.ref)))
        return replace(self, before=replace(self.before, plan=plan, strays=()), strays=())


def teardown(
    cluster: Cluster,
    name: str,
    wish: Wish,
    *,
    approve: Callable[[Teardown], bool],
    adopt: Callable[[Teardown], bool] = lambda _: False,
    timeout_s: float,
    report: Report,
) -> Teardown | None:
    """None when `approve` said no; a plan without deletions when there is nothing to do.

    `adopt` says whether objects that only have the deployment's labels are deleted too.
    """
    cluster.wire.keep_trying(timeout_s, report)
    deadline = time.monotonic() + timeout_s
    found = _found(cluster, name, wish)
    if found.strays and adopt(found.before):
        found = found.with_strays()
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
    """All that has the deployment's labels; strays stay."""
    ask_ahead(cluster, [("rules", ())])
    others = tuple(each for each in names(cluster) if each != name) if wish.images else ()
    look = _look(cluster, name)
    outlines = [each.outline for each in look.own]
    shared = map(_outline, _shared(cluster)) if wish.images and not others else ()
    lasting = _fixed(cluster)
    kept = (*lasting, *(_IMAGES if wish.images is False else ()))
    seen = plan_teardown([*outlines, *shared], delete_data=wish.delete_storage, kept=kept)
    actions = {ref: Action.KEEP if ref.kind in lasting else Action.DELETE for ref in look.unseen}
    unseen = (Change(action, ref) for ref, action in actions.items())
    staying = (Change(Action.KEEP, ObjectRef.of(each), each) for each in look.strays)
    changes = (*seen.changes, *unseen, *staying)
    servers = (each for each in outlines if each["kind"] == "Pod")
    before = Teardown(
        name=name,
        namespace=cluster.namespace,
        plan=Plan(tuple(sorted(changes, key=lambda change: change.ref))),
        servers=tuple(sorted(owner_of(each) or each["metadata"]["name"] for each in servers)),
        volumes=tuple(sorted(each.volume for each in look.own if each.volume)),
        others=others,
        strays=tuple(sorted(map(ObjectRef.of, look.strays))),
    )
    return _Found(before, wish, look.versions, tuple(look.strays))


@dataclass(frozen=True, slots=True)
class _Own:
    """`volume`: what a claim is."""

    outline: Object
    volume: Volume | None


@dataclass(frozen=True)
class _Look:
    """`unseen`: what the inventory names of kinds that the user may not list.

    `versions`: of the list of each kind.
    """

    own: list[_Own]
    strays: list[Object]
    unseen: list[ObjectRef]
    versions: dict[str, str]


def _look(cluster: Cluster, name: str) -> _Look:
    """Look for all that has the deployment's labels, kind by kind."""
    (maps, version), (found, versions) = together(
        lambda: cluster.list("ConfigMap", _ours(name)),
        lambda: _listed(cluster, name, set(KINDS) - {"ConfigMap"}),
    )
    versions["ConfigMap"] = version
    by_name = {each["metadata"]["name"]: each for each in maps}
    notice(cluster, name, by_name.get(f"{name}-cfg", {}))
    named = recorded(by_name.get(f"{name}-inventory", {}))
    more, more_versions = _listed(cluster, name, {ref.kind for ref in named} - set(KINDS))
    versions |= more_versions
    everything = [*map(_own, maps), *found, *more]
    return _Look(
        own=[each for each in everything if is_own(name, each.outline, named)],
        strays=[each.outline for each in everything if not is_own(name, each.outline, named)],
        unseen=[ref for ref in named if ref.kind not in versions],
        versions=versions,
    )


def _fixed(cluster: Cluster) -> set[str]:
    """Return the kinds that do no harm where they stay, and that the user may not delete."""
    rules = cluster.rules()
    return {kind for kind in FIXED if lacking(rules, [("delete", kind)])}


def _listed(
    cluster: Cluster, name: str, kinds: Collection[str]
) -> tuple[list[_Own], dict[str, str]]:
    """Return the objects and the versions to watch from, for the kinds that the user may list.

    Metadata only, but of claims all: a size is said with what would be lost.
    """

    def census(kind: str) -> tuple[list[_Own], str] | None:
        try:
            return cluster.census(kind, _ours(name, kind), _own, whole=kind == _CLAIM)
        except Refused:
            return None

    answers = zip(kinds, parallel(census, kinds), strict=True)
    found = {kind: answer for kind, answer in answers if answer}
    versions = {kind: version for kind, (_, version) in found.items()}
    return [each for own, _ in found.values() for each in own], versions


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
    """The hub first: it starts no server any more, and ends well while its database is there."""
    name, going = found.before.name, found.before.plan.of(Action.DELETE)
    hub = [each for each in going if each.ref == ObjectRef("Deployment", name)]
    # The lease is held until the end, and deleted as it is given up.
    rest = [each for each in going if each not in hub and each.ref != lease.ref_of(name)]
    selectors = _selectors(found, rest, made_since=bool(hub))
    lasting = {each.ref.kind for each in going if _lasts(name, each)} | (selectors.keys() & _SLOW)

    def wait(watched: Leaving, changes: Iterable[Change]) -> None:
        left_s = max(deadline - time.monotonic(), 1)
        objects = (each.before or {} for each in changes if _lasts(name, each))
        watched.until_gone(objects, left_s, report)

    with leaving(cluster, lasting, f"app={name}", found.versions) as watched:
        if hub:
            remove(cluster, hub, report)
            wait(watched, hub)
        swept = _delete(cluster, rest, selectors, report)
        wait(watched, (each for each in (*rest, *swept) if each.ref.kind in lasting))
    if held := [each for each in swept if _lasts(name, each) and each.ref.kind not in lasting]:
        with leaving(cluster, {each.ref.kind for each in held}, f"app={name}") as watched:
            wait(watched, held)
    gone = {each.ref: each for each in (*going, *swept)}
    return [gone[ref] for ref in sorted(gone)]


def _delete(
    cluster: Cluster, going: list[Change], selectors: dict[str, str], report: Report
) -> list[Change]:
    """Last stage first, so that nothing makes again what was just deleted.

    Returns what the selectors picked.
    """

    def of_kind(kind: str) -> list[Change]:
        if kind in selectors:
            return _sweep(cluster, kind, selectors[kind], report)
        remove(cluster, [each for each in going if each.ref.kind == kind], report)
        return []

    kinds = {*selectors, *(each.ref.kind for each in going)}
    swept: list[Change] = []
    for _, stage in groupby(sorted(kinds, key=stage_of, reverse=True), stage_of):
        swept += chain.from_iterable(parallel(of_kind, stage))
    return swept


def _sweep(cluster: Cluster, kind: str, selector: str, report: Report) -> list[Change]:
    """In one request, where the user may make such."""
    try:
        picked = cluster.delete_all(kind, selector, _outline, foreground=kind in OWNERS)
    except Refused:
        picked, _ = cluster.census(kind, selector, _outline)
        remove(cluster, _going(picked), report)
    return _going(picked)


def _going(objects: Iterable[Object]) -> list[Change]:
    return plan_teardown(objects, delete_data=True).of(Action.DELETE)


def _lasts(name: str, change: Change) -> bool:
    """Whether it may be there still when its deletion was answered."""
    obj = change.before or {"metadata": {}}
    held = change.ref.kind in _SLOW or "finalizers" in obj["metadata"]
    return held and belongs_to(name, obj)


def _selectors(found: _Found, going: list[Change], *, made_since: bool) -> dict[str, str]:
    """By kind, of just what goes; without kinds of which none can tell it.

    `made_since`: until it is gone, the hub may make more for its users.
    """
    kinds = {each.ref.kind for each in going}
    if made_since:
        kinds |= {"Pod", _CLAIM} if found.wish.delete_storage else {"Pod"}
    staying = found.before.plan.of(Action.KEEP)
    chosen = {kind: _selector(found.before.name, kind, going, staying) for kind in kinds}
    return {kind: selector for kind, selector in chosen.items() if selector}


def _selector(name: str, kind: str, going: list[Change], staying: list[Change]) -> str:
    gone, kept = _live_objects(kind, going), _live_objects(kind, staying)
    if not all(belongs_to(name, each) for each in gone):
        return ""
    if not kept:
        return _ours(name, kind)
    parts = set(map(component_of, gone))
    apart = bool(parts) and all(parts) and parts.isdisjoint(map(component_of, kept))
    return f"{_ours(name)},component in ({','.join(sorted(parts))})" if apart else ""


def _live_objects(kind: str, changes: Iterable[Change]) -> list[Object]:
    """Return the live objects of `kind` that the changes start from."""
    return [each.before for each in changes if each.before and each.ref.kind == kind]


def _needed(going: list[Change]) -> list[tuple[str, str]]:
    """Rights, as `rights.check_rights` takes them."""
    verbs = ((_verb(each), each.ref.kind) for each in going)
    return sorted(set(verbs))


def _verb(change: Change) -> str:
    return "deletecollection" if change.ref.kind in _MANY else "delete"


def _ours(name: str, kind: str = "") -> str:
    """Of pods only those of users: the others go with their deployments."""
    whose = of_component(name, SERVER) if kind == "Pod" else f"app={name}"
    return f"{whose},{_MADE}"
