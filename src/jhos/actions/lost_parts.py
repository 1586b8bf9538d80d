"""Parts of a deployment that somebody deleted: which they are, and what that means."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from jhos.actions import history
from jhos.cluster.client import Cluster
from jhos.cluster.facts import Kept
from jhos.cluster.parallel import parallel
from jhos.errors import Conflict, Refused
from jhos.events import Event, State
from jhos.inventory import recorded
from jhos.objects import Object, ObjectRef, annotations_of
from jhos.plan import FROM_TEMPLATE, Action, Plan

_CLAIM = "PersistentVolumeClaim"
_FIRST_SEEN = ("Deployment", "Route", _CLAIM)  # kinds that a short look covers
_FORGOTTEN = (
    "It held the settings and the configuration, which no revision has either: the defaults and "
    "the options of this command apply."
)


@dataclass(frozen=True)
class LostPart:
    """`meaning`: the consequences of the loss, as sentences; empty if a new object is as good."""

    ref: ObjectRef
    meaning: str


def report_lost(cluster: Cluster, kept: Kept, plan: Plan) -> None:
    """Report what the plan creates again.

    Raises Conflict if the plan stops the pod that alone keeps the database's volume from deletion.
    """
    _check_claim(cluster, kept.name, plan)
    lost = [part for part in _lost(cluster, kept, plan) if str(part.ref) not in cluster.told]
    cluster.told.update(str(part.ref) for part in lost)
    for part in lost:
        if part.meaning:
            _warn(cluster, str(part.ref), f"was missing and is created again. {part.meaning}")
    if others := ", ".join(str(part.ref) for part in lost if not part.meaning):
        _warn(cluster, "Lost parts", f"{others}: missing until now, created again")


def lost_inventory(kept: Kept, plan: Plan) -> bool:
    """Return whether a hub exists without its inventory; the web console writes none."""
    return _lacks_inventory(kept, _before(plan, ObjectRef("Deployment", kept.name)))


def missing_parts(
    cluster: Cluster, kept: Kept, hub: Object | None, there: Iterable[ObjectRef], *, full: bool
) -> list[LostPart]:
    """Return what a deployment lacks, whose Deployments and Route are `there`.

    `full`: ask for every other part, too, not only for the database's volume.
    """
    if not hub and not kept.inventory:
        return []
    named = recorded(kept.inventory) - {*kept.refs, *there}
    asked = sorted(ref for ref in named if full or ref.kind in _FIRST_SEEN)
    found = parallel(lambda ref: _exists(cluster, ref), asked)
    config, secret, inventory = kept.refs
    held = [ref for ref in (config, secret) if ref not in kept.live]
    held += [inventory] if _lacks_inventory(kept, hub) else []
    absent = [ref for ref, exists in zip(asked, found, strict=True) if not exists]
    return [_part(kept.name, ref) for ref in (*held, *absent)]


def _lost(cluster: Cluster, kept: Kept, plan: Plan) -> Iterator[LostPart]:
    if lost_inventory(kept, plan):
        yield _part(kept.name, kept.refs[-1])
    created = {change.ref for change in plan.of(Action.CREATE)}
    hub = _before(plan, ObjectRef("Deployment", kept.name))
    if not created or not (kept.inventory or hub):
        return
    had = _had(cluster, kept.name)
    # A hub is created after what its settings and secrets are kept in.
    expected = had or (set(kept.refs) if hub else set())
    for ref in sorted(created & expected):
        forgotten = not had and ref == kept.refs[0]
        part = _part(kept.name, ref)
        yield replace(part, meaning=_FORGOTTEN) if forgotten else part


def _had(cluster: Cluster, name: str) -> set[ObjectRef]:
    """The objects of the newest revision.

    The inventory does not tell: it names what an interrupted run never came to create.
    """
    there = history.revisions(cluster, name)
    if not there:
        return set()
    from jhos.render import Facts, render  # seldom something is missing
    from jhos.settings.load import load

    settings = load(history.content(cluster, name, there[-1].number).settings)
    facts = Facts(namespace="", hub_image="", notebook_image="", database_image="")
    secret = ObjectRef("Secret", f"{name}-secrets")
    return {secret, *(ObjectRef.of(obj) for obj in render(settings, facts))}


def _check_claim(cluster: Cluster, name: str, plan: Plan) -> None:
    claim = ObjectRef(_CLAIM, f"{name}-db")
    before = _before(plan, claim)
    if not before or "deletionTimestamp" not in before["metadata"]:
        return
    words = "is being deleted, with the hub's database, as soon as the pod that uses it stops."
    backup = f"Write the database into a file now: jhos backup {name} -n {cluster.namespace}"
    moved = {change.ref for change in plan.moves}
    if moved & {ObjectRef("Deployment", name), ObjectRef("Deployment", claim.name)}:
        raise Conflict(f"{claim} {words} This change would stop it.", backup)
    _warn(cluster, str(claim), f"{words} {backup}")


def _before(plan: Plan, ref: ObjectRef) -> Object | None:
    return next((change.before for change in plan.changes if change.ref == ref), None)


def _lacks_inventory(kept: Kept, hub: Object | None) -> bool:
    return bool(hub and not kept.inventory and FROM_TEMPLATE not in annotations_of(hub))


def _exists(cluster: Cluster, ref: ObjectRef) -> bool:
    """Return whether it exists; an object that the user may not read counts as existing."""
    try:
        return cluster.get(ref) is not None
    except Refused:
        return True


def _warn(cluster: Cluster, subject: str, words: str) -> None:
    cluster.wire.report(Event(subject, State.WARNING, words))


def _part(name: str, ref: ObjectRef) -> LostPart:
    meanings = {
        ObjectRef("Secret", f"{name}-secrets"): (
            "All users must log in again, hub, proxy and database restart with new passwords, and "
            "secrets that you gave (--secret-file, --auth-secret-file) must be given again. A "
            "backup has the old values."
        ),
        ObjectRef("ConfigMap", f"{name}-cfg"): (
            "It held the settings and the configuration, which the newest revision has as well."
        ),
        ObjectRef("ConfigMap", f"{name}-inventory"): "It lists what belongs to the deployment.",
        ObjectRef(_CLAIM, f"{name}-db"): (
            "The hub's database is lost, with its users and tokens, and starts empty. A backup "
            "has it."
        ),
    }
    return LostPart(ref, meanings.get(ref, ""))
