"""Images of registries, looked up by the cluster and tagged into image streams of the project."""

import time

from jhos.cluster.client import Cluster
from jhos.cluster.feed import feed
from jhos.errors import DeletedMeanwhile, OutOfTime, Refused
from jhos.kinds import KINDS
from jhos.objects import MANAGED_BY, Object, ObjectRef

_LOOK_UP_S = 120


def import_image(cluster: Cluster, spec: str, reference: str) -> None:
    """Tag the image as `STREAM:TAG`, as `oc tag --source=docker` does; the stream is made.

    Raises Refused with the registry's words, OutOfTime when the cluster does not answer.
    """
    from jhos.render import render_one

    name, _, tag = spec.partition(":")
    labels = {"build": name, MANAGED_BY: "jhos"}
    stream = render_one("images/imagestream.yaml.j2", image={"name": name}, labels=labels)
    cluster.apply(stream, force=True)
    cluster.replace(
        {
            "apiVersion": KINDS["ImageStreamTag"].api_version,
            "kind": "ImageStreamTag",
            "metadata": {"name": spec},
            "tag": {
                "name": tag,
                "from": {"kind": "DockerImage", "name": reference},
                "referencePolicy": {"type": "Source"},
            },
        }
    )
    deadline = time.monotonic() + _LOOK_UP_S
    wanted = _generation(cluster.get(ObjectRef("ImageStream", name)) or {}, tag)
    with feed(cluster, {"ImageStream": f"build={name}"}) as changes:
        while time.monotonic() < deadline:
            change = changes.next(deadline - time.monotonic())
            if change and change[1] == "DELETED":
                raise DeletedMeanwhile(
                    f"ImageStream {name} was deleted meanwhile.", "Run the same command again."
                )
            if change and change[1] != "SYNCED":
                if problem := _problem(change[2], tag, wanted):
                    raise Refused(
                        f"Image {reference} could not be imported: {problem}",
                        "Is the name right, and may the project pull from that registry?",
                    )
                if _held(change[2], tag) >= wanted:
                    return
    raise OutOfTime(
        f"The cluster did not look {reference} up within {_LOOK_UP_S} s.",
        "It goes on trying; run the same command again to wait on.",
    )


def _generation(stream: Object, tag: str) -> int:
    """Of the wish, by which what is held is told from what was held before."""
    tags = stream.get("spec", {}).get("tags") or []
    return next((each.get("generation") or 1 for each in tags if each["name"] == tag), 1)


def _status(stream: Object, tag: str) -> Object:
    tags = stream.get("status", {}).get("tags") or []
    return next((each for each in tags if each["tag"] == tag), {})


def _held(stream: Object, tag: str) -> int:
    """The generation of the newest image; 0 where there is none."""
    items = _status(stream, tag).get("items") or [{}]
    return items[0].get("generation") or 0


def _problem(stream: Object, tag: str, wanted: int) -> str:
    for condition in _status(stream, tag).get("conditions") or []:
        failed = condition["type"] == "ImportSuccess" and condition["status"] == "False"
        if failed and (condition.get("generation") or 0) >= wanted:
            return condition.get("message") or condition.get("reason") or "no reason was given"
    return ""
