"""Keeps a pod's status in the API as it is here."""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime

import aiohttp

from jhos.sandbox.client import ApiClient, ApiError, Object
from jhos.sandbox.node.status import PodFacts, pod_status

PODS = "api/v1/pods"
RETRY_S = 0.5
log = logging.getLogger(__name__)


class StatusWriter:
    """Writes after each `changed`; changes that come while one is written are written together."""

    def __init__(self, client: ApiClient, facts: Callable[[], PodFacts]) -> None:
        self.client, self.facts = client, facts
        self.changed = asyncio.Event()
        self.changed.set()
        self._written: Object = {}
        self._writing = asyncio.Lock()

    async def run(self) -> None:
        while True:
            await self.changed.wait()
            self.changed.clear()
            try:
                await self.flush()
            except (ApiError, aiohttp.ClientError) as error:
                log.warning("the status of %s: %s", self._name(), error)
                await asyncio.sleep(RETRY_S)
                self.changed.set()

    async def flush(self) -> None:
        """Write now what is not written yet; a pod that is gone is well."""
        async with self._writing:
            facts = self.facts()
            status = pod_status(facts, datetime.now(UTC))
            if status == self._written:
                return
            meta = facts.pod["metadata"]
            body = {"metadata": {"uid": meta["uid"]}, "status": status}
            try:
                await self.client.patch(PODS, meta["namespace"], meta["name"], body, "status")
            except ApiError as error:
                if error.code not in (404, 409):
                    raise
            self._written = status

    def _name(self) -> str:
        return str(self.facts().pod["metadata"]["name"])
