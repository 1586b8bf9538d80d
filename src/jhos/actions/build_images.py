"""Build images in the cluster from sources that travel along; what is there already is not built.

Builds of one command run side by side. A build of the same content that runs already, whoever
began it, is waited for instead of begun again.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from jhos.checks import BUILD, check_rights
from jhos.cluster import lease
from jhos.cluster.client import Cluster
from jhos.cluster.facts import Builder, find_builder
from jhos.cluster.feed import feed
from jhos.cluster.parallel import parallel
from jhos.errors import BuildFailed, Conflict, JhosError, OutOfTime
from jhos.events import Event, Report, State
from jhos.images import CONTENT_LABEL, Image, content_hash, pack
from jhos.kinds import KINDS, Status, readiness
from jhos.objects import Object, ObjectRef, labels_of
from jhos.render import render_one

MEMORY = "2Gi"
_LOG_LINES = 20
_OF_CONFIG = "openshift.io/build-config.name"


@dataclass(frozen=True)
class Built:
    """`spec` as `jupyterhub:latest`; `build` is empty where nothing had to be built."""

    spec: str
    build: str


def build_images(
    cluster: Cluster,
    images: Sequence[Image],
    *,
    python: str | None,
    timeout_s: float,
    report: Report,
) -> list[Built]:
    """In the order of `images`. Raises BuildFailed with the last lines of the log."""
    check_rights(cluster, BUILD)
    # Only what is tagged by Python version follows the wish for one.
    wishes = [python if image.tag == "python" else None for image in images]
    builders = {wish: find_builder(cluster, wish) for wish in set(wishes)}

    def begin(job: tuple[Image, str | None]) -> Built:
        return _begin(cluster, job[0], builders[job[1]], timeout_s, report)

    built = parallel(begin, zip(images, wishes, strict=True))
    running = {each.build: each.spec for each in built if each.build}
    if running:
        _follow(cluster, running, timeout_s, report)
    for image, each in zip(images, built, strict=True):
        if image.version:
            _tag(cluster, image.name, each.spec, image.version)
    return built


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


def _begin(
    cluster: Cluster, image: Image, builder: Builder, timeout_s: float, report: Report
) -> Built:
    spec = image.spec(builder.version)
    subject, content = f"Image {spec}", content_hash(image, builder.digest)
    if _built_from(cluster, spec) == content:
        report(Event(subject, State.DONE, "up to date"))
        return Built(spec, "")

    with lease.held(cluster, f"{image.name}-build", subject, timeout_s, report):
        name = _running(cluster, image, content)
        return Built(spec, name or _start(cluster, image, builder, content, report))


def _start(cluster: Cluster, image: Image, builder: Builder, content: str, report: Report) -> str:
    """The name of the new build. Raises Conflict where its objects are somebody else's."""
    spec = image.spec(builder.version)
    report(Event(f"Image {spec}", State.RUNNING, "sending the source"))
    objects = _objects(image, builder, spec, content)
    for live in parallel(cluster.get, map(ObjectRef.of, objects)):
        if live and labels_of(live).get("app.kubernetes.io/managed-by") != "jhos":
            raise Conflict(
                f"{ObjectRef.of(live)} exists already and was not made by jhos.",
                f"Remove it, or use an image that is there: jhos deploy --hub-image … "
                f"--notebook-image … (instead of {spec}).",
            )
    for obj in objects:
        cluster.apply(obj, force=True)
    config = ObjectRef("BuildConfig", image.name)
    build = cluster.upload(config, "instantiatebinary", pack(image))
    name: str = build["metadata"]["name"]
    return name


def _built_from(cluster: Cluster, spec: str) -> str:
    """The content hash of the image that the tag names now."""
    tag = cluster.get(ObjectRef("ImageStreamTag", spec)) or {}
    config = tag.get("image", {}).get("dockerImageMetadata", {}).get("Config") or {}
    labels: dict[str, str] = config.get("Labels") or {}
    return labels.get(CONTENT_LABEL, "")


def _running(cluster: Cluster, image: Image, content: str) -> str:
    builds, _ = cluster.list("Build", f"{_OF_CONFIG}={image.name}")
    for build in builds:
        wanted = {"name": CONTENT_LABEL, "value": content}
        same = wanted in build["spec"]["output"].get("imageLabels", [])
        if same and readiness(build).status is Status.PROGRESSING:
            name: str = build["metadata"]["name"]
            return name
    return ""


def _objects(image: Image, builder: Builder, spec: str, content: str) -> list[Object]:
    image_labels = {**image.labels, CONTENT_LABEL: content}
    values = {
        "image": image,
        "labels": {"build": image.name, "app.kubernetes.io/managed-by": "jhos"},
        "builder": builder.source,
        "tag": spec,
        "image_labels": [{"name": key, "value": value} for key, value in image_labels.items()],
        "memory": MEMORY,
    }
    return [
        render_one(f"images/{kind}.yaml.j2", **values) for kind in ("imagestream", "buildconfig")
    ]


def _follow(cluster: Cluster, running: dict[str, str], timeout_s: float, report: Report) -> None:
    """Until all builds (name → spec) have ended, each with its last log line as the progress."""
    deadline, left = time.monotonic() + timeout_s, dict.fromkeys(running, "new")
    with feed(cluster, {"Build": _OF_CONFIG}) as changes:
        while left:
            change = changes.next(2)
            if change and change[1] != "SYNCED" and change[2]["metadata"]["name"] in left:
                name = change[2]["metadata"]["name"]
                state = readiness({**change[2], "kind": "Build"})
                left[name] = state.message
                if state.status is Status.FAILED or change[1] == "DELETED":
                    raise _failed(cluster, name, running[name], state.message, report)
                if state.status is Status.READY:
                    del left[name]
                    report(Event(f"Image {running[name]}", State.DONE, "built"))
            if not change:
                _tell(cluster, left, running, report)
            if left and time.monotonic() > deadline:
                waiting = ", ".join(f"{running[name]} ({state})" for name, state in left.items())
                raise OutOfTime(
                    f"Not built after {timeout_s:.0f} s: {waiting}.",
                    "The builds go on; run the same command again to go on waiting.",
                )


def _tell(cluster: Cluster, states: dict[str, str], specs: dict[str, str], report: Report) -> None:
    for name, state in states.items():
        line = _log(cluster, name, 1).rpartition("\n")[2] if state == "running" else ""
        report(Event(f"Image {specs[name]}", State.RUNNING, line or state))


def _failed(cluster: Cluster, name: str, spec: str, reason: str, report: Report) -> BuildFailed:
    report(Event(f"Image {spec}", State.FAILED, reason))
    lines = _log(cluster, name, _LOG_LINES)
    return BuildFailed(
        f"Image {spec} could not be built: {reason}"
        + (f"\nThe last lines of build {name}:\n{lines}" if lines else ""),
        f"Mend the cause and run the same command again (whole log: oc logs build/{name}).",
    )


def _log(cluster: Cluster, name: str, lines: int) -> str:
    try:
        return cluster.text(ObjectRef("Build", name), "log", tailLines=str(lines)).rstrip()
    except JhosError:
        return ""
