"""The image store: what it knows, makes, keeps and forgets."""

from pathlib import Path
from typing import Any

import pytest

from jhos.sandbox.images import BrokenImage, Image, ImageStore, UnknownImage
from jhos.sandbox.layout import Layout

DIGEST = "sha256:" + "0" * 64


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    return ImageStore(Layout(tmp_path / "state", tmp_path / "cache"))


def add(store: ImageStore, *layers: str, **more: Any) -> Image:
    config: Any = {"cmd": [], "env": {}, "labels": {}, "workdir": "/", "user": "1001"}
    for layer in layers:
        (store.layers / layer).mkdir(parents=True, exist_ok=True)
    return store.add(repository="demo/app", layers=layers, binds={}, config=config, **more)


def test_an_image_is_found_by_anything_that_ends_in_its_digest(store: ImageStore) -> None:
    image = add(store, "a")
    assert image.reference.endswith(f"/demo/app@{image.digest}")
    assert store.get(image.reference).digest == image.digest
    assert store.get(f"elsewhere/x@{image.digest}").layers == ["a"]


def test_the_same_content_is_the_same_image(store: ImageStore) -> None:
    assert add(store, "a").digest == add(store, "a").digest
    assert add(store, "a").digest != add(store, "b").digest


@pytest.mark.parametrize("name", [f"x@{DIGEST}", "docker.io/busybox", "python:2.7", ""])
def test_other_images_are_unknown(store: ImageStore, name: str) -> None:
    with pytest.raises(UnknownImage):
        store.get(name)


def test_the_base_images_are_known_by_name_before_they_are_made(store: ImageStore) -> None:
    offered = {(base.stream, base.tag) for base in store.base_images()}
    assert {("python", "latest"), ("postgresql", "latest")} <= offered
    image = store.get("openshift/python")
    assert image.digest == store.get("python:latest").digest
    assert not store.layers.exists()


def test_the_builder_follows_the_s2i_contract(store: ImageStore) -> None:
    config = store.get("python:latest").config
    assert config["labels"]["io.openshift.s2i.scripts-url"] == "image:///usr/libexec/s2i"
    assert (config["workdir"], config["user"]) == ("/opt/app-root/src", "1001")
    assert config["env"]["HOME"] == "/opt/app-root/src"


def test_a_base_image_is_made_once_and_shared_with_the_next_sandbox(tmp_path: Path) -> None:
    layers = []
    for name in ("one", "two"):
        store = ImageStore(Layout(tmp_path / name, tmp_path / "cache"))
        image = store.get("python:latest")
        store.prepare(image)
        layers.append(store.layer_paths(image)[0])
        assert (store.parts.glob("nodejs-*/bin/node")).__next__().stat().st_mode & 0o100
    made, shared = (layer / "pyvenv.cfg" for layer in layers)
    assert made.samefile(shared)
    assert (layers[1] / "bin/fix-permissions").stat().st_mode & 0o111
    assert (layers[1] / "bin/npm").is_symlink()


def test_layers_that_are_gone_cannot_be_prepared(store: ImageStore) -> None:
    image = add(store, "a")
    (store.layers / "a").rmdir()
    with pytest.raises(BrokenImage, match="build the image again"):
        store.prepare(image)


def test_a_removed_image_takes_along_what_no_other_has(store: ImageStore) -> None:
    first, second = add(store, "shared", "own"), add(store, "shared")
    store.remove(first.digest)
    assert not (store.layers / "own").exists()
    assert (store.layers / "shared").exists()
    with pytest.raises(UnknownImage):
        store.get(first.digest)
    assert store.get(second.digest) is not None
