"""The pull spec of every image that settings name; what is absent and ours can be built."""

from collections.abc import Iterable
from dataclasses import dataclass

from jhos.actions.build_images import build_images
from jhos.cluster.client import Cluster
from jhos.cluster.facts import PYTHONS, resolve_all
from jhos.errors import SettingsError
from jhos.events import Report
from jhos.images import Image, Wishes, catalog
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
    _buildable(absent)
    found = {spec: image for spec, image in answers.items() if isinstance(image, str)}
    return PullSpecs({**found, **known}, absent)


def build_absent(
    cluster: Cluster, specs: PullSpecs, *, timeout_s: float, report: Report
) -> dict[str, str]:
    """All of them, once those that were absent are built."""
    if not specs.absent:
        return specs.found
    wishes = Wishes(python=_python(specs.absent))
    build_images(cluster, _buildable(specs.absent), wishes, timeout_s=timeout_s, report=report)
    built = resolve_all(cluster, specs.absent)
    return specs.found | {spec: _present(image) for spec, image in built.items()}


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


def _present(image: str | SettingsError) -> str:
    if isinstance(image, SettingsError):
        raise image
    return image


def ours(specs: Iterable[str]) -> list[Image]:
    """The images of the catalog among them, as far as they lie in the project itself."""
    own = {image.name: image for image in catalog().values()}
    named = (stream_of(spec) for spec in specs)
    return [own[each[1]] for each in named if each and not each[0] and each[1] in own]


def _buildable(absent: dict[str, SettingsError]) -> list[Image]:
    """Raises the error of the first image that is none of ours."""
    own = {image.name: image for image in catalog().values()}
    images = []
    for spec, error in absent.items():
        namespace, name, tag = stream_of(spec) or ("", "", "")
        if namespace or name not in own or tag not in ("", *own[name].tags(PYTHONS)):
            raise error
        images.append(own[name])
    return images


def _python(absent: Iterable[str]) -> str | None:
    """The Python version that a notebook image's tag asks for."""
    tags = (stream[2] for stream in map(stream_of, absent) if stream)
    return next((tag for tag in tags if tag in PYTHONS), None)
