"""What the project keeps of a deployment, read."""

from jhos import __version__
from jhos.actions.edits import Stored
from jhos.actions.list_deployments import absent
from jhos.actions.notice import notice
from jhos.cluster.client import Cluster
from jhos.cluster.facts import Kept, read_kept
from jhos.configuration import USER_KEYS, joined
from jhos.objects import annotations_of
from jhos.plan import belongs_to, check_ownership
from jhos.settings.load import parse
from jhos.versions import VERSION


def read_stored(cluster: Cluster, name: str) -> Stored:
    """Three requests."""
    return stored_of(cluster, read_kept(cluster, name))


def existing(cluster: Cluster, name: str) -> Stored:
    """Raises SettingsError where there is no such deployment, nor what one has left."""
    kept = read_kept(cluster, name)
    if not kept.config or not belongs_to(name, kept.config):
        raise absent(cluster, name)
    return stored_of(cluster, kept)


def stored_of(cluster: Cluster, kept: Kept) -> Stored:
    """Raises Conflict where what has its name is somebody else's."""
    check_ownership(kept.name, kept.live, kept.live.values())
    notice(cluster, kept.name, kept.config)
    data, secrets = kept.config.get("data", {}), kept.secret.get("data", {})
    return Stored(
        exists=bool(kept.config),
        settings=parse(data.get("settings.yaml", ""), "the deployment"),
        configuration=joined(data, secrets),
        secrets={key: value for key, value in secrets.items() if key not in USER_KEYS},
        version=annotations_of(kept.config).get(VERSION) if kept.config else None,
    )


def is_current(kept: Kept) -> bool:
    """Whether this version of jhos wrote what is stored."""
    return bool(kept.config) and annotations_of(kept.config).get(VERSION) == __version__
