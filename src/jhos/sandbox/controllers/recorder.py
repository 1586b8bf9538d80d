"""Events about objects, as `kubectl describe` shows them: repeated ones are counted."""

import logging
from contextlib import suppress

from jhos.sandbox.client import ApiClient, ApiError, Object
from jhos.sandbox.controllers.meta import timestamp

EVENTS = "api/v1/events"
REMEMBERED = 2000
log = logging.getLogger(__name__)


class Recorder:
    """Writes events; one that cannot be written is left out."""

    def __init__(self, client: ApiClient) -> None:
        self.client = client
        self._written: dict[tuple[str, str, str], tuple[str, int]] = {}

    async def __call__(
        self, obj: Object, reason: str, message: str, *, component: str, kind: str = "Normal"
    ) -> None:
        """`kind` is `Normal` or `Warning`."""
        about = (obj["metadata"]["uid"], reason, message)
        with suppress(ApiError):
            if about in self._written and await self._count(obj, about):
                return
            event = await self.client.create(EVENTS, _event(obj, reason, message, component, kind))
            self._remember(about, event["metadata"]["name"], 1)

    async def _count(self, obj: Object, about: tuple[str, str, str]) -> bool:
        name, count = self._written[about]
        changed = {"count": count + 1, "lastTimestamp": timestamp()}
        try:
            await self.client.patch(EVENTS, _namespace(obj), name, changed)
        except ApiError:
            return False
        self._remember(about, name, count + 1)
        return True

    def _remember(self, about: tuple[str, str, str], name: str, count: int) -> None:
        self._written.pop(about, None)
        self._written[about] = (name, count)
        if len(self._written) > REMEMBERED:
            del self._written[next(iter(self._written))]


def _namespace(obj: Object) -> str:
    return str(obj["metadata"].get("namespace", "default"))


def _event(obj: Object, reason: str, message: str, component: str, kind: str) -> Object:
    meta, now = obj["metadata"], timestamp()
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"generateName": f"{meta['name']}.", "namespace": _namespace(obj)},
        "involvedObject": {
            "apiVersion": obj["apiVersion"],
            "kind": obj["kind"],
            "name": meta["name"],
            "uid": meta["uid"],
            "resourceVersion": meta["resourceVersion"],
        }
        | ({"namespace": meta["namespace"]} if "namespace" in meta else {}),
        "reason": reason,
        "message": message,
        "type": kind,
        "count": 1,
        "firstTimestamp": now,
        "lastTimestamp": now,
        "source": {"component": component},
        "reportingComponent": component,
        "reportingInstance": "",
    }
