"""What the API asks of the node and the build controller: logs, and builds of uploaded sources."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from jhos.sandbox.call import Query
from jhos.sandbox.client import ApiClient, Object
from jhos.sandbox.controllers.build_phases import is_done
from jhos.sandbox.controllers.build_pods import BUILD_NAME, is_build_pod
from jhos.sandbox.controllers.buildconfigs import instantiate_binary, until_started
from jhos.sandbox.controllers.builds import BUILDS
from jhos.sandbox.controllers.informers import Informers
from jhos.sandbox.controllers.meta import annotations
from jhos.sandbox.controllers.pods import PODS
from jhos.sandbox.layout import Layout
from jhos.sandbox.node.logs import read_log

POLL_S = 0.2
CHUNK = 2**16


class Hooks:
    """The functions that `call.Cluster` names, for one sandbox."""

    def __init__(
        self, layout: Layout, client: ApiClient, informers: Informers, *, api_only: bool = False
    ) -> None:
        self.layout, self.client, self.informers = layout, client, informers
        self.api_only = api_only

    async def pod_logs(
        self, namespace: str, pod: str, container: str, query: Query
    ) -> AsyncIterator[bytes]:
        found = self.informers.of(PODS).get(namespace, pod)
        if found is None:
            found = await self.client.get(PODS, namespace, pod)
        if is_build_pod(found):
            async for chunk in self.build_logs(namespace, annotations(found)[BUILD_NAME], query):
                yield chunk
            return
        lines = read_log(
            self.layout,
            found["metadata"]["uid"],
            container,
            previous=query.get("previous") == "true",
            follow=query.get("follow") == "true",
            tail_lines=_number(query.get("tailLines")),
            since_seconds=_number(query.get("sinceSeconds")),
            since_time=query.get("sinceTime"),
            timestamps=query.get("timestamps") == "true",
        )
        async for line in lines:
            yield line

    async def build_logs(self, namespace: str, build: str, query: Query) -> AsyncIterator[bytes]:
        """All there is, and with `follow` what comes until the build has ended."""
        path = self.layout.builds / namespace / build / "log"
        position = _tail(path, _number(query.get("tailLines")))
        while True:
            ended = query.get("follow") != "true" or self._is_over(namespace, build)
            if path.exists():
                with path.open("rb") as file:
                    file.seek(position)
                    while chunk := file.read(CHUNK):
                        position += len(chunk)
                        yield chunk
            if ended:
                return
            await asyncio.sleep(POLL_S)

    async def instantiate_binary(
        self, namespace: str, config: str, query: Query, upload: AsyncIterator[bytes]
    ) -> Object:
        binary = {"asFile": query["asFile"]} if query.get("asFile") else {}
        request = {"binary": binary}
        build = await instantiate_binary(
            self.client, self.layout, namespace, config, request, upload
        )
        return await until_started(self.client, build, api_only=self.api_only)

    def _is_over(self, namespace: str, build: str) -> bool:
        found = self.informers.of(BUILDS).get(namespace, build)
        return found is None or is_done(found)


def _tail(log: Path, lines: int | None) -> int:
    """Where in the log its last lines begin; at the start for None."""
    if lines is None or not log.exists():
        return 0
    content = log.read_bytes()
    last = content.splitlines(keepends=True)[-lines:] if lines else []
    return len(content) - sum(map(len, last))


def _number(text: str | None) -> int | None:
    return int(text) if text else None
