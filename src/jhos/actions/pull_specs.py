"""The pull spec of every image that settings name; what is absent and ours can be built."""

from dataclasses import dataclass

from jhos.cluster.client import Cluster
from jhos.cluster.facts import resolve_all
from jhos.errors import SettingsError
from jhos.objects import ObjectRef
from jhos.plan import belongs_to
from jhos.settings.model import Settings
from jhos.settings.rules import stream_of


@dataclass(frozen=True)
class PullSpecs:
    """By the name in the settings: what was found, and why the others were not."""

    found: dict[str, str]
    absent: dict[str, SettingsError]

    @property
    def assumed(self) -> dict[str, str]:
        """What is absent stands for itself."""
        return {**self.found, **{spec: spec for spec in self.absent}}


def find(cluster: Cluster, settings: Settings, known: dict[str, str]) -> PullSpecs:
    """`known`: pull specs that are taken as they are. Raises where none can be built either."""
    specs = [settings.hub.image, settings.notebook.image]
    if settings.database.type == "postgresql":
        specs.append(settings.database.image or "")
    unknown = [spec for spec in specs if spec not in known]
    answers = resolve_all(cluster, unknown) | _unpinned(cluster, settings)
    absent = {spec: error for spec, error in answers.items() if isinstance(error, SettingsError)}
    if absent:
        from jhos.actions.missing_images import buildable  # seldom is one absent

        buildable(absent)
    found = {spec: image for spec, image in answers.items() if isinstance(image, str)}
    return PullSpecs({**found, **known}, absent)


def _unpinned(cluster: Cluster, settings: Settings) -> dict[str, str | SettingsError]:
    """The image that is built from the deployment's own repository, by its name.

    The hub looks it up for each server, so that a new build is what the next one gets.
    """
    spec = settings.notebook.image
    stream = stream_of(spec)
    if not stream or stream[:2] != (None, f"{settings.name}-nb"):
        return {}
    live = cluster.get(ObjectRef("ImageStream", stream[1]))
    return {spec: spec} if live and belongs_to(settings.name, live) else {}
