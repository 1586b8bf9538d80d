"""Resource quotas, of a namespace and of a cluster: their status counts what is used."""

from collections.abc import Iterable
from fractions import Fraction

from jhos.sandbox.client import Object
from jhos.sandbox.controllers.informers import Key, key_of
from jhos.sandbox.controllers.loop import Control, Loop
from jhos.sandbox.controllers.resources import resource_of
from jhos.sandbox.kinds import BY_KEY
from jhos.sandbox.quotas import COUNTED, Usage, measured, shown, takes_in, usage

QUOTAS = "api/v1/resourcequotas"
CLUSTER_QUOTAS = "apis/quota.openshift.io/v1/clusterresourcequotas"
NAMESPACES = "api/v1/namespaces"


class Counts:
    """Usage by the objects of a namespace, counted again whenever one of them changes."""

    def __init__(self, control: Control, resource: str, loop: Loop) -> None:
        self.control, self.loop = control, loop
        self.quotas = control.informer(resource)
        self.watched: set[str] = set()
        self._watch(COUNTED)
        self.quotas.listen(loop.on_change)

    def _watch(self, keys: Iterable[str]) -> None:
        for key in set(keys) - self.watched:
            self.watched.add(key)
            self.control.informer(resource_of(BY_KEY[key])).listen(self._on_object)

    def _on_object(self, _event: str, obj: Object) -> None:
        namespace = obj["metadata"]["namespace"]
        for quota in self.quotas.all():
            if quota["metadata"].get("namespace", namespace) == namespace:
                self.loop.add(key_of(quota))

    async def count(self, spec: Object, namespace: str) -> Usage:
        keys = measured(spec.get("hard") or {})
        self._watch(keys)
        await self.control.informers.synced()
        informers = {key: self.control.informer(resource_of(BY_KEY[key])) for key in keys}
        return usage(spec, {key: each.all(namespace) for key, each in informers.items()})

    async def note(self, quota: Object, status: Object) -> None:
        if quota.get("status") != status:
            changed = quota | {"status": status}
            client = self.control.client
            self.quotas.written(await client.update(self.quotas.resource, changed, "status"))


class Quotas:
    """The controller of the quotas of namespaces."""

    def __init__(self, control: Control) -> None:
        self.loop = Loop("quotas", self.reconcile)
        self.counts = Counts(control, QUOTAS, self.loop)

    async def run(self) -> None:
        await self.loop.run()

    async def reconcile(self, key: Key) -> None:
        quota = self.counts.quotas.get(*key)
        if quota is not None:
            spec = quota["spec"]
            totals = await self.counts.count(spec, key[0])
            await self.counts.note(quota, _status(spec, totals))


class ClusterQuotas:
    """The controller of the quotas that several namespaces share."""

    def __init__(self, control: Control) -> None:
        self.loop = Loop("cluster quotas", self.reconcile)
        self.counts = Counts(control, CLUSTER_QUOTAS, self.loop)
        self.namespaces = control.informer(NAMESPACES)
        self.namespaces.listen(self._on_namespace)

    async def run(self) -> None:
        await self.loop.run()

    def _on_namespace(self, _event: str, _namespace: Object) -> None:
        for quota in self.counts.quotas.all():
            self.loop.add(key_of(quota))

    async def reconcile(self, key: Key) -> None:
        quota = self.counts.quotas.get(*key)
        if quota is None:
            return
        spec, selector = quota["spec"]["quota"], quota["spec"]["selector"]
        covered = [each for each in self.namespaces.all() if takes_in(selector, each)]
        names = sorted(namespace["metadata"]["name"] for namespace in covered)
        taken = {name: await self.counts.count(spec, name) for name in names}
        total = {
            resource: sum((used[resource] for used in taken.values()), Fraction(0))
            for resource in spec.get("hard") or {}
        }
        shares = [{"namespace": name, "status": _status(spec, taken[name])} for name in names]
        await self.counts.note(quota, {"total": _status(spec, total), "namespaces": shares})


def _status(spec: Object, totals: Usage) -> Object:
    used = {name: shown(name, totals[name]) for name in sorted(totals)}
    return {"hard": spec.get("hard") or {}, "used": used}
