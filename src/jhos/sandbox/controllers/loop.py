"""The loop of a controller: keys that need a look, each at most once at a time, with back-off."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from jhos.sandbox.client import ApiClient, ApiError, Object
from jhos.sandbox.controllers.informers import Informer, Informers, Key, key_of
from jhos.sandbox.controllers.recorder import Recorder
from jhos.sandbox.layout import Layout

FIRST_RETRY_S = 0.05
LONGEST_RETRY_S = 60.0
log = logging.getLogger(__name__)

Reconcile = Callable[[Key], Awaitable[float | None]]
"""Brings one object where it should be; answers the seconds after which to look again."""


@dataclass(frozen=True, kw_only=True)
class Control:
    """What every controller is given."""

    client: ApiClient
    informers: Informers
    record: Recorder
    layout: Layout

    def informer(self, resource: str) -> Informer:
        return self.informers.of(resource)


class Controller(Protocol):
    """Something to run until cancelled."""

    async def run(self) -> None: ...


class Loop:
    """A queue of keys, each reconciled again until that succeeds."""

    def __init__(self, name: str, reconcile: Reconcile, workers: int = 4) -> None:
        self.name, self._reconcile, self._workers = name, reconcile, workers
        self._queue: asyncio.Queue[Key] = asyncio.Queue()
        self._waiting: set[Key] = set()
        self._busy: set[Key] = set()
        self._again: set[Key] = set()
        self._failures: dict[Key, int] = {}
        self._timers: dict[Key, asyncio.TimerHandle] = {}

    def add(self, key: Key) -> None:
        if key in self._busy:
            self._again.add(key)
        elif key not in self._waiting:
            self._waiting.add(key)
            self._queue.put_nowait(key)

    def add_later(self, key: Key, seconds: float) -> None:
        """Add `key` then; a key has one such appointment, the latest made."""
        if held := self._timers.pop(key, None):
            held.cancel()
        self._timers[key] = asyncio.get_running_loop().call_later(seconds, self._due, key)

    def on_change(self, _event: str, obj: Object) -> None:
        """A listener that adds the object itself."""
        self.add(key_of(obj))

    async def run(self) -> None:
        await asyncio.gather(*(self._work() for _ in range(self._workers)))

    def _due(self, key: Key) -> None:
        self._timers.pop(key, None)
        self.add(key)

    async def _work(self) -> None:
        while True:
            key = await self._queue.get()
            self._waiting.discard(key)
            self._busy.add(key)
            try:
                await self._attempt(key)
            finally:
                self._busy.discard(key)
            if key in self._again:
                self._again.discard(key)
                self.add(key)

    async def _attempt(self, key: Key) -> None:
        try:
            again_after = await self._reconcile(key)
        except ApiError as error:
            log.debug("%s %s/%s: %s", self.name, *key, error)
            self._retry(key)
        except Exception:
            log.exception("%s %s/%s", self.name, *key)
            self._retry(key)
        else:
            self._failures.pop(key, None)
            if again_after is not None:
                self.add_later(key, again_after)

    def _retry(self, key: Key) -> None:
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        self.add_later(key, min(LONGEST_RETRY_S, FIRST_RETRY_S * 2 ** min(failures - 1, 20)))
