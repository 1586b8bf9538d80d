"""The objects of a deployment as files; and of what is given alone, where no cluster is asked."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from jhos import manifests
from jhos.actions.checked import checked
from jhos.actions.edits import Given, Stored
from jhos.actions.wanted import Wanted
from jhos.errors import SettingsError
from jhos.events import Report
from jhos.objects import HIDDEN, Object, masked
from jhos.settings.load import load
from jhos.settings.rules import PUBLIC_DATABASE, stream_of


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """`objects`: all but the Secret, which they refer to. `absent`: images not built yet, which
    stand by their name in place of a digest. `has_secret`: the project has it, with the user's
    files that belong there."""

    name: str
    namespace: str
    objects: list[Object]
    absent: tuple[str, ...]
    has_secret: bool

    @property
    def hides_key(self) -> bool:
        """Whether that of the route's certificate is left out."""
        return any(obj["spec"]["tls"].get("key") == HIDDEN for obj in self.objects
                   if obj["kind"] == "Route")  # fmt: skip


def render_offline(namespace: str, given: Given, report: Report) -> Rendered:
    """Of what is given alone. Raises SettingsError for an image that only a cluster knows."""
    nothing = Stored(exists=False, settings={}, configuration={}, secrets={})
    edited = checked(given, report)(nothing)
    settings = load(edited.settings)
    if settings.database.type == "postgresql":
        image = settings.database.image or PUBLIC_DATABASE
        settings = replace(settings, database=replace(settings.database, image=image))
    if settings.route.certificate:
        raise SettingsError(
            "The certificate of a route lies in the cluster: it cannot be rendered without one.",
            "Leave out --offline, or --route-certificate.",
        )
    wanted = Wanted(
        settings=settings,
        configuration=edited.configuration,
        secrets={},
        certificate={},
        namespace=namespace,
        images={},
    )
    images = {spec: _pull_spec(spec) for spec in _images(wanted)}
    return Rendered(
        name=given.name,
        namespace=namespace,
        objects=without_secret(wanted, images),
        absent=(),
        has_secret=False,
    )


def without_secret(wanted: Wanted, images: dict[str, str]) -> list[Object]:
    """Without a private key as well."""
    objects = (obj for obj in wanted.objects(images) if obj["kind"] != "Secret")
    return [masked(obj) if obj["kind"] == "Route" else obj for obj in objects]


def write(directory: Path, rendered: Rendered, *, kustomize: bool) -> tuple[list[Path], list[Path]]:
    """(written, removed): what an earlier run wrote for this deployment and is wanted no more.

    Raises SettingsError rather than writing over a file of somebody else, or without the key of a
    certificate.
    """
    if rendered.hides_key:
        raise SettingsError(
            "The route has a certificate of yours, whose private key belongs into no file.",
            f"Let jhos deploy apply it, or: jhos configure {rendered.name} --unset "
            "route.certificate",
        )
    texts = manifests.files(
        rendered.name, rendered.namespace, rendered.objects, kustomize=kustomize
    )
    directory.mkdir(parents=True, exist_ok=True)
    ours = list(_ours(directory, rendered.name))
    _check_free([directory / file for file in texts], ours)
    stale = [path for path in ours if path.name not in texts]
    for file, text in texts.items():
        (directory / file).write_text(text)
    for path in stale:
        path.unlink()
    return [directory / file for file in texts], stale


def _check_free(paths: list[Path], ours: list[Path]) -> None:
    for path in paths:
        if path.exists() and path not in ours:
            raise SettingsError(
                f"{path} exists, and jhos render did not write it for this deployment.",
                "Choose another --output-dir, or move that file away.",
            )


def _ours(directory: Path, name: str) -> Iterator[Path]:
    first = manifests.header(name)
    for path in sorted(directory.glob("*.yaml")):
        if path.read_text(errors="replace").startswith(f"{first}\n"):
            yield path


def _images(wanted: Wanted) -> list[str]:
    settings = wanted.settings
    own = [settings.database.image] if settings.database.image else []
    return [settings.hub.image, settings.notebook.image, *own]


def _pull_spec(spec: str) -> str:
    if stream_of(spec):
        raise SettingsError(
            f"Image {spec} is an image stream: only a cluster knows which image that is.",
            "Leave out --offline, or name an image of a registry: --hub-image REGISTRY/NAME:TAG, "
            "and so --notebook-image and --database-image.",
        )
    return spec
