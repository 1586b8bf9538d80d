"""Image triggers: deployments whose annotation says which image stream tag a container follows."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from jhos.sandbox.client import Object
from jhos.sandbox.controllers.deployments import DEPLOYMENTS
from jhos.sandbox.controllers.imagestreams import STREAMS, status_tags
from jhos.sandbox.controllers.informers import Informer, Key, key_of
from jhos.sandbox.controllers.loop import Control, Loop
from jhos.sandbox.controllers.meta import annotations, is_deleting

ANNOTATION = "image.openshift.io/triggers"
FIELD = re.compile(
    r"spec\.template\.spec\.(?P<list>containers|initContainers)"
    r'\[(?:\?\(@\.name==[\'"](?P<name>[^\'"]+)[\'"]\)|(?P<index>\d+))\]\.image'
)


class Triggers:
    """The controller."""

    def __init__(self, control: Control) -> None:
        self.client = control.client
        self.deployments, self.streams = control.informer(DEPLOYMENTS), control.informer(STREAMS)
        self.loop = Loop("triggers", self.reconcile)
        self.deployments.listen(self._on_deployment)
        self.streams.listen(self._on_stream)

    async def run(self) -> None:
        await self.loop.run()

    def _on_deployment(self, _event: str, deployment: Object) -> None:
        if ANNOTATION in annotations(deployment):
            self.loop.add(key_of(deployment))

    def _on_stream(self, _event: str, stream: Object) -> None:
        """Triggers may lead to streams of other namespaces."""
        name = f"{stream['metadata']['name']}:"
        for deployment in self.deployments.all():
            if name in annotations(deployment).get(ANNOTATION, ""):
                self.loop.add(key_of(deployment))

    async def reconcile(self, key: Key) -> float | None:
        deployment = self.deployments.get(*key)
        if deployment is None or is_deleting(deployment):
            return None
        changes = images(deployment, self.streams)
        if changes:
            change = {"spec": {"template": {"spec": changes}}}
            answer = await self.client.patch(DEPLOYMENTS, *key, change, kind="strategic")
            self.deployments.written(answer)
        return None


def images(deployment: Object, streams: Informer) -> dict[str, list[Object]]:
    """What is to be patched below the pod's spec: `{"containers": [{"name", "image"}]}`."""
    changes: dict[str, list[Object]] = {}
    pod = deployment["spec"]["template"]["spec"]
    for trigger in triggers(deployment):
        place = FIELD.fullmatch(trigger.get("fieldPath", ""))
        image = latest(trigger.get("from") or {}, deployment, streams)
        if place is None or image is None or trigger.get("paused") in (True, "true"):
            continue
        container = _container(pod.get(place["list"]) or [], place.groupdict())
        if container and container.get("image") != image:
            changed = {"name": container["name"], "image": image}
            changes.setdefault(place["list"], []).append(changed)
    return changes


def triggers(deployment: Object) -> Iterator[Object]:
    """Nothing where the annotation is no list of objects."""
    try:
        found = json.loads(annotations(deployment).get(ANNOTATION, "[]"))
    except ValueError:
        return
    yield from (entry for entry in found if isinstance(entry, dict))


def latest(source: Object, deployment: Object, streams: Informer) -> str | None:
    """The pull specification behind an image stream tag, once there is an image."""
    name, _, tag = str(source.get("name", "")).partition(":")
    stream = streams.get(source.get("namespace") or key_of(deployment)[0], name)
    for held in status_tags(stream) if stream else []:
        if held["tag"] == tag and held.get("items"):
            return str(held["items"][0]["dockerImageReference"])
    return None


def _container(containers: list[Object], place: Mapping[str, Any]) -> Object | None:
    if place["index"] is not None:
        number = int(place["index"])
        return containers[number] if number < len(containers) else None
    return next((c for c in containers if c["name"] == place["name"]), None)
