"""Follows the pods that are bound to this node: a worker for each."""

import asyncio
import logging

from jhos.sandbox.client import Object
from jhos.sandbox.controllers.build_pods import is_build_pod
from jhos.sandbox.controllers.informers import Informers
from jhos.sandbox.node.keeper import Keeper
from jhos.sandbox.node.overlay import remove_tree
from jhos.sandbox.node.registration import NODE_NAME
from jhos.sandbox.node.statuswriter import PODS
from jhos.sandbox.node.volumes import RESOURCES
from jhos.sandbox.node.worker import Node, PodWorker

log = logging.getLogger(__name__)


class Kubelet:
    """The workers by the uid of their pod."""

    def __init__(self, node: Node, informers: Informers) -> None:
        self.node, self.informers = node, informers
        self.workers: dict[str, PodWorker] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        pods = self.informers.of(PODS)
        await pods.synced.wait()
        self._clean_up({pod["metadata"]["uid"] for pod in pods.all()})
        pods.listen(self._on_pod)
        for kind, resource in RESOURCES.items():
            self._refresh_on(kind, resource)
        await asyncio.Event().wait()

    def container(self, uid: str, name: str) -> Keeper | None:
        worker = self.workers.get(uid)
        return worker.container(name) if worker else None

    def running(self) -> list[tuple[str, list[Keeper]]]:
        """The uid of each pod, and its containers."""
        return [(uid, [*each.init, *each.containers]) for uid, each in self.workers.items()]

    def _refresh_on(self, kind: str, resource: str) -> None:
        def refresh(_event: str, obj: Object) -> None:
            meta = obj["metadata"]
            for worker in self.workers.values():
                if worker.pod["metadata"]["namespace"] == meta["namespace"]:
                    worker.refresh(kind, meta["name"])

        self.informers.of(resource).listen(refresh)

    def _on_pod(self, event: str, pod: Object) -> None:
        if pod["spec"].get("nodeName") != NODE_NAME or is_build_pod(pod):
            return
        worker = self.workers.get(pod["metadata"]["uid"])
        if event == "DELETED":
            if worker:
                worker.vanish()
        elif worker:
            worker.update(pod)
        else:
            self._take_on(pod)

    def _take_on(self, pod: Object) -> None:
        worker = self.workers[pod["metadata"]["uid"]] = PodWorker(self.node, pod)
        task = asyncio.create_task(self._work(worker), name=f"pod {worker.title}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self, worker: PodWorker) -> None:
        try:
            await worker.run()
        except Exception:
            log.exception("pod %s", worker.title)
        finally:
            del self.workers[worker.uid]

    def _clean_up(self, known: set[str]) -> None:
        """Directories of pods that went while the node was down."""
        for directory in self.node.layout.pods.glob("*"):
            if directory.name not in known:
                remove_tree(directory)
