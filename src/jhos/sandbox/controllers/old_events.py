"""Events are kept for an hour, as clusters do."""

import asyncio
from datetime import UTC, datetime, timedelta

from jhos.sandbox.client import ApiClient, Object, suppress_not_found
from jhos.sandbox.controllers.loop import Control
from jhos.sandbox.controllers.meta import parse_time
from jhos.sandbox.controllers.recorder import EVENTS

KEPT = timedelta(hours=1)
EVERY_S = 300


class OldEvents:
    """The controller."""

    def __init__(self, control: Control) -> None:
        self.client = control.client

    async def run(self) -> None:
        while True:
            await remove_old(self.client, datetime.now(UTC) - KEPT)
            await asyncio.sleep(EVERY_S)


async def remove_old(client: ApiClient, before: datetime) -> None:
    for event in await client.list(EVENTS):
        if last_seen(event) < before:
            with suppress_not_found():
                await client.delete(EVENTS, *_key(event))


def last_seen(event: Object) -> datetime:
    meta = event["metadata"]
    return parse_time(
        event.get("lastTimestamp") or event.get("eventTime") or meta["creationTimestamp"]
    )


def _key(event: Object) -> tuple[str, str]:
    return event["metadata"]["namespace"], event["metadata"]["name"]
