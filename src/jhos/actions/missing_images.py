"""Images that settings name and the project lacks: those of the catalog can be built."""

from collections.abc import Iterable

from jhos.actions.build_images import build_images, built_from, check_buildable
from jhos.actions.pull_specs import PullSpecs
from jhos.cluster.client import Cluster
from jhos.cluster.facts import PYTHONS, resolve_all, tagged
from jhos.errors import SettingsError
from jhos.events import Report
from jhos.images import Image, Wishes, catalog
from jhos.objects import MANAGED_BY, Object, ObjectRef, labels_of
from jhos.settings.rules import stream_of


def build_absent(
    cluster: Cluster, specs: PullSpecs, *, timeout_s: float, report: Report
) -> dict[str, str]:
    """All of them, once those that were absent are built."""
    if not specs.absent:
        return specs.found
    wishes = Wishes(python=_python(specs.absent))
    build_images(cluster, buildable(specs.absent), wishes, timeout_s=timeout_s, report=report)
    built = resolve_all(cluster, specs.absent)
    return specs.found | {spec: _present(image) for spec, image in built.items()}


def check_absent(cluster: Cluster, specs: PullSpecs) -> None:
    """Raise Refused where absent images cannot be built."""
    check_buildable(cluster, buildable(specs.absent), Wishes())


def _present(image: str | SettingsError) -> str:
    if isinstance(image, SettingsError):
        raise image
    return image


def ours(specs: Iterable[str]) -> list[Image]:
    """The images of the catalog among them, as far as they lie in the project itself."""
    own = {image.name: image for image in catalog().values()}
    named = (stream_of(spec) for spec in specs)
    return [own[each[1]] for each in named if each and not each[0] and each[1] in own]


def is_replaceable(cluster: Cluster, spec: str) -> bool:
    """Return whether a build may replace the image: jhos built it, or there is none yet.

    One that was pushed or imported into the project is replaced by whoever did that.
    """
    _, name, _ = stream_of(spec) or ("", spec, "")
    stream = cluster.get(ObjectRef("ImageStream", name))
    if stream is None:
        return True
    if labels_of(stream).get(MANAGED_BY) != "jhos":
        return False
    try:
        spec = tagged(cluster, spec)
    except SettingsError:
        return True
    return not _is_imported(stream, spec.rpartition(":")[2]) and bool(built_from(cluster, spec))


def _is_imported(stream: Object, tag: str) -> bool:
    entries = stream.get("spec", {}).get("tags") or []
    sources = (entry.get("from") or {} for entry in entries if entry["name"] == tag)
    return any(source.get("kind") == "DockerImage" for source in sources)


def buildable(absent: dict[str, SettingsError]) -> list[Image]:
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
