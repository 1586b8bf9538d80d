"""Put a JupyterHub into the project, or bring the one that is there to the given settings."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from jhos.actions.build_images import build_images
from jhos.apply import apply, check_names, preview
from jhos.checks import DEPLOY, check_host, check_rights
from jhos.cluster import lease
from jhos.cluster.client import Cluster
from jhos.cluster.facts import (
    PYTHONS,
    USER_KEYS,
    choose_database_image,
    create_project,
    read_certificate,
    resolve_all,
    stored,
    stream_of,
)
from jhos.cluster.route import until_answered, url_of
from jhos.errors import SettingsError
from jhos.events import Event, Report, State
from jhos.images import Image, Wishes, catalog
from jhos.objects import Object, ObjectRef
from jhos.plan import Action, Plan, belongs_to
from jhos.render import Facts, digest, render, secret
from jhos.settings.auth import check_secrets
from jhos.settings.load import Layer, check_alone, defaults, load, parse
from jhos.settings.model import Settings
from jhos.settings.secrets import check_database, completed, encoded
from jhos.wait import until_ready

_ANSWER_S = (10, 120)  # at least and at most, for the address of what is ready


@dataclass(frozen=True)
class Deployed:
    """What stands now. `open_to_all`: whoever reaches `url` gets a server; None: not known."""

    name: str
    namespace: str
    url: str
    plan: Plan
    open_to_all: bool | None
    settings: Settings


def deploy(
    cluster: Cluster,
    wanted: Layer,
    *,
    configuration: dict[str, str],
    secrets: dict[str, str],
    create: bool,
    force: bool,
    wait: bool,
    timeout_s: float,
    report: Report,
) -> Deployed:
    """`wanted` over the settings that the deployment has; `configuration`: the user's files.

    `secrets`: values by their key in the deployment's Secret, over what it has.

    Raises the classes of `jhos.errors`. May be repeated after any interruption.
    """
    deadline = time.monotonic() + timeout_s
    name = wanted.get("name") or defaults()["name"]
    check_alone(wanted)  # before anything is sent
    if create and create_project(cluster):
        report(Event(f"Project {cluster.namespace}", State.DONE, "created"))
    check_rights(cluster, DEPLOY)
    with lease.held(cluster, name, f"Deployment {name}", timeout_s, report) as lock:
        config, kept_secrets = stored(cluster, name)
        settings = _settings(cluster, wanted, config)
        check_host(settings, cluster.namespace)
        data = completed(kept_secrets | encoded(secrets))
        check_secrets(settings.auth, set(data))
        check_database(settings.database, set(data))
        certificate = read_certificate(cluster, settings.route.certificate)
        kept = {key: value for key, value in config.get("data", {}).items() if key in USER_KEYS}
        own = {**kept, **configuration}

        def objects(images: dict[str, str]) -> list[Object]:
            facts = Facts(
                namespace=cluster.namespace,
                hub_image=images[settings.hub.image],
                notebook_image=images[settings.notebook.image],
                database_image=images.get(settings.database.image or "", ""),
                configuration=own,
                certificate=certificate,
                secrets_version=digest(data),  # of random values too, so it tells nothing
            )
            return [*render(settings, facts), secret(name, data)]

        images = _images(cluster, settings, objects, deadline, report)
        plan = preview(cluster, name, objects(images), force=force)
        lock.check()
        apply(cluster, name, plan, report, force=force)
    url = _wait(cluster, name, plan, timeout_s, deadline, report) if wait else _url(cluster, name)
    return Deployed(name, cluster.namespace, url, plan, _is_open(settings, own), settings)


def _wait(
    cluster: Cluster, name: str, plan: Plan, timeout_s: float, deadline: float, report: Report
) -> str:
    """Until all is ready and the hub answers at the URL that is returned."""
    until_ready(cluster, name, _awaited(plan), timeout_s, deadline, report)
    url = _url(cluster, name)
    left = deadline - time.monotonic()
    until_answered(cluster, url, min(max(left, _ANSWER_S[0]), _ANSWER_S[1]), report)
    return url


def _url(cluster: Cluster, name: str) -> str:
    route = cluster.get(ObjectRef("Route", name))
    return url_of(cluster, route) if route else ""


def _is_open(settings: Settings, configuration: dict[str, str]) -> bool | None:
    """None where the user's own configuration decides."""
    if any("uthenticator" in text for text in configuration.values()):
        return None
    return settings.auth.type == "anonymous" or settings.auth.allow_all


def _awaited(plan: Plan) -> list[ObjectRef]:
    there = (change for change in plan.changes if change.action is not Action.DELETE)
    return [change.ref for change in there if change.ref.kind in ("Deployment", "Route")]


def _settings(cluster: Cluster, wanted: Layer, config: Object) -> Settings:
    """The stored settings under the wanted ones; the database's image is chosen once for all."""
    document = config.get("data", {}).get("settings.yaml", "")
    settings = load(parse(document, "the deployment"), wanted)
    if settings.database.image or settings.database.type != "postgresql":
        return settings
    image = choose_database_image(cluster)
    return replace(settings, database=replace(settings.database, image=image))


def _images(
    cluster: Cluster,
    settings: Settings,
    objects: Callable[[dict[str, str]], list[Object]],
    deadline: float,
    report: Report,
) -> dict[str, str]:
    """The pull spec of every image; those of our own catalog are built where they are absent.

    A build takes minutes: that names are taken is found before it.
    """
    specs = [settings.hub.image, settings.notebook.image]
    if settings.database.type == "postgresql":
        specs.append(settings.database.image or "")
    found = resolve_all(cluster, specs) | _unpinned(cluster, settings)
    absent = {spec: error for spec, error in found.items() if isinstance(error, SettingsError)}
    if absent:
        images = _buildable(absent)
        check_names(cluster, settings.name, objects({spec: spec for spec in specs}))
        left = deadline - time.monotonic()
        wishes = Wishes(python=_python(absent))
        build_images(cluster, images, wishes, timeout_s=left, report=report)
    resolved = found | resolve_all(cluster, absent)
    return {spec: _present(image) for spec, image in resolved.items()}


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
