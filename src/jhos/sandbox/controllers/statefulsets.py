"""Stateful sets: pods of fixed names, one after the other, each with claims of its own."""

from jhos.sandbox.client import ApiError, Object
from jhos.sandbox.controllers import stateful
from jhos.sandbox.controllers.informers import Key
from jhos.sandbox.controllers.loop import Control, Loop
from jhos.sandbox.controllers.meta import controlled_by, is_deleting
from jhos.sandbox.controllers.pods import OwnedPods, is_finished
from jhos.sandbox.controllers.volumes import CLAIMS

STATEFUL_SETS = "apis/apps/v1/statefulsets"
REVISIONS = "apis/apps/v1/controllerrevisions"
COMPONENT = "statefulset-controller"


class StatefulSets:
    """The controller."""

    def __init__(self, control: Control) -> None:
        self.client = control.client
        self.sets = control.informer(STATEFUL_SETS)
        self.revisions = control.informer(REVISIONS)
        self.claims = control.informer(CLAIMS)
        self.loop = Loop("statefulsets", self.reconcile)
        self.sets.listen(self.loop.on_change)
        self.pods = OwnedPods(control, "StatefulSet", COMPONENT, self.loop)

    async def run(self) -> None:
        await self.loop.run()

    async def reconcile(self, key: Key) -> float | None:
        stateful_set = self.sets.get(*key)
        if stateful_set is None or is_deleting(stateful_set):
            return None
        revision = await self._revision(stateful_set)
        try:
            await self._change_pods(stateful_set, revision)
        finally:
            await self._write_status(stateful_set, revision)
        return None

    async def _revision(self, stateful_set: Object) -> str:
        """The name of the present template's, recorded."""
        namespace, name = (
            stateful_set["metadata"]["namespace"],
            stateful.revision_name(stateful_set),
        )
        own = [r for r in self.revisions.all(namespace) if controlled_by(r, stateful_set)]
        last = max((int(r["revision"]) for r in own), default=0)
        held = next((r for r in own if r["metadata"]["name"] == name), None)
        if held is None:
            made = stateful.new_revision(stateful_set, last + 1)
            self.revisions.written(await self.client.create(REVISIONS, made))
        elif held["revision"] != last:
            changed = {"revision": last + 1}
            answer = await self.client.patch(REVISIONS, namespace, name, changed)
            self.revisions.written(answer)
        return name

    async def _change_pods(self, stateful_set: Object, revision: str) -> None:
        pods = {stateful.ordinal(pod): pod for pod in self.pods.of(stateful_set)}
        if any(is_deleting(pod) for pod in pods.values()):
            return  # one that goes is waited for: its name is wanted again
        for number in stateful.missing(stateful_set, pods):
            await self._create(stateful_set, number, revision)
        finished = [pod for pod in pods.values() if is_finished(pod)]
        going = finished or stateful.surplus(stateful_set, pods)
        for pod in going or stateful.outdated(stateful_set, pods, revision):
            await self._delete(stateful_set, pod)

    async def _create(self, stateful_set: Object, number: int, revision: str) -> None:
        pod = stateful.new_pod(stateful_set, number, revision)
        name = pod["metadata"]["name"]
        try:
            for claim in stateful.new_claims(stateful_set, number):
                meta = claim["metadata"]
                if self.claims.get(meta["namespace"], meta["name"]) is None:
                    self.claims.written(await self.client.create(CLAIMS, claim))
            await self.pods.create(pod)
        except ApiError as error:
            message = f"create Pod {name} in StatefulSet failed error: {error}"
            await self.pods.record(stateful_set, "FailedCreate", message, "Warning")
            raise
        await self.pods.record(
            stateful_set, "SuccessfulCreate", f"create Pod {name} in StatefulSet successful"
        )

    async def _delete(self, stateful_set: Object, pod: Object) -> None:
        await self.pods.delete(pod)
        message = f"delete Pod {pod['metadata']['name']} in StatefulSet successful"
        await self.pods.record(stateful_set, "SuccessfulDelete", message)

    async def _write_status(self, stateful_set: Object, revision: str) -> None:
        wanted = stateful.status(stateful_set, self.pods.of(stateful_set), revision)
        if wanted != stateful_set.get("status"):
            changed = stateful_set | {"status": wanted}
            self.sets.written(await self.client.update(STATEFUL_SETS, changed, "status"))
