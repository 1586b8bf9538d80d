"""Resource quotas: their status counts what is used."""

from jhos.sandbox.client import Object
from jhos.sandbox.controllers.informers import Key, key_of
from jhos.sandbox.controllers.loop import Control, Loop
from jhos.sandbox.controllers.resources import resource_of
from jhos.sandbox.kinds import BY_KEY
from jhos.sandbox.quotas import COUNTED, measured, shown, usage

QUOTAS = "api/v1/resourcequotas"


class Quotas:
    """The controller."""

    def __init__(self, control: Control) -> None:
        self.control, self.client = control, control.client
        self.quotas = control.informer(QUOTAS)
        self.loop = Loop("quotas", self.reconcile)
        self.watched: set[str] = set()
        self._watch(*COUNTED)
        self.quotas.listen(self.loop.on_change)

    async def run(self) -> None:
        await self.loop.run()

    def _watch(self, *keys: str) -> None:
        """Count again whenever such an object changes."""
        for key in set(keys) - self.watched:
            self.watched.add(key)
            self.control.informer(resource_of(BY_KEY[key])).listen(self._on_object)

    def _on_object(self, _event: str, obj: Object) -> None:
        for quota in self.quotas.all(obj["metadata"]["namespace"]):
            self.loop.add(key_of(quota))

    async def reconcile(self, key: Key) -> float | None:
        quota = self.quotas.get(*key)
        if quota is None:
            return None
        wanted = await self._status(quota)
        if quota.get("status") != wanted:
            changed = quota | {"status": wanted}
            self.quotas.written(await self.client.update(QUOTAS, changed, "status"))
        return None

    async def _status(self, quota: Object) -> Object:
        hard = quota["spec"].get("hard") or {}
        keys = measured(hard)
        self._watch(*keys)
        await self.control.informers.synced()
        informers = {key: self.control.informer(resource_of(BY_KEY[key])) for key in keys}
        namespace = quota["metadata"]["namespace"]
        totals = usage(hard, {key: each.all(namespace) for key, each in informers.items()})
        return {"hard": hard, "used": {name: shown(name, totals[name]) for name in sorted(totals)}}
