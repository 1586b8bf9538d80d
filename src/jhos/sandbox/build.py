"""Source-to-image builds: the real assemble script in a pod-like box, its changes a new layer."""

import asyncio
import re
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jhos.sandbox import build_scratch, build_secrets
from jhos.sandbox.base.definition import MissingWheel
from jhos.sandbox.client import Object
from jhos.sandbox.host_packages import CACHES, package_env, package_mounts, trusted_authorities
from jhos.sandbox.images import (
    SCRIPTS_URL,
    BrokenImage,
    Image,
    ImageConfig,
    ImageStore,
    UnknownImage,
)
from jhos.sandbox.layout import Layout
from jhos.sandbox.node.box import run
from jhos.sandbox.node.overlay import copy_layers, remove_tree
from jhos.sandbox.node.rootfs import Box, Mount, identity
from jhos.sandbox.source import BuildFailed, OnLog, fetch, inside

__all__ = ["BuildFailed", "run_build"]

ETC_OF_HOST = ("resolv.conf", "hosts")


@dataclass(frozen=True, kw_only=True)
class Scripts:
    """Where assemble and run are, inside the box."""

    assemble: str
    run: str


async def run_build(
    layout: Layout,
    build: Object,
    *,
    source: Path | None,
    on_log: OnLog,
    secrets: build_secrets.Secrets | None = None,
) -> Image:
    """Build what `build.spec` says; `source` is the archive of a binary build.

    `secrets`: those that the build names.
    The builder image is a pull specification by now. Raises BuildFailed. Cancelling ends all
    processes of the build and leaves no layer.
    """
    store = ImageStore(layout)
    strategy = source_strategy(build)
    builder = await find_builder(store, strategy, on_log)
    layout.builds.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="work-", dir=layout.builds))
    try:
        secrets = secrets or {}
        environment = build_secrets.git_environment(build, secrets, work / "home")
        await fetch(build, source, work / "source", on_log, environment)
        return await Assembly(layout, store, build, builder, work, on_log, secrets).run()
    finally:
        await asyncio.to_thread(remove_tree, work)


def source_strategy(build: Object) -> Object:
    strategy: Object | None = build["spec"]["strategy"].get("sourceStrategy")
    if strategy is None:
        kind = build["spec"]["strategy"].get("type", "this")
        raise BuildFailed("GenericBuildFailed", f"the sandbox has no {kind} strategy, only Source")
    return strategy


async def find_builder(store: ImageStore, strategy: Object, on_log: OnLog) -> Image:
    name = strategy["from"]["name"]
    try:
        image = store.get(name)
        on_log(f"Using {name} as the s2i builder image\n".encode())
        await asyncio.to_thread(store.prepare, image)
    except UnknownImage:
        message = f"the sandbox has no image {name}: it knows those it built and openshift/python"
        raise BuildFailed("PullBuilderImageFailed", message) from None
    except (BrokenImage, MissingWheel) as error:
        raise BuildFailed("PullBuilderImageFailed", str(error)) from error
    return image


class Assembly:
    """One run of an assemble script, with its source in `work/source`."""

    def __init__(
        self,
        layout: Layout,
        store: ImageStore,
        build: Object,
        builder: Image,
        work: Path,
        on_log: OnLog,
        secrets: build_secrets.Secrets,
    ) -> None:
        self.layout, self.store, self.work, self.on_log = layout, store, work, on_log
        self.build, self.builder = build, builder
        self.strategy = source_strategy(build)
        source, self.scratch = work / "source", work / "tmp"
        self.env = {**builder.config["env"], **build_env(build, self.strategy, source)}
        self.scratch.mkdir()
        build_scratch.inherit(store, builder, self.scratch)
        uploaded = build_scratch.upload(source, self.scratch)
        self.scripts = find_scripts(self.strategy, uploaded, builder)
        self.secret_files = build_secrets.lay(build, secrets, self.scratch)

    async def run(self) -> Image:
        layer = self.store.new_layer()
        try:
            layers = await self._assemble(layer)
            build_secrets.remove(self.secret_files, self.scratch)
            return self._commit(layers, build_scratch.keep(self.store, self.scratch, layer.name))
        except BaseException:
            remove_tree(layer)
            raise

    async def _assemble(self, layer: Path) -> list[str]:
        """The layers of the new image."""
        lower = self.store.layer_paths(self.builder)
        overlay = {"layers": [str(path) for path in lower], "writable": str(self.work / "layer")}
        if lower and await self._overlays_work(overlay):
            await self._execute(str(self.work / "root"), overlay)
            (self.work / "layer/upper").rename(layer)
            return [*self.builder.layers, layer.name]
        self.on_log(b"This file system takes no overlays: copying the builder image\n")
        await asyncio.to_thread(copy_layers, lower, layer)
        await self._execute(str(layer), None)
        return [layer.name]

    async def _overlays_work(self, overlay: Object) -> bool:
        root = self.work / "root"
        root.mkdir()
        trial = Box(command=["true"], app_root=str(root))
        return await run(trial, lambda _: None, overlay) == 0

    async def _execute(self, app_root: str, overlay: Object | None) -> None:
        code = await run(self._box(app_root), self.on_log, overlay)
        if code != 0:
            raise BuildFailed("AssembleFailed", f"the assemble script ended with exit code {code}")

    def _box(self, app_root: str) -> Box:
        user = int(self.builder.config["user"])
        return Box(
            command=[self.scripts.assemble],
            env={**package_env(), **self.env, **CACHES},
            workdir=self.builder.config["workdir"],
            uid=user,
            hostname=self.build["metadata"]["name"],
            app_root=app_root,
            mounts=[
                *(bind for bind in self.store.mounts(self.builder) if not in_scratch(bind.target)),
                *self._files(user),
                *cache_mounts(self.layout.cache),
                *package_mounts(),
                *(trusted_authorities() if self.build["spec"].get("mountTrustedCA") else ()),
            ],
        )

    def _files(self, user: int) -> list[Mount]:
        etc = self.work / "etc"
        etc.mkdir()
        for name, text in identity(user, self.builder.config["workdir"]).items():
            (etc / name).write_text(text)
        return [
            *(_read_only(path, f"/etc/{path.name}") for path in etc.iterdir()),
            *(_read_only(Path("/etc", name).resolve(), f"/etc/{name}") for name in ETC_OF_HOST),
            Mount(source=str(self.scratch), target="/tmp"),
        ]

    def _commit(self, layers: Sequence[str], kept: Mapping[str, str]) -> Image:
        config = self.builder.config
        output = self.build["spec"].get("output") or {}
        labels = {item["name"]: item.get("value", "") for item in output.get("imageLabels") or []}
        build_labels = {"io.openshift.build.image": self.strategy["from"]["name"]}
        built: ImageConfig = {
            **config,
            "cmd": [self.scripts.run],
            "env": self.env,
            "labels": {**config["labels"], **build_labels, **labels},
        }
        others = {path: part for path, part in self.builder.binds.items() if not in_scratch(path)}
        return self.store.add(
            repository=repository(self.build),
            layers=layers,
            binds={**others, **kept},
            config=built,
            base=self.builder.digest,
        )


def in_scratch(path: str) -> bool:
    return path.startswith(build_scratch.TMP)


def find_scripts(strategy: Object, uploaded: Collection[str], builder: Image) -> Scripts:
    """As S2I looks: what the build config names, then the source's .s2i/bin, then the image's."""

    def find(name: str) -> str:
        if url := strategy.get("scripts"):
            return f"{image_path(url)}/{name}"
        if name in uploaded:
            return f"{build_scratch.SCRIPTS}/{name}"
        if url := builder.config["labels"].get(SCRIPTS_URL):
            return f"{image_path(url)}/{name}"
        message = f"the image has no label {SCRIPTS_URL} and the source no .s2i/bin/{name}"
        raise BuildFailed("GenericBuildFailed", message)

    return Scripts(assemble=find("assemble"), run=find("run"))


def image_path(url: str) -> str:
    """`image:///usr/libexec/s2i` → `/usr/libexec/s2i`."""
    if not url.startswith("image://"):
        message = f"scripts are taken from the builder image only, not from {url}"
        raise BuildFailed("GenericBuildFailed", message)
    return "/" + url.removeprefix("image://").strip("/")


def build_env(build: Object, strategy: Object, source: Path) -> dict[str, str]:
    """Return what the build adds to the image's environment; the build config's come last."""
    meta = build["metadata"]
    given = {item["name"]: item.get("value", "") for item in strategy.get("env") or []}
    return {
        **environment_file(inside(source / ".s2i/environment", source)),
        "OPENSHIFT_BUILD_NAME": meta["name"],
        "OPENSHIFT_BUILD_NAMESPACE": meta["namespace"],
        **given,
    }


def environment_file(file: Path | None) -> dict[str, str]:
    """Lines NAME=VALUE; others are not read."""
    if file is None:
        return {}
    lines = re.findall(r"^([A-Za-z_][\w.-]*)=(.*)$", file.read_text(), re.MULTILINE)
    return dict(lines)


def cache_mounts(cache: Path) -> list[Mount]:
    """Downloaded packages are kept for the next build."""
    mounts = []
    for target in CACHES.values():
        if target.startswith("/"):
            directory = cache / Path(target).name
            directory.mkdir(parents=True, exist_ok=True)
            mounts.append(Mount(source=str(directory), target=target))
    return mounts


def repository(build: Object) -> str:
    """`NAMESPACE/NAME` of the output image stream."""
    to = (build["spec"].get("output") or {}).get("to") or {}
    namespace = to.get("namespace") or build["metadata"]["namespace"]
    name = to.get("name") or build["metadata"]["name"]
    return f"{namespace}/{name.partition(':')[0].rpartition('/')[2]}"


def _read_only(source: Path, target: str) -> Mount:
    return Mount(source=str(source), target=target, read_only=True)
