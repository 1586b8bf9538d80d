"""Read a database in while no hub uses it: the hub rests meanwhile, its volumes at hand."""

import time
from copy import deepcopy
from dataclasses import replace

from jhos.actions import hub_database
from jhos.apply import apply
from jhos.archive import Backup
from jhos.cluster.client import Cluster
from jhos.events import Event, Report, State
from jhos.objects import RENDERED, Object, ObjectRef
from jhos.plan import Action, Plan
from jhos.settings.model import Settings
from jhos.wait import until_ready

_PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
_NO_JUPYTERHUB = ["sleep", "infinity"]


def load_without_hub(
    cluster: Cluster,
    settings: Settings,
    plan: Plan,
    file: Backup,
    *,
    forget: bool,
    force: bool = False,
    other_schema_only: bool = False,
    deadline: float,
    report: Report,
) -> None:
    """Apply the plan: all but the hub, which rests; then the database, and the hub last.

    `forget`: servers that ran are not looked for. `other_schema_only`: a database of the file's
    schema stays as it is.
    """
    name = settings.name
    hub, database = ObjectRef("Deployment", name), ObjectRef("Deployment", f"{name}-db")
    (own,) = (change.after or {} for change in plan.changes if change.ref == hub)
    apply(cluster, name, _without_writing(plan, hub), report, force=force)
    cluster.apply(_resting(own), force=True)
    awaited = [hub, database] if settings.database.type == "postgresql" else [hub]
    until_ready(cluster, name, awaited, max(deadline - time.monotonic(), 1), deadline, report)
    target = hub_database.find(cluster, settings)
    if not other_schema_only or target.look()["schema"] != file.about["database"]["schema"]:
        report(Event("Database", State.RUNNING, "is read in"))
        target.load(file.dump(), file.database_size, forget=forget)
        report(Event("Database", State.DONE, f"users: {len(file.about['users'])}"))
    cluster.apply(own, force=True)


def _without_writing(plan: Plan, ref: ObjectRef) -> Plan:
    """The plan that leaves the object as it is; the inventory still names it."""
    kept = (
        replace(change, action=Action.UNCHANGED) if change.ref == ref else change
        for change in plan.changes
    )
    return replace(plan, changes=tuple(kept))


def _resting(hub: Object) -> Object:
    """It is no rendered one, so that whoever finds it puts the hub in its place."""
    resting = deepcopy(hub)
    resting["metadata"]["annotations"].pop(RENDERED, None)
    pod = resting["spec"]["template"]["spec"]
    pod["terminationGracePeriodSeconds"] = 1
    container = pod["containers"][0]
    container["command"] = _NO_JUPYTERHUB
    for probe in _PROBES:
        container.pop(probe, None)
    return resting
