"""What the project keeps of a deployment, read."""

from jhos import __version__
from jhos.actions import history
from jhos.actions.edits import Stored
from jhos.actions.list_deployments import absent
from jhos.actions.notice import notice
from jhos.cluster.client import Cluster
from jhos.cluster.facts import Kept, read_kept
from jhos.configuration import USER_KEYS, is_moved, joined
from jhos.objects import annotations_of
from jhos.plan import belongs_to, check_ownership
from jhos.revisions import Content
from jhos.settings.load import parse
from jhos.versions import VERSION


def read_stored(cluster: Cluster, name: str) -> Stored:
    """Three requests."""
    return stored_of(cluster, read_kept(cluster, name))


def existing(cluster: Cluster, name: str) -> Stored:
    """Raises SettingsError where there is no such deployment, nor what one has left."""
    kept = read_kept(cluster, name)
    owned = kept.config or kept.inventory or kept.secret
    if not owned or not belongs_to(name, owned):
        raise absent(cluster, name)
    stored = stored_of(cluster, kept)
    if not stored.exists:
        raise absent(cluster, name)
    return stored


def stored_of(cluster: Cluster, kept: Kept) -> Stored:
    """Raises Conflict where what has its name is somebody else's.

    What a ConfigMap or Secret held that was deleted is taken from the newest revision.
    """
    check_ownership(kept.name, kept.live, kept.live.values())
    notice(cluster, kept.name, kept.config)
    data, secrets = kept.config.get("data", {}), kept.secret.get("data", {})
    lost = [file for file in USER_KEYS if is_moved(data.get(file, "")) and file not in secrets]
    last = _newest(cluster, kept) if lost or not kept.config else None
    settings = parse(data.get("settings.yaml", ""), "the deployment")
    if last and not kept.config:
        lost, settings = list(USER_KEYS), last.settings
    found = {file: last.configuration.get(file, "") for file in lost} if last else {}
    return Stored(
        exists=bool(kept.config or last),
        settings=settings,
        configuration={**joined(data, secrets), **found},
        secrets={key: value for key, value in secrets.items() if key not in USER_KEYS},
        version=annotations_of(kept.config).get(VERSION) if kept.config else None,
    )


def is_current(kept: Kept) -> bool:
    """Return whether this version of jhos wrote what is stored."""
    return bool(kept.config) and annotations_of(kept.config).get(VERSION) == __version__


def _newest(cluster: Cluster, kept: Kept) -> Content | None:
    """None where nothing says that there was a deployment, or no revision is kept."""
    there = history.revisions(cluster, kept.name) if kept.live else []
    return history.content(cluster, kept.name, there[-1].number) if there else None
