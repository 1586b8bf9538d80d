"""What the database was before a hub of another image, which may bring it to another schema.

It lies in a file: what gives way to the revision before gets it back, and so may an undo later.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from jhos.actions import history
from jhos.actions.edits import Stored
from jhos.cluster.client import Cluster
from jhos.errors import ClusterUnreachable, JhosError
from jhos.events import Event, Report, State
from jhos.objects import ObjectRef
from jhos.plan import Plan
from jhos.revisions import READY
from jhos.settings.load import load
from jhos.settings.model import Settings

if TYPE_CHECKING:
    from jhos.actions.backup import BackedUp

_IMAGE = "spec.template.spec.containers[hub].image"


@dataclass(frozen=True, kw_only=True)
class Precaution:
    """`passphrase`: for the secrets in `file`; None: they are left out.

    `always`: before every change, and the file stays; else before a hub of another image, and it
    stays where the schema did change.
    """

    file: Path
    passphrase: str | None = field(default=None, repr=False)
    always: bool = False


def take(
    cluster: Cluster, stored: Stored, plan: Plan, wanted: Precaution, report: Report
) -> "BackedUp | None":
    """By whoever holds the lease, before `plan` is applied. None: there is nothing to lose.

    Raises what stands in the way of a backup.
    """
    settings = load(stored.settings)
    if not plan.differs or not (wanted.always or _is_at_stake(cluster, settings.name, plan)):
        return None
    from jhos.actions import backup, hub_database  # most changes leave the database alone

    if settings.database.type not in hub_database.KINDS:
        words = "it is not in the cluster; back it up where its URL leads"
        report(Event("Backup", State.WARNING, f"none of the database: {words}"))
        return None
    try:
        made = backup.write(cluster, stored, wanted.file, passphrase=wanted.passphrase,
                            database=True, report=report)  # fmt: skip
    except ClusterUnreachable:
        raise
    except JhosError as error:
        raise type(error)(
            f"The database is backed up before its hub changes, and that failed: {error.message}",
            f"{error.hint} To go on without: --no-backup.".lstrip(),
        ) from error
    report(Event("Backup", State.DONE, str(made.path)))
    history.note_schema(cluster, settings.name, made.schema)
    return made


def _is_at_stake(cluster: Cluster, name: str, plan: Plan) -> bool:
    """Whether a hub that has a database gets another image."""
    hub = next((each for each in plan.writes if each.ref == ObjectRef("Deployment", name)), None)
    if not hub or not hub.before or _IMAGE not in {field.path for field in hub.fields}:
        return False
    runs = hub.before.get("status", {}).get("readyReplicas", 0) > 0
    return runs or any(each.outcome == READY for each in history.revisions(cluster, name))


def release(
    cluster: Cluster, settings: Settings, made: "BackedUp", report: Report
) -> "BackedUp | None":
    """Once the new hub is ready: the file goes where the schema is the same. Returns what stays."""
    from jhos.actions import hub_database

    try:
        schema = hub_database.find(cluster, settings).look()["schema"]
    except JhosError:
        return made
    if (settings.database.type, schema) != (made.database, made.schema):
        return made
    made.path.unlink(missing_ok=True)
    report(Event(str(made.path), State.DONE, "removed, since the database kept its schema"))
    return None
