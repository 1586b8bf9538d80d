"""Build images in the cluster, parents before children; what is there already is not built.

Independent builds run side by side. A build of the same content that runs already, whoever began
it, is waited for instead of begun again.
"""

import re
import time
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from threading import Semaphore

from jhos.builds import build_objects, hint_of_failure, image_stream
from jhos.checks import check_build_pod, check_building, room
from jhos.cluster import lease
from jhos.cluster.builds import Following, log_of, why_not_started
from jhos.cluster.client import Cluster
from jhos.cluster.facts import Builder, builder_of, find_builder
from jhos.cluster.feed import feed
from jhos.cluster.imports import import_image
from jhos.cluster.parallel import parallel
from jhos.cluster.premises import allowance
from jhos.errors import BuildFailed, Conflict, JhosError, OutOfTime, Refused, SettingsError
from jhos.events import Event, Report, State
from jhos.images import (
    CONTENT_LABEL,
    PYTHON,
    Git,
    Image,
    Wishes,
    catalog,
    content_hash,
    pack,
    with_parents,
)
from jhos.kinds import KINDS, Readiness, Status, readiness
from jhos.objects import MANAGED_BY, Object, ObjectRef, labels_of
from jhos.stalls import refusal

_LOG_LINES = 20
_LOOK_S, _COUNTED_S = 1, 20
_OF_CONFIG = "openshift.io/build-config.name"


@dataclass(frozen=True)
class Built:
    """`spec` as `jupyterhub:latest`; `build` is empty where nothing had to be built."""

    spec: str
    build: str


def build_images(
    cluster: Cluster,
    images: Sequence[Image],
    wishes: Wishes,
    *,
    timeout_s: float,
    report: Report,
    begun: dict[str, str] | None = None,
) -> list[Built]:
    """With those that they are built on, which come first.

    `begun` is kept: the builds that this began and that run now, with their images.

    Raises BuildFailed with the last lines of the log. An interruption cancels what was begun.
    """
    cluster.wire.keep_trying(timeout_s, report)
    wanted = with_parents(images)
    check_buildable(cluster, wanted, wishes)
    begun = {} if begun is None else begun
    named = [image.key for image in images]
    places = room(allowance(cluster), wishes.resources)
    run = _Run(cluster, wishes, timeout_s, report, begun, named, places)
    parallel(run.prepare, dict.fromkeys(_python(image, wishes) for image in wanted))
    for image in wanted:
        image.check_python(run.pythons[_python(image, wishes)].version)
    keys = {image.key for image in wanted}
    try:
        run.grow([image for image in wanted if image.builder not in keys], wanted)
    except KeyboardInterrupt:
        cancel(cluster, begun, report)
        raise
    return [run.built[image.key] for image in wanted]


def check_buildable(cluster: Cluster, images: Iterable[Image], wishes: Wishes) -> None:
    """Raise Refused where images, and those that they need, cannot be built; nothing is written.

    An image that was built here before may be up to date, or be building and so have its room.
    """
    names = [image.name for image in with_parents(images)]
    check_building(cluster, names[0])
    refs = [ObjectRef("BuildConfig", name) for name in names]
    if not all(parallel(cluster.get, refs)):
        check_build_pod(allowance(cluster), wishes.resources)


def rebuild(
    cluster: Cluster, name: str, wishes: Wishes, *, timeout_s: float, report: Report
) -> Built:
    """Once more by the build config that is there. Raises SettingsError where there is none."""
    config = cluster.get(ObjectRef("BuildConfig", name))
    if config is None or config["spec"]["source"].get("type") != "Git":
        raise SettingsError(
            f"There is no build config {name} that builds from a git repository.",
            "Make one with: jhos quickstart --name NAME --git-url URL",
        )
    check_building(cluster, name)
    begun: dict[str, str] = {}
    run = _Run(cluster, wishes, timeout_s, report, begun)
    spec: str = config["spec"]["output"]["to"]["name"]
    try:
        return run.follow(spec, _instantiate(cluster, name))
    except KeyboardInterrupt:
        cancel(cluster, begun, report)
        raise


def cancel(cluster: Cluster, begun: dict[str, str], report: Report) -> None:
    """Builds by name, with their images: each once."""
    while begun:
        name, spec = begun.popitem()
        cluster.merge(ObjectRef("Build", name), {"status": {"cancelled": True}})
        report(Event(f"Image {spec}", State.FAILED, f"build {name} was cancelled"))


def import_tags(
    cluster: Cluster, image: Image, reference: str, python: str | None, report: Report
) -> Built:
    """The image of a registry under the name that the image of the catalog would be built as."""
    match = re.search(r"\b3\.?(1\d)\b", reference)
    version = python or (f"3.{match[1]}" if match else "")
    if image.tag == PYTHON and not version:
        raise SettingsError(f"The Python version of {reference} is not known.", "Say --python 3.12")
    spec = image.spec(version)
    check_own(cluster, [image_stream(image)])
    import_image(cluster, spec, reference)
    report(Event(f"Image {spec}", State.DONE, f"imported from {reference}"))
    return Built(spec, "")


class _Run:
    """The builds of one command: builders by Python version, results by key, builds that run.

    `named`: keys of the images that were asked for; the others are those that these need.
    `places`: how many builds the quota admits at once; None: any number.
    """

    def __init__(
        self,
        cluster: Cluster,
        wishes: Wishes,
        timeout_s: float,
        report: Report,
        begun: dict[str, str],
        named: Iterable[str] = (),
        places: int | None = None,
    ) -> None:
        self.cluster, self.wishes, self.timeout_s = cluster, wishes, timeout_s
        self.report, self.deadline = report, time.monotonic() + timeout_s
        self.pythons: dict[str | None, Builder] = {}
        self.built: dict[str, Built] = {}
        self.begun = begun
        self.named = set(named)
        self.places = nullcontext() if places is None else Semaphore(max(places, 1))

    def prepare(self, python: str | None) -> None:
        """Find the Python builder image and say which."""
        given = self.wishes.builder
        found = (
            builder_of(self.cluster, given, python) if given else find_builder(self.cluster, python)
        )
        if given and not found.version:
            raise SettingsError(
                f"The Python version of builder image {given} is not known.", "Say --python 3.12"
            )
        self.pythons[python] = found
        self.report(Event(f"Builder image {found.title}", State.DONE, f"Python {found.version}"))

    def grow(self, images: Sequence[Image], wanted: Sequence[Image]) -> None:
        """Each, and then what is built on it."""

        def one(image: Image) -> None:
            self.built[image.key] = self._build(image)
            self.grow([each for each in wanted if each.builder == image.key], wanted)

        parallel(one, images)

    def follow(self, spec: str, name: str) -> Built:
        """Until a build that was begun here has ended."""
        self.begun[name] = spec
        self._await(spec, name)
        return Built(spec, name)

    def _build(self, image: Image) -> Built:
        builder = self._builder(image)
        spec, content = image.spec(builder.version), content_hash(image, builder.digest)
        subject = f"Image {spec}"
        again = self.wishes.again and image.key in self.named
        if not again and built_from(self.cluster, spec) == content:
            self.report(Event(subject, State.DONE, "up to date"))
            return self._tagged(image, Built(spec, ""))
        left = self.deadline - time.monotonic()
        own = f"{image.name}-build"
        with self.places:  # else an upload waits for room, and is given up after five minutes
            with lease.held(self.cluster, own, subject, left, self.report, first=True, last=True):
                running = _running(self.cluster, image, content)
                name = running or self._start(image, builder, spec, content)
            if running:
                self._await(spec, name)
                return self._tagged(image, Built(spec, name))
            return self._tagged(image, self.follow(spec, name))

    def _builder(self, image: Image) -> Builder:
        python = self.pythons[_python(image, self.wishes)]
        if image.builder == PYTHON:
            return python
        parent = self.built.get(image.builder)
        return builder_of(self.cluster, parent.spec if parent else image.builder, python.version)

    def _start(self, image: Image, builder: Builder, spec: str, content: str) -> str:
        """The name of the new build. Raises Conflict where its objects are somebody else's."""
        begins = "beginning" if isinstance(image.source, Git) else "sending the source"
        self._await_room(spec)
        self.report(Event(f"Image {spec}", State.RUNNING, begins))
        objects = build_objects(image, builder.source, spec, content, self.wishes)
        check_own(self.cluster, objects)
        *_, config = [self.cluster.apply(obj, force=True) for obj in objects]
        if isinstance(image.source, Git):
            return _instantiate(self.cluster, image.name)
        try:
            build = self.cluster.upload(
                ObjectRef("BuildConfig", image.name), "instantiatebinary", pack(image.source)
            )
        except (OutOfTime, Refused) as error:
            number = (config.get("status") or {}).get("lastVersion", 0) + 1
            raise _not_started(self.cluster, f"{image.name}-{number}", spec, error) from error
        return str(build["metadata"]["name"])

    def _await_room(self, spec: str) -> None:
        """Raise Refused where quotas leave no room; they count an ended build a while longer."""
        deadline = time.monotonic() + _COUNTED_S
        while True:
            try:
                return check_build_pod(allowance(self.cluster), self.wishes.resources)
            except Refused as error:
                if time.monotonic() > deadline:
                    raise
                self.report(Event(f"Image {spec}", State.RUNNING, error.message))
            time.sleep(_LOOK_S)

    def _tagged(self, image: Image, built: Built) -> Built:
        if image.version:
            _tag(self.cluster, image.name, built.spec, image.version)
        return built

    def _await(self, spec: str, name: str) -> None:
        """Until the build has ended, with its last log line as the progress, or its whole log."""
        log = Following(self.cluster, name, spec, self.report) if self.wishes.follow else None
        message, seen = "new", False
        selector = f"{_OF_CONFIG}={name.rpartition('-')[0]}"
        with feed(self.cluster, {"Build": selector}) as changes:
            while True:
                change = changes.next(2)
                is_own = bool(change and change[2].get("metadata", {}).get("name") == name)
                seen = seen or is_own
                if change and (is_own or (change[1] == "SYNCED" and not seen)):
                    state = _state(change[1], change[2])
                    message = state.message
                    if log and message == "running":
                        log.start()
                    if state.status is not Status.PROGRESSING:
                        break
                elif not change:
                    self._tell(spec, name, message)
                self._check_time(spec, name, message)
        self.begun.pop(name, None)  # there is nothing left to cancel
        if log:
            log.finish()
        if state.status is Status.FAILED:
            raise _failed(self.cluster, name, spec, message, self.report)
        self.report(Event(f"Image {spec}", State.DONE, "built"))

    def _tell(self, spec: str, name: str, message: str) -> None:
        running = message == "running" and not self.wishes.follow
        line = log_of(self.cluster, name, 1).rpartition("\n")[2] if running else ""
        self.report(Event(f"Image {spec}", State.RUNNING, line or message))

    def _check_time(self, spec: str, name: str, message: str) -> None:
        if time.monotonic() > self.deadline:
            cause = why_not_started(self.cluster, name) or message
            raise OutOfTime(
                f"Not built after {self.timeout_s:.0f} s: {spec} ({cause}).",
                "The build goes on; run the same command again to go on waiting.",
            )


def check_own(cluster: Cluster, objects: Sequence[Object]) -> None:
    """Raises Conflict where an object of such a name is somebody else's."""
    for live in parallel(cluster.get, map(ObjectRef.of, objects)):
        if live and labels_of(live).get(MANAGED_BY) != "jhos":
            raise Conflict(
                f"{ObjectRef.of(live)} exists already and was not made by jhos.",
                "Remove it, or use an image that is there: jhos deploy --hub-image … "
                "--notebook-image …",
            )


def _python(image: Image, wishes: Wishes) -> str | None:
    """Only what is tagged by Python version follows the wish for one."""
    known = catalog()
    while image.tag != PYTHON and image.builder in known:
        image = known[image.builder]
    return wishes.python if image.tag == PYTHON else None


def _instantiate(cluster: Cluster, name: str) -> str:
    request = {
        "apiVersion": KINDS["Build"].api_version,
        "kind": "BuildRequest",
        "metadata": {"name": name},
    }
    build = cluster.post(ObjectRef("BuildConfig", name), "instantiate", request)
    return str(build["metadata"]["name"])


def _tag(cluster: Cluster, stream: str, spec: str, version: str) -> None:
    """`jupyterhub:6.1.1` stays at the image that `spec` names now, whatever that becomes."""
    version_spec = ObjectRef("ImageStreamTag", f"{stream}:{version}")
    refs = (ObjectRef("ImageStreamTag", spec), version_spec)
    new, old = (_digest(tag) for tag in parallel(cluster.get, refs))
    if new == old:
        return
    source = {"kind": "ImageStreamImage", "name": f"{stream}@{new}"}
    cluster.replace(
        {
            "apiVersion": KINDS["ImageStreamTag"].api_version,
            "kind": "ImageStreamTag",
            "metadata": {"name": version_spec.name},
            "tag": {"name": version, "from": source},
        }
    )


def _digest(tag: Object | None) -> str:
    return str(tag["image"]["metadata"]["name"]) if tag else ""


def built_from(cluster: Cluster, spec: str) -> str:
    """The content hash of the image that the tag names now."""
    tag = cluster.get(ObjectRef("ImageStreamTag", spec)) or {}
    config = (tag.get("image") or {}).get("dockerImageMetadata", {}).get("Config") or {}
    labels: dict[str, str] = config.get("Labels") or {}
    return labels.get(CONTENT_LABEL, "")


def _running(cluster: Cluster, image: Image, content: str) -> str:
    builds, _ = cluster.list("Build", f"{_OF_CONFIG}={image.name}")
    for build in builds:
        wanted = {"name": CONTENT_LABEL, "value": content}
        same = wanted in build["spec"]["output"].get("imageLabels", [])
        ending = build.get("status", {}).get("cancelled")
        if same and not ending and readiness(build).status is Status.PROGRESSING:
            name: str = build["metadata"]["name"]
            return name
    return ""


def _state(event: str, build: Object) -> Readiness:
    if event in ("DELETED", "SYNCED"):  # a list has it not
        return Readiness(Status.FAILED, "the build was deleted")
    return readiness({**build, "kind": "Build"})


def _not_started(cluster: Cluster, name: str, spec: str, error: JhosError) -> JhosError:
    """Return the error of an upload whose build did not run, with the cluster's reason if known."""
    reason = why_not_started(cluster, name)
    if not reason:
        return error
    found = refusal(reason)
    kind = Refused if found.hint else BuildFailed
    return kind(f"Image {spec} could not be built: {found.words}", found.hint or error.hint)


def _failed(cluster: Cluster, name: str, spec: str, reason: str, report: Report) -> BuildFailed:
    report(Event(f"Image {spec}", State.FAILED, reason))
    lines = log_of(cluster, name, _LOG_LINES)
    return BuildFailed(
        f"Image {spec} could not be built: {reason}"
        + (f"\nThe last lines of build {name}:\n{lines}" if lines else ""),
        hint_of_failure(lines),
    )
