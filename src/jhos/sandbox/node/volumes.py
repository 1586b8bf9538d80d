"""A pod's volumes as directories of the node, and where its containers mount them."""

import asyncio
import os
import shutil
import uuid
from datetime import UTC, datetime
from pathlib import Path

from jhos.sandbox.client import ApiClient, ApiError, Object
from jhos.sandbox.layout import Layout
from jhos.sandbox.node.downward import ConfigError
from jhos.sandbox.node.env import Source, expand
from jhos.sandbox.node.overlay import mount_tmpfs, remove_tree, unmount
from jhos.sandbox.node.ownership import share, share_claimed, share_fixed
from jhos.sandbox.node.payload import Files, files, is_payload, sources, token_requests
from jhos.sandbox.node.rootfs import Mount
from jhos.sandbox.quantity import parse

CLAIMS = "api/v1/persistentvolumeclaims"
RESOURCES = {"configmap": "api/v1/configmaps", "secret": "api/v1/secrets"}
TOKEN_REFRESH = 0.8  # of its life


class Volumes:
    """Of one pod. What may be secret lies in memory (`in_memory`), never on the disk."""

    def __init__(self, client: ApiClient, layout: Layout, in_memory: Path, pod: Object) -> None:
        uid: str = pod["metadata"]["uid"]
        self.client, self.layout, self.pod = client, layout, pod
        self.in_memory, self.on_disk = in_memory / uid, layout.pods / uid / "volumes"
        self.paths: dict[str, Path] = {}
        self.tokens = Tokens(client, pod)
        self._shown: dict[str, Files] = {}

    async def set_up(self) -> None:
        """Every volume the containers need. Raises ConfigError while one cannot be had."""
        for volume in self.pod["spec"].get("volumes") or []:
            self.paths[volume["name"]] = await self._path(volume)

    async def refresh(self) -> None:
        """Shows what config maps, secrets and tokens hold by now."""
        for volume in self.pod["spec"].get("volumes") or []:
            if is_payload(volume) and volume["name"] in self.paths:
                await self._show(volume)

    def uses(self, kind: str, name: str) -> bool:
        volumes = self.pod["spec"].get("volumes") or []
        return any((kind, name) in sources(volume) for volume in volumes if is_payload(volume))

    def clear(self) -> None:
        for path in self.in_memory.glob("*"):
            unmount(path)
        remove_tree(self.in_memory)
        remove_tree(self.on_disk)

    def mounts(self, container: Object, env: dict[str, str]) -> list[Mount]:
        volumes = {volume["name"]: volume for volume in self.pod["spec"].get("volumes") or []}
        return [
            self._mount(volumes[mount["name"]], mount, env)
            for mount in container.get("volumeMounts") or []
        ]

    def _mount(self, volume: Object, mount: Object, env: dict[str, str]) -> Mount:
        root = self.paths[volume["name"]]
        below = mount.get("subPath") or expand(mount.get("subPathExpr") or "", env)
        source = self._sub_path(root, below, is_payload(volume)) if below else root
        claim = volume.get("persistentVolumeClaim") or {}
        read_only = is_payload(volume) or mount.get("readOnly") or claim.get("readOnly")
        return Mount(source=str(source), target=mount["mountPath"], read_only=bool(read_only))

    def _sub_path(self, root: Path, below: str, fixed: bool) -> Path:
        path = (root / below).resolve()
        if not path.is_relative_to(root.resolve()):
            raise ConfigError(f"subPath {below} leads out of its volume")
        if not path.exists():
            if fixed:
                raise ConfigError(f"failed to prepare subPath {below}: no such file")
            path.mkdir(parents=True)
        return path

    async def _path(self, volume: Object) -> Path:
        if is_payload(volume):
            await self._show(volume)
            return self.in_memory / str(volume["name"])
        if "emptyDir" in volume:
            path = self._empty(volume)
            share(self.pod, path)
            return path
        if "persistentVolumeClaim" in volume:
            return await self._claimed(volume["persistentVolumeClaim"])
        kind = next((key for key in volume if key != "name"), "unknown")
        raise ConfigError(f"the sandbox has no volumes of type {kind} ({volume['name']})")

    def _empty(self, volume: Object) -> Path:
        source = volume["emptyDir"] or {}
        if source.get("medium") != "Memory":
            path = self.on_disk / str(volume["name"])
            path.mkdir(parents=True, exist_ok=True)
            path.chmod(0o777)
            return path
        path = self.in_memory / str(volume["name"])
        if not path.exists():
            limit = source.get("sizeLimit")
            size = f",size={int(parse(str(limit)))}" if limit else ""
            mount_tmpfs(path, f"mode=0777{size}")
        return path

    async def _claimed(self, source: Object) -> Path:
        claim_name = source["claimName"]
        claim = await self._get(CLAIMS, claim_name)
        if claim is None:
            raise ConfigError(f'persistentvolumeclaim "{claim_name}" not found')
        volume = claim["spec"].get("volumeName")
        if not volume or claim.get("status", {}).get("phase") != "Bound":
            raise ConfigError(f'persistentvolumeclaim "{claim_name}" is not bound')
        path = self.layout.volumes / str(volume)
        path.mkdir(parents=True, exist_ok=True)
        if not source.get("readOnly"):
            await asyncio.to_thread(share_claimed, self.pod, path)
        return path

    async def _show(self, volume: Object) -> None:
        found = await self.fetch(sources(volume))
        tokens = {item["path"]: await self.tokens.get(item) for item in token_requests(volume)}
        wanted = files(volume, self.pod, found, tokens)
        if self._shown.get(volume["name"]) != wanted:
            show(wanted, self.in_memory / str(volume["name"]))
            share_fixed(self.pod, self.in_memory / str(volume["name"]))
            self._shown[volume["name"]] = wanted

    async def fetch(self, wanted: set[Source]) -> dict[Source, Object | None]:
        """Config maps and secrets as they are now."""
        return {(kind, name): await self._get(RESOURCES[kind], name) for kind, name in wanted}

    async def _get(self, resource: str, name: str) -> Object | None:
        try:
            return await self.client.get(resource, self.pod["metadata"]["namespace"], name)
        except ApiError as error:
            if error.code == 404:
                return None
            raise


class Tokens:
    """The service account's tokens for one pod, asked for again before they run out."""

    def __init__(self, client: ApiClient, pod: Object) -> None:
        self.client, self.pod = client, pod
        self._held: dict[str, tuple[str, float]] = {}

    async def get(self, request: Object) -> str:
        token, until = self._held.get(request["path"], ("", 0.0))
        if datetime.now(UTC).timestamp() >= until:
            token = await self._ask(request)
        return token

    async def _ask(self, request: Object) -> str:
        meta, account = self.pod["metadata"], self.pod["spec"].get("serviceAccountName", "default")
        pod = {"kind": "Pod", "apiVersion": "v1", "name": meta["name"], "uid": meta["uid"]}
        life = request.get("expirationSeconds", 3600)
        spec: Object = {"expirationSeconds": life, "boundObjectRef": pod}
        if "audience" in request:
            spec["audiences"] = [request["audience"]]
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
        where = ("api/v1/serviceaccounts", meta["namespace"], f"{account}/token")
        answer = await self.client.post(*where, body)
        token: str = answer["status"]["token"]
        until = datetime.now(UTC).timestamp() + TOKEN_REFRESH * life
        self._held[request["path"]] = (token, until)
        return token


def show(wanted: Files, directory: Path) -> None:
    """All files change at once: names lead through `..data`, which is exchanged as a whole."""
    directory.mkdir(parents=True, exist_ok=True)
    version = f"..{uuid.uuid4().hex[:12]}"
    for name, file in wanted.items():
        path = directory / version / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
        path.chmod(file.mode)
    (directory / version).mkdir(exist_ok=True)
    (directory / "..new").symlink_to(version)
    os.replace(directory / "..new", directory / "..data")
    _link_names({name.partition("/")[0] for name in wanted}, directory)
    for old in directory.glob("..[0-9a-f]*"):
        if old.name not in (version, "..data"):
            shutil.rmtree(old)


def _link_names(wanted: set[str], directory: Path) -> None:
    held = {path.name for path in directory.iterdir() if not path.name.startswith("..")}
    for name in wanted - held:
        (directory / name).symlink_to(f"..data/{name}")
    for name in held - wanted:
        (directory / name).unlink()
