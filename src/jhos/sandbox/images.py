"""The image store: an image is a list of layers over /opt/app-root and what it binds elsewhere.

On disk: `images/DIGEST.json`, `images/layers/NAME/` (over /opt/app-root) and `images/parts/NAME/`
(bound at paths of their own). Base images are known by their content before they are made;
`prepare` makes what is missing.
"""

import fcntl
import hashlib
import json
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple, TypedDict

from jhos.sandbox.base import BaseImage, base_images
from jhos.sandbox.base.definition import link_tree
from jhos.sandbox.layout import Layout
from jhos.sandbox.node.overlay import remove_tree
from jhos.sandbox.node.rootfs import Mount

REGISTRY = "image-registry.openshift-image-registry.svc:5000"
SCRIPTS_URL = "io.openshift.s2i.scripts-url"


class ImageConfig(TypedDict):
    """`exposedPorts` as `8080/tcp`; `volumes` are paths with a directory of the container's own."""

    cmd: list[str]
    env: dict[str, str]
    labels: dict[str, str]
    workdir: str
    user: str
    exposedPorts: list[str]
    volumes: list[str]


@dataclass(frozen=True, kw_only=True)
class Image:
    """`layers` lowest first; `binds` map a path inside to `parts/NAME` or a path of the host."""

    digest: str
    reference: str
    layers: Sequence[str]
    binds: Mapping[str, str]
    config: ImageConfig
    base: str | None = None


class StreamImage(NamedTuple):
    stream: str
    tag: str
    image: Image


class UnknownImage(LookupError):
    """No image of this name: the sandbox runs only what it built or made itself."""


class BrokenImage(Exception):
    """An image whose files are gone."""


class ImageStore:
    """The images of one sandbox. Safe to be used by several processes."""

    def __init__(self, layout: Layout) -> None:
        self.root = layout.images
        self.layers = self.root / "layers"
        self.parts = self.root / "parts"
        self.cache = layout.cache / "layers"

    def get(self, reference: str) -> Image:
        """By anything that ends in `@sha256:…`, or the name and tag of a base image."""
        digest = reference.rpartition("@")[2]
        if digest.startswith("sha256:"):
            return self._by_digest(digest, reference)
        return self._by_name(reference)

    def add(
        self,
        *,
        repository: str,
        layers: Sequence[str],
        binds: Mapping[str, str],
        config: ImageConfig,
        base: str | None = None,
    ) -> Image:
        """`repository` is `NAMESPACE/NAME`."""
        content = json.dumps([list(layers), dict(binds), config, base], sort_keys=True)
        digest = "sha256:" + hashlib.sha256(content.encode()).hexdigest()
        image = Image(
            digest=digest,
            reference=f"{REGISTRY}/{repository}@{digest}",
            layers=tuple(layers),
            binds=dict(binds),
            config=config,
            base=base,
        )
        self._write(image)
        return image

    def remove(self, digest: str) -> None:
        """Forgets the image and deletes what no other one has. Raises UnknownImage."""
        with self._locked():
            image = self.get(digest)
            self._file(digest).unlink()
            for path in self._directories(image) - self._used():
                remove_tree(path)

    def all(self) -> Iterator[Image]:
        for file in self.root.glob("*.json"):
            yield Image(**json.loads(file.read_text()))

    def base_images(self) -> list[StreamImage]:
        """What namespace `openshift` offers; cheap, nothing is made yet."""
        return [
            StreamImage(base.stream, tag, self._add_base(base))
            for base in base_images()
            for tag in base.tags
        ]

    def prepare(self, image: Image) -> None:
        """Makes the parts of base images that are still missing; seconds the first time."""
        for name in image.layers:
            self._ensure(self.layers / name)
        for source in image.binds.values():
            self._ensure(self.root.joinpath(*_part(source)))

    def layer_paths(self, image: Image) -> list[Path]:
        return [self.layers / name for name in image.layers]

    def mounts(self, image: Image) -> list[Mount]:
        return [
            Mount(source=str(self.root / source), target=target, read_only=True)
            for target, source in image.binds.items()
        ]

    def new_layer(self) -> Path:
        """A free path for a layer in the making; `add` takes its name."""
        self.layers.mkdir(parents=True, exist_ok=True)
        return self.layers / uuid.uuid4().hex[:16]

    def _directories(self, image: Image) -> set[Path]:
        """Of this store, not those of the host that it binds."""
        parts = {self.root.joinpath(*_part(source)) for source in image.binds.values()}
        return {*self.layer_paths(image), *(part for part in parts if part.parent == self.parts)}

    def _used(self) -> set[Path]:
        return {path for image in self.all() for path in self._directories(image)}

    def _by_digest(self, digest: str, reference: str) -> Image:
        try:
            return Image(**json.loads(self._file(digest).read_text()))
        except FileNotFoundError:
            raise UnknownImage(reference) from None

    def _by_name(self, reference: str) -> Image:
        name = reference.removeprefix(f"{REGISTRY}/").removeprefix("openshift/")
        for stream, tag, image in self.base_images():
            if name == f"{stream}:{tag}" or (name == stream and tag == "latest"):
                return image
        raise UnknownImage(reference)

    def _add_base(self, base: BaseImage) -> Image:
        return self.add(
            repository=f"openshift/{base.stream}",
            layers=base.layers,
            binds=base.binds,
            config={
                "cmd": list(base.cmd),
                "env": dict(base.env),
                "labels": dict(base.labels),
                "workdir": base.workdir,
                "user": base.user,
                "exposedPorts": list(base.exposed_ports),
                "volumes": list(base.volumes),
            },
        )

    def _ensure(self, path: Path) -> None:
        if path.exists():
            return
        with self._locked():
            if not path.exists():
                self._make(path)

    def _make(self, path: Path) -> None:
        make = self._makers().get(path.name)
        if make is None:
            raise BrokenImage(f"{path} is gone; build the image again")
        new = path.with_name(f"{path.name}.new")
        remove_tree(new)
        new.mkdir(parents=True)
        if path.parent == self.layers:
            self._make_once(path.name, make, new)
        else:
            make(new)
        new.rename(path)

    def _make_once(self, name: str, make: Callable[[Path], None], target: Path) -> None:
        """Other sandboxes of this user share the base layer's files instead of making it again."""
        cached = self.cache / name
        if cached.exists():
            link_tree(cached, target)
            return
        make(target)
        new = self.cache / f"{name}.{uuid.uuid4().hex[:8]}"
        link_tree(target, new)
        try:
            new.rename(cached)
        except OSError:
            remove_tree(new)  # another sandbox was faster

    def _makers(self) -> dict[str, Callable[[Path], None]]:
        return {name: make for base in base_images() for name, make in base.makers.items()}

    def _file(self, digest: str) -> Path:
        return self.root / f"{digest.removeprefix('sha256:')}.json"

    def _write(self, image: Image) -> None:
        file = self._file(image.digest)
        if file.exists():
            return
        self.root.mkdir(parents=True, exist_ok=True)
        new = file.with_suffix(f".{uuid.uuid4().hex[:8]}")
        new.write_text(json.dumps(asdict(image), indent=1))
        new.rename(file)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _part(source: str) -> tuple[str, ...]:
    """`parts/NAME/file` → `parts`, `NAME`; a path of the host stays whole."""
    parts = Path(source).parts
    return parts if source.startswith("/") else parts[:2]
