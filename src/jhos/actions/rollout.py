"""Restart a hub, see how it stands, and bring back what it was."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime

from jhos.actions import history, hub_database
from jhos.actions.backup import BackedUp
from jhos.actions.configure import changeable, read
from jhos.actions.load_database import load_without_hub
from jhos.actions.pipeline import Deployed, Manner, carry_out, to_revision
from jhos.actions.precaution import Precaution
from jhos.actions.wanted import Wanted
from jhos.archive import Backup
from jhos.cluster import lease
from jhos.cluster.client import Cluster
from jhos.cluster.parallel import together
from jhos.cluster.route import url_of
from jhos.errors import Refused, SettingsError
from jhos.events import Event, Report, State
from jhos.kinds import Readiness, readiness
from jhos.objects import ObjectRef, timestamp
from jhos.plan import Plan
from jhos.revisions import READY, Revision, aim, back_to, former, schema_at
from jhos.rights import look
from jhos.settings.load import load
from jhos.settings.model import Settings
from jhos.wait import until_open, until_ready

_RESTARTED = "kubectl.kubernetes.io/restartedAt"  # as `kubectl rollout restart` writes it
_ANSWER_S = 60


@dataclass(frozen=True)
class Standing:
    """`revision`: the newest; None: there is none yet, or the user may not read it."""

    name: str
    namespace: str
    url: str
    revision: Revision | None
    hub: Readiness


def standing(cluster: Cluster, name: str) -> Standing:
    hub, route, kept = together(
        lambda: cluster.get(ObjectRef("Deployment", name)),
        lambda: cluster.get(ObjectRef("Route", name)),
        lambda: look(set(), "Secret", lambda: history.revisions(cluster, name)),
    )
    if not hub:
        read(cluster, name)  # which raises
        raise AssertionError(name)
    return Standing(
        name=name,
        namespace=cluster.namespace,
        url=url_of(cluster, route) if route else "",
        revision=kept[-1] if kept else None,
        hub=readiness(hub),
    )


def await_ready(cluster: Cluster, name: str, *, timeout_s: float, report: Report) -> Standing:
    """Until the hub is ready and answers. Raises what stands in the way."""
    deadline = time.monotonic() + timeout_s
    found = standing(cluster, name)
    until_ready(cluster, name, [ObjectRef("Deployment", name)], timeout_s, deadline, report)
    until_open(cluster, name, found.url, _ANSWER_S, report)
    return standing(cluster, name)


def restart(
    cluster: Cluster, name: str, *, wait: bool, timeout_s: float, report: Report
) -> Standing:
    """Only the hub: proxy and servers go on."""
    changeable(cluster, name)
    with lease.held(cluster, name, f"Deployment {name}", timeout_s, report) as lock:
        lock.check()
        now = timestamp(datetime.now(UTC))
        template = {"metadata": {"annotations": {_RESTARTED: now}}}
        cluster.merge(ObjectRef("Deployment", name), {"spec": {"template": template}})
    report(Event(f"Deployment {name}", State.RUNNING, "restarting"))
    if not wait:
        return standing(cluster, name)
    return await_ready(cluster, name, timeout_s=timeout_s, report=report)


def undo(
    cluster: Cluster,
    name: str,
    to: int | None,
    *,
    backup: Backup | None,
    precaution: Precaution | None,
    wait: bool,
    timeout_s: float,
    report: Report,
) -> tuple[Deployed, int]:
    """Bring back revision `to`, else the last before this one that was ready; with its number.

    An undo whose outcome nobody saw is continued. It becomes a revision of its own. What somebody
    wrote past jhos goes. `backup`: with the database of that file; else `precaution` is against a
    loss of it. Raises Refused where the hub of then could not read that of now.
    """
    settings = load(changeable(cluster, name).settings)
    number = to if to is not None else _target(cluster, name)
    _check_schema(cluster, settings, number, backup)
    deadline = time.monotonic() + timeout_s

    def prepare(wanted: Wanted, plan: Plan, _: BackedUp | None) -> bool:
        assert backup
        load_without_hub(
            cluster, wanted.settings, plan, backup, forget=False, deadline=deadline, report=report
        )
        return True

    edit = to_revision(history.content(cluster, name, number))
    manner = Manner(
        timeout_s=timeout_s, report=report, wait=wait, what=back_to(number),
        may_return=not backup, prepare=prepare if backup else None,
        precaution=None if backup else precaution,
    )  # fmt: skip
    return carry_out(cluster, name, edit, manner), number


def _check_schema(cluster: Cluster, settings: Settings, number: int, backup: Backup | None) -> None:
    """Of the database, which an upgrade may have changed since."""
    name = settings.name
    schema = schema_at(history.revisions(cluster, name), number)
    if backup:
        _check_backup(backup, settings, schema)
    elif schema and hub_database.find(cluster, settings).look()["schema"] != schema:
        raise Refused(
            f"The database has another schema since revision {number} of {name}, whose hub "
            "cannot read it any more.",
            "Bring back the database too, as the backup has it that was written at that change; "
            f"what users did since is lost: jhos rollout {name} undo --to {number} --backup FILE",
        )


def _check_backup(backup: Backup, settings: Settings, schema: str) -> None:
    """Raises SettingsError unless it is the database that the revision can read."""
    about = backup.about
    if about["name"] != settings.name or not backup.database:
        raise SettingsError(f"{backup.path} holds no database of {settings.name}.", "")
    if about["database"]["type"] != settings.database.type:
        raise SettingsError(
            f"{backup.path} holds a database of type {about['database']['type']}, and that of "
            f"{settings.name} is {settings.database.type}.",
            "",
        )
    if schema and about["database"]["schema"] != schema:
        raise SettingsError(
            f"{backup.path} is not of before the change: its database has the schema "
            f"{about['database']['schema']}, and that revision's hub needs {schema}.",
            "Take the file that was written first then.",
        )


def earlier(cluster: Cluster, name: str) -> Revision | None:
    """What `undo` goes back to where nothing else is said."""
    kept = history.revisions(cluster, name)
    return former(kept, kept[-1]) if kept else None


def _target(cluster: Cluster, name: str) -> int:
    kept = history.revisions(cluster, name)
    if kept and (number := aim(kept[-1])) is not None:
        return number
    found = former(kept, kept[-1]) if kept else None
    if found is None:
        raise SettingsError(
            f"There is nothing to go back to: {name} has no earlier revision that was ready.",
            f"jhos rollout {name} history lists those there are.",
        )
    return found.number


def outcome(revision: Revision, kept: list[Revision]) -> str:
    """In a word, or why it did not become ready."""
    if revision.outcome not in ("", READY):
        return f"failed: {revision.outcome}"
    if revision is kept[-1]:
        return "current" if revision.outcome == READY else "current, not seen ready yet"
    return ""
