"""What the images install is fixed by version and content, and comes from wherever they build."""

import json
import re
from pathlib import Path

import pytest

from tests.hub_image.conftest import HUB_IMAGE, MINIMAL

IMAGES = MINIMAL.parent
PINNED = [
    *(HUB_IMAGE / name for name in ("requirements.txt", "build.txt", "uv.txt")),
    *sorted(IMAGES.glob("*/requirements.txt"))
]  # fmt: skip
PINS = "requirements.txt"
LOCK = HUB_IMAGE / "proxy/package-lock.json"


def requirements(path: Path) -> list[str]:
    """Logical lines."""
    text = path.read_text().replace("\\\n", " ")
    return [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]


@pytest.mark.parametrize("path", PINNED, ids=str)
def test_every_python_package_has_a_version_and_a_hash(path: Path) -> None:
    for line in requirements(path):
        assert re.match(r"[a-z0-9-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line), line


@pytest.mark.parametrize("path", PINNED, ids=str)
def test_no_package_index_is_named(path: Path) -> None:
    assert not re.search(r"://|--(index|extra-index|find-links)", path.read_text())


def test_every_package_of_the_proxy_has_a_hash_and_no_address() -> None:
    packages = json.loads(LOCK.read_text())["packages"]
    own = packages.pop("")
    assert list(own["dependencies"]) == ["configurable-http-proxy"]
    for name, package in packages.items():
        assert package["integrity"].startswith("sha512-"), name
        assert "resolved" not in package, name


def test_the_proxy_is_one_that_closes_abandoned_websockets() -> None:
    packages = json.loads(LOCK.read_text())["packages"]
    version = packages["node_modules/configurable-http-proxy"]["version"]
    assert tuple(map(int, version.split("."))) >= (5, 1)


def test_hub_and_notebook_have_the_same_jupyterhub() -> None:
    versions = {
        line.split()[0]
        for path in (HUB_IMAGE / "requirements.txt", MINIMAL / "requirements.txt")
        for line in requirements(path)
        if line.startswith("jupyterhub==")
    }
    assert versions == {"jupyterhub==6.1.1"}


@pytest.mark.parametrize(("image", "on"), [("scipy", "minimal"), ("tensorflow", "scipy")])
def test_an_image_moves_no_version_of_the_one_it_is_built_on(image: str, on: str) -> None:
    def versions(name: str) -> dict[tuple[str, str], str]:
        lines = [line.split(" --hash")[0] for line in requirements(IMAGES / name / PINS)]
        parsed = [re.match(r"(\S+?)==(\S+)(.*)", line) for line in lines]
        return {(each[1], each[3].strip()): each[2] for each in parsed if each}

    below = versions(on)
    shared = {key: version for key, version in versions(image).items() if key in below}
    assert len(shared) > 5
    assert shared == {key: below[key] for key in shared}
