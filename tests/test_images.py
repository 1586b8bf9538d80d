import io
import shutil
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from jhos.images import Image, catalog, content_hash, pack


@pytest.fixture
def image(tmp_path: Path) -> Image:
    original = catalog()["minimal"]
    shutil.copytree(context(original), tmp_path / "context")
    return replace(original, source=tmp_path / "context")


def context(image: Image) -> Path:
    assert isinstance(image.source, Path)
    return image.source


def test_the_catalog_names_sources_that_are_there() -> None:
    assert {"hub", "minimal", "scipy", "tensorflow"} <= set(catalog())
    for each in catalog().values():
        assert (context(each) / ".s2i" / "bin" / "assemble").is_file()


def test_a_tag_follows_the_python_version_where_the_table_says_so() -> None:
    assert catalog()["minimal"].spec("3.12") == "s2i-minimal-notebook:3.12"
    assert catalog()["hub"].spec("3.12") == "jupyterhub:latest"


def test_the_hub_image_bears_its_version_too() -> None:
    assert str(catalog()["hub"].version).startswith("6.")
    assert catalog()["minimal"].version is None


def test_the_hash_is_of_content_not_of_place_or_time(image: Image) -> None:
    (context(image) / "requirements.in").touch()
    assert content_hash(image, "b") == content_hash(catalog()["minimal"], "b")


def test_the_hash_differs_with_content_mode_and_builder(image: Image) -> None:
    before = content_hash(image, "b")
    assert content_hash(image, "other") != before
    (context(image) / "requirements.in").chmod(0o755)
    changed = content_hash(image, "b")
    (context(image) / "new").write_text("x")
    assert len({before, changed, content_hash(image, "b")}) == 3


def test_a_pack_is_the_same_bytes_for_the_same_content(image: Image) -> None:
    assert pack(context(image)) == pack(context(catalog()["minimal"]))


def test_a_pack_holds_executable_scripts(image: Image) -> None:
    with tarfile.open(fileobj=io.BytesIO(pack(context(image)))) as archive:
        assert archive.getmember(".s2i/bin/assemble").mode == 0o755
