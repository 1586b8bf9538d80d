"""One pod of this node, from its binding to its deletion."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import aiohttp

from jhos.sandbox.client import ApiClient, ApiError, Object
from jhos.sandbox.controllers.meta import is_deleting, parse_time
from jhos.sandbox.controllers.recorder import Recorder
from jhos.sandbox.images import ImageStore
from jhos.sandbox.layout import Layout
from jhos.sandbox.node.boxes import box, hostname, user
from jhos.sandbox.node.containerfiles import ContainerFiles, Names
from jhos.sandbox.node.downward import ConfigError
from jhos.sandbox.node.env import container_env, sources
from jhos.sandbox.node.keeper import Keeper
from jhos.sandbox.node.logs import LogWriter
from jhos.sandbox.node.network import NODE_ADDRESS, NetworkError, PodNetwork
from jhos.sandbox.node.overlay import remove_tree
from jhos.sandbox.node.pull import pull
from jhos.sandbox.node.restore import restored
from jhos.sandbox.node.rootfs import Box
from jhos.sandbox.node.status import PodFacts
from jhos.sandbox.node.statuswriter import PODS, StatusWriter
from jhos.sandbox.node.volumes import Volumes

MOUNT_RETRY_S = 1.0
REFRESH_S = 60.0
log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Node:
    """What all pods of the node share. `in_memory` is a directory on a tmpfs of the node's own."""

    client: ApiClient
    layout: Layout
    images: ImageStore
    network: PodNetwork
    recorder: Recorder
    in_memory: Path


class PodWorker:
    """`run` is the pod's life; `update` tells what the API says of it meanwhile."""

    def __init__(self, node: Node, pod: Object) -> None:
        meta = pod["metadata"]
        self.node, self.pod, self.uid = node, pod, meta["uid"]
        self.title = f"{meta['name']}_{meta['namespace']}({meta['uid']})"
        self.address = ""
        self.network = node.network.enter(self.uid)
        self.volumes = Volumes(node.client, node.layout, node.in_memory / "volumes", pod)
        self.init = self._keepers("initContainers", "initContainerStatuses")
        self.containers = self._keepers("containers", "containerStatuses")
        self.deletion, self.gone = asyncio.Event(), asyncio.Event()
        self.stale_volumes = asyncio.Event()
        self.started = _start_time(pod)
        self.status = StatusWriter(node.client, self.facts)
        self.update(pod)

    def update(self, pod: Object) -> None:
        self.pod = self.volumes.pod = pod
        if is_deleting(pod):
            self.deletion.set()
            self._stop(pod["metadata"].get("deletionGracePeriodSeconds", self.grace_s))

    def container(self, name: str) -> Keeper | None:
        return next((k for k in (*self.init, *self.containers) if k.name == name), None)

    def vanish(self) -> None:
        """The API has it no more: it was deleted by force."""
        self.gone.set()
        self.deletion.set()
        self._stop(0)

    def refresh(self, kind: str, name: str) -> None:
        """A config map or secret has changed."""
        if self.volumes.uses(kind, name):
            self.stale_volumes.set()

    async def run(self) -> None:
        tasks = [asyncio.create_task(self.status.run())]
        try:
            if not self._is_over():
                tasks.append(asyncio.create_task(self._keep_volumes()))
                await self._live()
            await self.status.flush()
            await self._release()
            await self.deletion.wait()
            await self._forget()
        finally:
            for task in tasks:
                task.cancel()

    async def _live(self) -> None:
        """Until all containers have ended."""
        if not await self._surround():
            return
        policy = self.pod["spec"].get("restartPolicy", "Always")
        for keeper in self.init:
            await self._keep(keeper, "Never" if policy == "Never" else "OnFailure")
            if keeper.state.exit_code != 0:
                return
            keeper.state.ready = True
        await asyncio.gather(*(self._keep(keeper, policy) for keeper in self.containers))

    async def _keep(self, keeper: Keeper, policy: str) -> None:
        while True:
            try:
                return await keeper.keep(policy)
            except Exception:
                log.exception("container %s of %s", keeper.name, self.title)
                await asyncio.sleep(MOUNT_RETRY_S)

    async def _surround(self) -> bool:
        """Network and volumes, tried until they are there; False when the pod is to go first."""
        said = ""
        while not self.deletion.is_set():
            try:
                self.address = self.address or await self.node.network.add(self.uid)
                await self.volumes.set_up()
                self.changed()
                return True
            except (ConfigError, ApiError, NetworkError, OSError) as error:
                if str(error) != said:
                    said = str(error)
                    if self.address:
                        await self._record_mount(error)
                    else:
                        message = f"Failed to create pod sandbox: {said}"
                        await self.record("FailedCreatePodSandBox", message, "Warning")
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.deletion.wait(), MOUNT_RETRY_S)
        return False

    async def _keep_volumes(self) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stale_volumes.wait(), REFRESH_S)
            self.stale_volumes.clear()
            try:
                await self.volumes.refresh()
            except (ConfigError, ApiError, OSError, aiohttp.ClientError) as error:
                await self._record_mount(error)

    async def _record_mount(self, error: Exception) -> None:
        await self.record("FailedMount", f"MountVolume.SetUp failed: {error}", "Warning")

    async def box(self, keeper: Keeper) -> Box:
        """For the next run of a container. Raises PullError, ConfigError, ApiError."""
        container, pod = keeper.container, self._with_address()
        namespace = pod["metadata"]["namespace"]
        image = await pull(self.node.client, self.node.images, container["image"])
        keeper.state.image_id = image.reference
        await self.record(
            "Pulled", f'Container image "{container["image"]}" already present on machine'
        )
        found = await self.volumes.fetch(sources(container))
        env = container_env(container, pod, found, image.config["env"])
        names = Names(
            uid=user(pod, container, image),
            home=image.config["env"].get("HOME", "/"),
            hostname=hostname(pod),
            namespace=namespace,
            address=self.address,
            aliases=_aliases(pod),
        )
        layers = self.node.images.layer_paths(image)
        await asyncio.to_thread(keeper.files.set_up, layers, names)
        mounts = [
            *self.node.images.mounts(image),
            *keeper.files.mounts(
                image.config["volumes"],
                container.get("terminationMessagePath", "/dev/termination-log"),
            ),
            *self.volumes.mounts(container, env),
        ]
        root = str(keeper.files.root)
        return box(pod, container, image, env=env, app_root=root, mounts=mounts)

    def open_log(self, container: str, run: int) -> LogWriter:
        return LogWriter(self.node.layout.pods / self.uid / container, run)

    async def record(self, reason: str, message: str, kind: str = "Normal") -> None:
        with suppress(aiohttp.ClientError):
            await self.node.recorder(self.pod, reason, message, component="kubelet", kind=kind)

    def changed(self) -> None:
        self.status.changed.set()

    def facts(self) -> PodFacts:
        return PodFacts(
            pod=self.pod,
            init=[keeper.state for keeper in self.init],
            containers=[keeper.state for keeper in self.containers],
            address=self.address,
            started=self.started,
        )

    @property
    def grace_s(self) -> float:
        return float(self.pod["spec"].get("terminationGracePeriodSeconds", 30))

    def _stop(self, grace_s: float) -> None:
        for keeper in (*self.init, *self.containers):
            keeper.stop(grace_s)

    async def _release(self) -> None:
        """A pod that has ended keeps its logs and its object, nothing else."""
        await self.node.network.remove(self.uid)
        await asyncio.to_thread(self.volumes.clear)
        await asyncio.to_thread(remove_tree, self.node.in_memory / "containers" / self.uid)

    async def _forget(self) -> None:
        if not self.gone.is_set():
            meta = self.pod["metadata"]
            await self.node.client.delete(
                PODS,
                meta["namespace"],
                meta["name"],
                gracePeriodSeconds=0,
                preconditions={"uid": self.uid},
            )
        await asyncio.to_thread(remove_tree, self.node.layout.pods / self.uid)

    def _is_over(self) -> bool:
        return (self.pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")

    def _keepers(self, part: str, status: str) -> list[Keeper]:
        held = (self.pod.get("status") or {}).get(status) or []
        return [
            Keeper(self, container, state, self._files(container["name"]))
            for container in self.pod["spec"].get(part) or []
            for state in [restored(container, held, again=part == "initContainers")]
        ]

    def _files(self, name: str) -> ContainerFiles:
        return ContainerFiles(
            self.node.layout.pods / self.uid / name / "rootfs",
            self.node.in_memory / "containers" / self.uid / name,
        )

    def _with_address(self) -> Object:
        status = {"podIP": self.address, "hostIP": NODE_ADDRESS}
        return {**self.pod, "status": {**(self.pod.get("status") or {}), **status}}


def _start_time(pod: Object) -> datetime:
    held = (pod.get("status") or {}).get("startTime")
    return parse_time(held) if held else datetime.now(UTC)


def _aliases(pod: Object) -> Sequence[tuple[str, str]]:
    return [
        (alias["ip"], "\t".join(alias.get("hostnames") or []))
        for alias in pod["spec"].get("hostAliases") or []
    ]
