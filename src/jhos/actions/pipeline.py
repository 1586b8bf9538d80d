"""The one way to change a deployment: what is stored, an edit of it, objects, plan, apply, wait.

`propose` stops at the plan and writes nothing; `carry_out` goes all the way.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import TYPE_CHECKING

from jhos import revisions
from jhos.actions import history
from jhos.actions.edits import Edit, Stored
from jhos.actions.lost_parts import lost_inventory, report_lost
from jhos.actions.precaution import Precaution, release, take
from jhos.actions.pull_specs import PullSpecs, find
from jhos.actions.stored import is_current, stored_of
from jhos.actions.wanted import Wanted
from jhos.apply import announce, apply, preview, tally
from jhos.checks import check_first, check_host, check_metrics, check_quotas
from jhos.cluster import lease
from jhos.cluster.client import Cluster
from jhos.cluster.facts import (
    Kept,
    choose_database_image,
    read_certificate,
    read_kept,
    read_secret,
)
from jhos.cluster.parallel import together
from jhos.cluster.premises import allowance, read_quotas
from jhos.cluster.route import url_of
from jhos.errors import BeingDeleted, ClusterUnreachable, DeletedMeanwhile, JhosError, gave_way
from jhos.events import Event, Report, State
from jhos.kinds import Status, readiness
from jhos.objects import Object, ObjectRef, annotations_of
from jhos.plan import FROM_TEMPLATE, Action, Plan
from jhos.quotas import demand
from jhos.revisions import READY, Content, Revision, secret_of
from jhos.rights import DEPLOY, FIXED, check_plan, check_rights, lacking
from jhos.settings.auth import SECRET_PREFIX, check_secrets, of_unknown_groups
from jhos.settings.load import load
from jhos.settings.model import Settings
from jhos.settings.secrets import check_database, completed, decoded
from jhos.sizes import check_sizes
from jhos.wait import until_open, until_ready

if TYPE_CHECKING:
    from jhos.actions.backup import BackedUp

RETURN_S = 600  # for the way back, which no --timeout counts
_REASON = 160  # characters that a history keeps of it
_ANSWER_S = (10, 120)  # at least and at most, for the address of what is ready

Prepare = Callable[[Wanted, Plan, "BackedUp | None"], bool]
"""Comes before the plan is applied; returns whether it has applied the plan itself."""


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """What an edit would change. `absent`: images that would be built first."""

    wanted: Wanted
    absent: tuple[str, ...]
    plan: Plan


@dataclass(frozen=True)
class Deployed:
    """What stands now. `open_to_all`: whoever reaches `url` gets a server; None: not known.

    `backup`: what was before, where the database has another schema now, or may have.
    """

    name: str
    namespace: str
    url: str
    plan: Plan
    open_to_all: bool | None
    settings: Settings
    revision: int
    backup: "BackedUp | None"


def wanted_of(cluster: Cluster, edited: Stored) -> Wanted:
    """Raises SettingsError for what cannot be."""
    settings, chosen = _with_database_image(cluster, load(edited.settings))
    check_host(settings, cluster.namespace)
    check_metrics(cluster, settings)
    secrets = completed(edited.secrets)
    login = read_secret(cluster, settings.auth.secret)
    check_secrets(
        settings.auth,
        decoded(secrets | {f"{SECRET_PREFIX}{key}": value for key, value in login.items()}),
    )
    check_database(settings.database, {*secrets, *read_secret(cluster, settings.database.secret)})
    return Wanted(
        settings=settings,
        configuration=edited.configuration,
        secrets=secrets,
        certificate=read_certificate(cluster, settings.route.certificate),
        namespace=cluster.namespace,
        router_port=(cluster.router or "").rpartition(":")[2],
        images=chosen | edited.images,
    )


def propose(cluster: Cluster, name: str, edit: Edit, *, force: bool = False) -> Proposal:
    """What `carry_out` would change, by the server's dry run; nothing is written."""
    idea = _idea(cluster, name, edit)
    plan = _planned(cluster, idea, force=force, try_new=True)
    report_lost(cluster, idea.kept, plan)
    return Proposal(wanted=idea.wanted, absent=tuple(idea.specs.absent), plan=plan)


@dataclass(frozen=True)
class _Idea:
    """What was read, what is wanted instead, and the images for it."""

    kept: Kept
    stored: Stored
    wanted: Wanted
    specs: PullSpecs


def _idea(cluster: Cluster, name: str, edit: Edit) -> _Idea:
    kept = read_kept(cluster, name)
    stored = stored_of(cluster, kept)
    wanted = wanted_of(cluster, edit(stored))
    return _Idea(kept, stored, wanted, find(cluster, wanted.settings, wanted.images))


def _renewed(cluster: Cluster, idea: _Idea, edit: Edit, *, force: bool) -> tuple[_Idea, Plan]:
    """As things are now: another run may have been at work while they were read."""
    if read_kept(cluster, idea.kept.name) != idea.kept:
        idea = _idea(cluster, idea.kept.name, edit)
    return idea, _planned(cluster, idea, force=force)


def _built(cluster: Cluster, idea: _Idea, deadline: float, report: Report) -> _Idea:
    """With the images that were absent."""
    from jhos.actions.missing_images import build_absent

    left = deadline - time.monotonic()
    images = build_absent(cluster, idea.specs, timeout_s=left, report=report)
    return replace(idea, specs=PullSpecs(images, {}))


def _recorded(cluster: Cluster, idea: _Idea, what: str) -> Revision:
    content = _content(idea.wanted, idea.specs.found)
    return history.record(cluster, idea.kept.name, content, what, is_first=not idea.kept.live)


def _record_found(cluster: Cluster, kept: Kept, stored: Stored) -> None:
    """What the web console has made is the first revision, so that there is a way back to it."""
    if kept.inventory or not kept.config or FROM_TEMPLATE not in annotations_of(kept.config):
        return
    hub = cluster.get(ObjectRef("Deployment", kept.name))
    if hub is None or history.revisions(cluster, kept.name):
        return
    content = Content(
        settings=load(stored.settings).as_dict(), configuration=stored.configuration, images={}
    )
    what = "made by the web console"
    revision = history.record(cluster, kept.name, content, what, is_first=True)
    if readiness(hub).status is Status.READY:
        history.note(cluster, kept.name, revision, READY)


@dataclass(frozen=True, kw_only=True)
class Manner:
    """How an edit is carried out.

    `force`: fields of others are taken over. `what` was done, in words, where the settings do not
    tell. `check`: first, whether the project can hold it. What does not become ready gives way
    to the revision before it, unless not `may_return`. `prepare` comes while no other run changes
    the deployment.
    """

    timeout_s: float
    report: Report
    wait: bool = True
    force: bool = False
    check: bool = True
    may_return: bool = True
    what: str = ""
    precaution: Precaution | None = None
    prepare: Prepare | None = None


def carry_out(cluster: Cluster, name: str, edit: Edit, manner: Manner) -> Deployed:
    """Bring the deployment to what `edit` makes of what is stored; missing images are built.

    Raises the classes of `jhos.errors`. May be repeated after any interruption.
    """
    deadline = time.monotonic() + manner.timeout_s
    cluster.wire.keep_trying(manner.timeout_s, manner.report)
    idea = _idea(cluster, name, edit)
    _warn_of_groups(idea.wanted, manner.report)
    if idea.specs.absent:
        from jhos.actions.missing_images import check_absent  # seldom is one absent

        check_absent(cluster, idea.specs)
    plan = _planned(cluster, idea, force=manner.force)
    if manner.check:
        _check_room(cluster, idea, plan)
    report_lost(cluster, idea.kept, plan)
    cluster.foreseen.clear()  # what was not needed grows old
    is_listed = not (plan.stale or lost_inventory(idea.kept, plan))
    if manner.prepare or idea.specs.absent or plan.moves or not is_listed:
        done = _alone(cluster, idea, plan, edit, manner, deadline)
        url = done.url_of_route(cluster) or _url(cluster, name)
    else:
        manner.report(Event("Objects", State.DONE, tally(plan)))
        revision, url = together(
            partial(_recorded, cluster, idea, manner.what), partial(_url, cluster, name)
        )
        done = _Applied(idea, plan, revision)
    if manner.wait:
        try:
            url = _wait(cluster, name, done.plan, manner.timeout_s, deadline, manner.report)
        except JhosError as error:
            raise _returned(cluster, name, done, error, manner) from error
        history.note(cluster, name, done.revision, READY)
    return _deployed(cluster, done, url, _left_of_backup(cluster, done, manner))


def _check_room(cluster: Cluster, idea: _Idea, plan: Plan) -> None:
    """Raises Refused where a quota or a LimitRange is in the way of the plan."""
    needed = demand(plan, idea.kept)
    if not idea.stored.exists:
        check_first(allowance(cluster), idea.wanted.settings, needed)
    elif needed:
        check_quotas(read_quotas(cluster), needed)


def _warn_of_groups(wanted: Wanted, report: Report) -> None:
    """Not where the user's own configuration may tell of groups."""
    words = of_unknown_groups(wanted.settings)
    texts = "".join(wanted.configuration.values())
    if words and not any(word in texts for word in ("uthenticator", "load_groups")):
        report(Event("Profiles", State.WARNING, words))


def _deployed(cluster: Cluster, done: "_Applied", url: str, backup: "BackedUp | None") -> Deployed:
    name, wanted, number = done.idea.kept.name, done.idea.wanted, done.revision.number
    is_open = _is_open(wanted.settings, wanted.configuration)
    return Deployed(
        name, cluster.namespace, url, done.plan, is_open, wanted.settings, number, backup
    )


def _left_of_backup(cluster: Cluster, done: "_Applied", manner: Manner) -> "BackedUp | None":
    """Where nobody waited, the schema is not known yet."""
    if done.backup is None or manner.precaution is None or manner.precaution.always:
        return done.backup
    settings = done.idea.wanted.settings
    return release(cluster, settings, done.backup, manner.report) if manner.wait else done.backup


@dataclass(frozen=True)
class _Applied:
    """`written`: objects as they now are."""

    idea: _Idea
    plan: Plan
    revision: Revision
    written: dict[ObjectRef, Object] = field(default_factory=dict)
    backup: "BackedUp | None" = None

    def url_of_route(self, cluster: Cluster) -> str:
        """Empty where the route was not written."""
        route = self.written.get(ObjectRef("Route", self.idea.kept.name))
        return url_of(cluster, route) if route else ""


def _alone(
    cluster: Cluster, idea: _Idea, plan: Plan, edit: Edit, manner: Manner, deadline: float
) -> _Applied:
    """Applied while no other run changes the deployment."""
    name, is_first = idea.kept.name, not idea.stored.exists
    subject, report = f"Deployment {name}", manner.report

    def beside() -> bool:
        """What may fail before there is anything to list leaves no inventory behind."""
        ready = not (idea.specs.absent or manner.prepare)
        return ready and announce(cluster, name, plan)

    with lease.held(
        cluster, name, subject, manner.timeout_s, report, first=is_first, beside=beside
    ) as lock:
        if not lock.is_new:  # another run may have changed what was read
            idea, plan = _renewed(cluster, idea, edit, force=manner.force)
        if idea.specs.absent:
            idea = _built(cluster, idea, deadline, report)
            plan = _planned(cluster, idea, force=manner.force)
        lock.check()
        stored, backup = idea.stored, None
        if manner.precaution and stored.exists:
            backup = take(cluster, stored, plan, manner.precaution, report)
        is_applied = bool(manner.prepare and manner.prepare(idea.wanted, plan, backup))
        lock.check()
        _record_found(cluster, idea.kept, stored)
        record = cache(lambda: _recorded(cluster, idea, manner.what))
        if is_applied:
            return _Applied(idea, plan, record(), backup=backup)
        written = apply(
            cluster, name, plan, report, force=manner.force, announced=lock.beside, record=record
        )
        return _Applied(idea, plan, record(), written, backup)


def to_revision(content: Content) -> Edit:
    """An edit that brings it back, with the images that it had."""

    def edit(stored: Stored) -> Stored:
        configuration = {**dict.fromkeys(stored.configuration, ""), **content.configuration}
        return replace(stored, settings=content.settings, configuration=configuration,
                       images=content.images)  # fmt: skip

    return edit


def _content(wanted: Wanted, images: dict[str, str]) -> Content:
    settings = wanted.settings.as_dict()
    return Content(settings=settings, configuration=wanted.configuration, images=images)


def _returned(
    cluster: Cluster, name: str, done: _Applied, error: JhosError, manner: Manner
) -> JhosError:
    """The error that ends the command, after the revision before is back where there is one.

    One that was ready before fails for a reason of the cluster's, and stays.
    """
    revision = done.revision
    gone = (ClusterUnreachable, DeletedMeanwhile, BeingDeleted)
    if isinstance(error, gone) or revision.outcome == READY:
        return error
    history.note(cluster, name, revision, _reason(error))
    former = revisions.former(history.revisions(cluster, name), revision)
    if former is None or not manner.may_return:
        return error
    what = f"revision {former.number}"
    going = f"going back to {what}, for which there are {RETURN_S // 60} min more"
    manner.report(Event("Rollout", State.WARNING, f"{_reason(error)}; {going}"))
    again = f"jhos rollout {name} undo --to {former.number} -n {cluster.namespace}"
    if done.backup:
        again += f" The database as it was before: {done.backup.path}"
    try:
        edit = to_revision(history.content(cluster, name, former.number))
        back = _back(cluster, done, manner.report, revisions.back_to(former.number))
        carry_out(cluster, name, edit, back)
    except JhosError as second:
        return type(error)(
            f"{error.message.rstrip()}\nGoing back to {what} failed too: {second.message}",
            f"Once that is mended: {again}",
        )
    except KeyboardInterrupt as stop:
        raise type(stop)(f"Interrupted while going back to {what}.", f"Go on: {again}") from stop
    if done.backup:
        done.backup.path.unlink(missing_ok=True)
    return gave_way(
        error,
        f"So {what} was brought back and is ready; running servers went on.",
        f"What was tried is revision {revision.number}: jhos rollout {name} history",
    )


def _back(cluster: Cluster, done: _Applied, report: Report, what: str) -> Manner:
    """To the revision before, with the database as it was where its schema has changed."""
    backup, deadline = done.backup, time.monotonic() + RETURN_S

    def prepare(wanted: Wanted, plan: Plan, _: "BackedUp | None") -> bool:
        assert backup
        from jhos import archive
        from jhos.actions.load_database import load_without_hub

        load_without_hub(
            cluster, wanted.settings, plan, archive.read(backup.path), forget=False,
            other_schema_only=True, deadline=deadline, report=report,
        )  # fmt: skip
        return True

    return Manner(
        timeout_s=RETURN_S, report=report, what=what, check=False, may_return=False,
        prepare=prepare if backup else None,
    )  # fmt: skip


def _reason(error: JhosError) -> str:
    """In one line, without what a kubelet tells of its waiting."""
    line = error.message.splitlines()[0].partition(": back-off ")[0]
    return line if len(line) <= _REASON else f"{line[: _REASON - 1]}…"


def _planned(cluster: Cluster, idea: _Idea, *, force: bool, try_new: bool = False) -> Plan:
    """With images that are absent by their names: that names of objects are taken is found before
    a build, which takes minutes. Raises Refused without the rights that the plan needs."""
    kept = idea.kept
    rules = cluster.rules()
    fixed = FIXED if is_current(kept) else ()  # as they are wanted, without a look
    hidden = [kind for kind in fixed if lacking(rules, [("list", kind)])]
    needed = (right for right in DEPLOY if right[0] in ("get", "list") or not kept.config)
    check_rights(cluster, (right for right in needed if right[1] not in hidden))
    objects = idea.wanted.objects(idea.specs.assumed)
    check_sizes([_revision_to_come(idea)])
    plan = preview(cluster, kept, objects, force=force, try_new=try_new, hidden=hidden)
    check_plan(cluster, plan)
    return plan


def _revision_to_come(idea: _Idea) -> Object:
    """Only as large as the one that will be recorded."""
    content = _content(idea.wanted, idea.specs.assumed)
    revision = Revision(number=0, at="", who="", what="", digest=content.digest)
    return secret_of(idea.kept.name, revision, content)


def _with_database_image(cluster: Cluster, settings: Settings) -> tuple[Settings, dict[str, str]]:
    """Chosen once for all: another version would not read the volume; with its pull spec."""
    if settings.database.image or settings.database.type != "postgresql":
        return settings, {}
    image, pull_spec = choose_database_image(cluster)
    database = replace(settings.database, image=image)
    return replace(settings, database=database), {image: pull_spec}


def _wait(
    cluster: Cluster, name: str, plan: Plan, timeout_s: float, deadline: float, report: Report
) -> str:
    """Until all is ready and the hub answers at the URL that is returned."""
    until_ready(cluster, name, _awaited(plan), timeout_s, deadline, report)
    url = _url(cluster, name)
    left = deadline - time.monotonic()
    until_open(cluster, name, url, min(max(left, _ANSWER_S[0]), _ANSWER_S[1]), report)
    return url


def _url(cluster: Cluster, name: str) -> str:
    route = cluster.get(ObjectRef("Route", name))
    return url_of(cluster, route) if route else ""


def _is_open(settings: Settings, configuration: dict[str, str]) -> bool | None:
    """None where the user's own configuration decides."""
    if any("uthenticator" in text for text in configuration.values()):
        return None
    return settings.auth.type == "anonymous" or settings.auth.allow_all


def _awaited(plan: Plan) -> list[ObjectRef]:
    there = (change for change in plan.changes if change.action is not Action.DELETE)
    return [change.ref for change in there if change.ref.kind in ("Deployment", "Route")]
