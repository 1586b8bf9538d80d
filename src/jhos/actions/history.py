"""The last revisions of a deployment, as they lie in the project."""

from datetime import UTC, datetime

from jhos.cluster import lease
from jhos.cluster.client import Cluster
from jhos.cluster.parallel import parallel
from jhos.errors import NotFound, SettingsError
from jhos.objects import INSTANCE, ObjectRef, timestamp
from jhos.revisions import (
    Content,
    Revision,
    changes,
    content_of,
    note_patch,
    revision_of,
    secret_name,
    secret_of,
    surplus,
)
from jhos.wait import deleted_meanwhile


def revisions(cluster: Cluster, name: str) -> list[Revision]:
    """The oldest first; one request."""
    secrets = cluster.metadata("Secret", f"{INSTANCE}={name},component=revision")
    found = [each for each in map(revision_of, secrets) if each]
    return sorted(found, key=lambda revision: revision.number)


def content(cluster: Cluster, name: str, number: int) -> Content:
    """Raises SettingsError where it is not kept."""
    secret = cluster.get(ObjectRef("Secret", secret_name(name, number)))
    if not secret:
        there = ", ".join(str(each.number) for each in revisions(cluster, name)) or "none"
        raise SettingsError(f"There is no revision {number} of {name}.", f"There are: {there}.")
    return content_of(secret)


def record(
    cluster: Cluster, name: str, now: Content, what: str = "", *, is_first: bool
) -> Revision:
    """The newest revision, which is made unless it says the same already; old ones go.

    `is_first`: there was nothing of the deployment before.
    """
    there = [] if is_first else revisions(cluster, name)
    newest = there[-1] if there else None
    if newest and newest.digest == now.digest:
        return newest
    before = content(cluster, name, newest.number) if newest else None
    made = Revision(
        number=newest.number + 1 if newest else 1,
        at=timestamp(datetime.now(UTC)),
        who=lease.who(),
        what=what or changes(before, now),
        digest=now.digest,
    )
    cluster.apply(secret_of(name, made, now), force=True)
    parallel(lambda old: _forget(cluster, name, old), surplus(there))
    return made


def note(cluster: Cluster, name: str, revision: Revision, outcome: str) -> None:
    if revision.outcome != outcome:
        _note(cluster, name, revision, "outcome", outcome)


def note_schema(cluster: Cluster, name: str, schema: str) -> None:
    """On the newest revision, whose last moment it is."""
    if there := revisions(cluster, name):
        _note(cluster, name, there[-1], "schema", schema)


def _note(cluster: Cluster, name: str, revision: Revision, key: str, value: str) -> None:
    ref = ObjectRef("Secret", secret_name(name, revision.number))
    try:
        cluster.merge(ref, note_patch(key, value))
    except NotFound as error:
        raise deleted_meanwhile(cluster, name, ref) from error


def _forget(cluster: Cluster, name: str, old: Revision) -> None:
    cluster.delete(ObjectRef("Secret", secret_name(name, old.number)))
