"""Put a JupyterHub into the project, or bring the one that is there to the given settings."""

import time
from dataclasses import dataclass, replace

from jhos.actions.build_images import build_images
from jhos.apply import apply, preview
from jhos.cluster import lease
from jhos.cluster.client import Cluster
from jhos.cluster.facts import (
    USER_KEYS,
    check_project,
    choose_database_image,
    create_project,
    find_builder,
    resolve_all,
    stored,
    stream_of,
)
from jhos.cluster.route import until_answered, url_of
from jhos.errors import SettingsError
from jhos.events import Event, Report, State
from jhos.images import Image, catalog
from jhos.objects import Object, ObjectRef
from jhos.plan import Action, Plan
from jhos.render import Facts, render, secret
from jhos.settings.load import Layer, check_name, defaults, load, parse
from jhos.settings.model import Settings
from jhos.settings.secrets import completed
from jhos.wait import until_ready


@dataclass(frozen=True)
class Deployed:
    """What stands now. `open_to_all`: whoever reaches `url` gets a server."""

    name: str
    namespace: str
    url: str
    plan: Plan
    open_to_all: bool


def deploy(
    cluster: Cluster,
    wanted: Layer,
    *,
    configuration: dict[str, str],
    create: bool,
    force: bool,
    wait: bool,
    timeout_s: float,
    report: Report,
) -> Deployed:
    """`wanted` over the settings that the deployment has; `configuration`: the user's files.

    Raises the classes of `jhos.errors`. May be repeated after any interruption.
    """
    deadline = time.monotonic() + timeout_s
    name = wanted.get("name") or defaults()["name"]
    check_name(name)
    load(wanted)  # before anything is sent
    if create and create_project(cluster):
        report(Event(f"Project {cluster.namespace}", State.DONE, "created"))
    check_project(cluster)
    with lease.held(cluster, name, timeout_s, lambda holder: _waiting(report, holder)):
        report(Event("Lock", State.DONE, ""))
        config, secrets = stored(cluster, name)
        settings = _settings(cluster, wanted, config)
        images = _images(cluster, settings, deadline, report)
        kept = {key: value for key, value in config.get("data", {}).items() if key in USER_KEYS}
        facts = Facts(
            namespace=cluster.namespace,
            hub_image=images[settings.hub.image],
            notebook_image=images[settings.notebook.image],
            database_image=images[settings.database.image or ""],
            configuration={**kept, **configuration},
        )
        objects = [*render(settings, facts), secret(name, completed(secrets))]
        plan = preview(cluster, name, objects, force=force)
        apply(cluster, name, plan, report, force=force)
    route = ObjectRef("Route", name)
    refs = _awaited(plan) if wait else [route]
    ready = until_ready(cluster, name, refs, deadline - time.monotonic(), report)
    url = url_of(cluster, ready[route])
    if wait:
        until_answered(cluster, url, max(deadline - time.monotonic(), 10), report)
    open_to_all = settings.auth.type == "anonymous"
    return Deployed(name, cluster.namespace, url, plan, open_to_all)


def _awaited(plan: Plan) -> list[ObjectRef]:
    there = (change for change in plan.changes if change.action is not Action.DELETE)
    return [change.ref for change in there if change.ref.kind in ("Deployment", "Route")]


def _waiting(report: Report, holder: str) -> None:
    report(Event("Lock", State.RUNNING, f"{holder} is changing the same deployment: waiting"))


def _settings(cluster: Cluster, wanted: Layer, config: Object) -> Settings:
    """The stored settings under the wanted ones; the database's image is chosen once for all."""
    document = config.get("data", {}).get("settings.yaml", "")
    settings = load(parse(document, "the deployment"), wanted)
    if settings.database.image:
        return settings
    image = choose_database_image(cluster)
    return replace(settings, database=replace(settings.database, image=image))


def _images(
    cluster: Cluster, settings: Settings, deadline: float, report: Report
) -> dict[str, str]:
    """The pull spec of every image; those of our own catalog are built where they are absent."""
    specs = (settings.hub.image, settings.notebook.image, settings.database.image or "")
    found = resolve_all(cluster, specs)
    absent = {spec: error for spec, error in found.items() if isinstance(error, SettingsError)}
    if absent:
        _build(cluster, absent, deadline, report)
    resolved = found | resolve_all(cluster, absent)
    return {spec: _present(image) for spec, image in resolved.items()}


def _present(image: str | SettingsError) -> str:
    if isinstance(image, SettingsError):
        raise image
    return image


def _build(
    cluster: Cluster, absent: dict[str, SettingsError], deadline: float, report: Report
) -> None:
    """Raises the error of an image that is not one of ours, before anything is built."""
    own = {image.name: image for image in catalog().values()}
    wanted: dict[str, Image] = {}
    for spec, error in absent.items():
        namespace, name, _ = stream_of(spec) or ("", "", "")
        if namespace or name not in own:
            raise error
        wanted[spec] = own[name]
    builder = find_builder(cluster, _python(wanted))
    for spec, image in wanted.items():
        built = image.spec(builder.version)
        if spec not in (image.name, built):
            raise SettingsError(
                f"Image {spec} is not there; what would be built is {built}.",
                f"Name {built}, or leave out the tag.",
            )
    left = deadline - time.monotonic()
    images = list(wanted.values())
    build_images(cluster, images, python=builder.version, timeout_s=left, report=report)


def _python(wanted: dict[str, Image]) -> str | None:
    """The Python version that a notebook image's tag asks for."""
    tags = [
        (stream_of(spec) or ("", "", ""))[2]
        for spec, image in wanted.items()
        if image.tag == "python"
    ]
    return tags[0] or None if tags else None
