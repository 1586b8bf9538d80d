"""A hub for a repository of notebooks: its image is built beside the deployment."""

import base64
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Thread
from urllib.parse import urlsplit

from jhos.actions.build_images import Built, build_images, cancel, check_buildable, check_own
from jhos.actions.check import estimate, settings_over
from jhos.actions.pipeline import Deployed
from jhos.builds import image_stream
from jhos.checks import check_quotas
from jhos.cluster.client import Cluster
from jhos.cluster.facts import PYTHONS, builder_of, create_project, read_kept
from jhos.cluster.parallel import parallel
from jhos.cluster.premises import read_quotas
from jhos.errors import JhosError, Refused, SettingsError
from jhos.events import Event, Report, State
from jhos.images import Git, Image, Wishes, catalog, custom
from jhos.kinds import KINDS
from jhos.objects import Object, ObjectRef, labels
from jhos.quotas import total, usage
from jhos.render import render_one
from jhos.settings.load import Layer
from jhos.settings.rules import stream_of

_LOOK_S, _GIVE_UP_S = 0.1, 10.0
HOOK_KEY = "WebHookSecretKey"
_HOOKS = {"github.com": "github", "gitlab.com": "gitlab"}  # by host; else generic


@dataclass(frozen=True)
class Quickstarted:
    """`hook`: the address that rebuilds the image when called; empty where none was wished."""

    deployed: Deployed
    built: Built
    hook: str


def quickstart(
    cluster: Cluster,
    name: str,
    git: Git,
    *,
    base: str | None,
    watch: bool,
    loosen_pins: bool,
    wishes: Wishes,
    create: bool,
    settings: Layer,
    deploy: Callable[[], Deployed],
    timeout_s: float,
    report: Report,
) -> Quickstarted:
    """`deploy` puts up the hub, for the image `NAME-nb:latest` that is built meanwhile.

    `settings`: those that it deploys. `base`: the notebook image under the repository. Returns
    when both are there. Raises Refused before the first write where a quota has no room; else
    what failed, once the other has ended too. Where the hub is refused, the build is cancelled.
    """
    if create and create_project(cluster):
        report(Event(f"Project {cluster.namespace}", State.DONE, "created"))
    image, python = _image(name, git, base)
    check_buildable(cluster, [image], wishes)
    wishes = replace(wishes, python=wishes.python or python)
    if image.builder not in catalog():
        builder_of(cluster, image.builder, wishes.python)  # not there: said before all else
    hook_secret = f"{name}-webhook" if watch else None
    image = replace(image, hook_secret=hook_secret, loosen_pins=loosen_pins)
    _check_quotas(cluster, name, image, settings)
    _announce(cluster, image)
    hook = _hook(cluster, name, git) if watch else ""
    build = _Build(cluster, image, wishes, timeout_s, report)
    build.start()
    try:
        deployed = deploy()
    except (KeyboardInterrupt, Refused, SettingsError):
        build.give_up()
        raise
    except JhosError:
        build.join()
        raise
    build.join()
    return Quickstarted(deployed, build.result(), hook)


class _Build:
    """The image's build in a thread of its own; `begun`: the builds that it runs just now."""

    def __init__(
        self, cluster: Cluster, image: Image, wishes: Wishes, timeout_s: float, report: Report
    ) -> None:
        self.cluster, self.report = cluster, report
        self.begun: dict[str, str] = {}
        self.outcome: list[Built] | JhosError | None = None

        def run() -> None:
            try:
                self.outcome = build_images(
                    cluster, [image], wishes, timeout_s=timeout_s, report=report, begun=self.begun
                )
            except JhosError as error:
                self.outcome = error

        self.thread = Thread(target=run, daemon=True)

    def start(self) -> None:
        self.thread.start()

    def join(self) -> None:
        self.thread.join()

    def give_up(self) -> None:
        """Cancel the build that runs, also one that is only just being begun."""
        deadline = time.monotonic() + _GIVE_UP_S
        while not self.begun and self.thread.is_alive() and time.monotonic() < deadline:
            self.thread.join(_LOOK_S)
        cancel(self.cluster, self.begun, self.report)

    def result(self) -> Built:
        if isinstance(self.outcome, JhosError):
            raise self.outcome
        if not self.outcome:
            raise JhosError("The build of the notebook image ended without a result.")
        return self.outcome[-1]


def notebook_image(name: str) -> str:
    return f"{name}-nb"


def _image(name: str, git: Git, base: str | None) -> tuple[Image, str | None]:
    """The image, and the Python version that the tag of `base` asks for."""
    known = catalog()
    stream = stream_of(base or "minimal") or (None, "", "")
    for row in known.values():
        if stream[1] in (row.key, row.name) and stream[2] in ("", *PYTHONS):
            return custom(row, notebook_image(name), git, app=name), stream[2] or None
    image = custom(known["minimal"], notebook_image(name), git, app=name)
    return replace(image, builder=base or image.builder), None


def _check_quotas(cluster: Cluster, name: str, image: Image, settings: Layer) -> None:
    """Raises Refused where a quota has no room for the hub, the build, or what goes with both."""
    refs = [ObjectRef("ImageStream", image.name), ObjectRef("BuildConfig", image.name)]
    if image.hook_secret:
        refs += [ObjectRef(kind, image.hook_secret) for kind in ("Secret", "RoleBinding")]
    there = parallel(cluster.get, refs)
    fresh = [ref.kind for ref, obj in zip(refs, there, strict=True) if obj is None]
    kept = read_kept(cluster, name)
    images = total(usage({"kind": kind}) for kind in (*fresh, "Build"))
    needed = total([images, estimate(cluster, kept, settings_over(kept, settings))])
    check_quotas(read_quotas(cluster), needed)


def _announce(cluster: Cluster, image: Image) -> None:
    """The stream first: so that the hub knows the image by it, before it is built."""
    stream = image_stream(image)
    check_own(cluster, [stream])
    cluster.apply(stream, force=True)


def _hook(cluster: Cluster, name: str, git: Git) -> str:
    """Let the repository's host begin a build: whoever knows the address may, and only that."""
    secret_name = f"{name}-webhook"
    known = (cluster.get(ObjectRef("Secret", secret_name)) or {}).get("data", {})
    word = base64.b64decode(known.get(HOOK_KEY, "")).decode() or secrets.token_hex(20)
    for kind, values in (
        ("secret", {"data": {HOOK_KEY: base64.b64encode(word.encode()).decode()}}),
        ("rolebinding", {}),
    ):
        obj: Object = render_one(
            f"images/webhook/{kind}.yaml.j2",
            name=secret_name,
            labels=labels(name, "webhook"),
            **values,
        )
        cluster.apply(obj, force=True)
    host = urlsplit(git.uri).hostname or ""
    path = f"namespaces/{cluster.namespace}/buildconfigs/{notebook_image(name)}/webhooks"
    api = KINDS["BuildConfig"].api_version
    return f"{cluster.server}/apis/{api}/{path}/{word}/{_HOOKS.get(host, 'generic')}"
