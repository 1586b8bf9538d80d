"""What the project keeps of a deployment, and the form of an edit of that."""

from collections.abc import Callable
from dataclasses import dataclass, field

from jhos.actions.notice import notice
from jhos.actions.reach import absent
from jhos.cluster.client import Cluster
from jhos.cluster.facts import Kept, read_kept
from jhos.configuration import USER_KEYS, joined
from jhos.objects import annotations_of
from jhos.settings.load import Layer, parse
from jhos.versions import VERSION


@dataclass(frozen=True, kw_only=True)
class Stored:
    """What the project keeps of a deployment, also after a teardown that left its data.

    `settings`: over the defaults. `configuration`: the user's files. `secrets`: base64 by key.
    `images`: pull specs that are taken as they are, by the name in the settings; none are kept.
    `version`: of the jhos that wrote it; None: one that did not say.
    """

    exists: bool
    settings: Layer
    configuration: dict[str, str]
    secrets: dict[str, str] = field(repr=False)
    images: dict[str, str] = field(default_factory=dict)
    version: str | None = None


Edit = Callable[[Stored], Stored]


def read_stored(cluster: Cluster, name: str) -> Stored:
    """Three requests."""
    return stored_of(cluster, read_kept(cluster, name))


def existing(cluster: Cluster, name: str) -> Stored:
    """Raises SettingsError where there is no such deployment, nor what one has left."""
    stored = read_stored(cluster, name)
    if not stored.exists:
        raise absent(cluster, name)
    return stored


def stored_of(cluster: Cluster, kept: Kept) -> Stored:
    notice(cluster, kept.name, kept.config)
    data, secrets = kept.config.get("data", {}), kept.secret.get("data", {})
    return Stored(
        exists=bool(kept.config),
        settings=parse(data.get("settings.yaml", ""), "the deployment"),
        configuration=joined(data, secrets),
        secrets={key: value for key, value in secrets.items() if key not in USER_KEYS},
        version=annotations_of(kept.config).get(VERSION) if kept.config else None,
    )
