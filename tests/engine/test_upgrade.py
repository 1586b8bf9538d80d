"""The images that an upgrade builds: here no build ends, and no hub becomes ready."""

import json
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from jhos.cluster.client import Cluster
from jhos.images import CONTENT_LABEL
from jhos.objects import MANAGED_BY, Object
from tests.engine.conftest import IMAGE, Jhos, Kubectl, Reach

API = "image.openshift.io/v1"
HUB, NOTEBOOK = "jupyterhub:latest", "s2i-minimal-notebook:3.12"


@pytest.fixture
def push(kubectl: Kubectl, project: str, tmp_path: Path) -> Callable[..., None]:
    """Puts an image into a stream of `project`, as the registry does for whoever pushes one."""

    def create(obj: Object) -> None:
        file = tmp_path / "object.json"
        file.write_text(json.dumps({"apiVersion": API, **obj}))
        kubectl("create", "-n", project, "-f", str(file))

    def push(spec: str, stream: Object, labels: dict[str, str]) -> None:
        name, _, tag = spec.partition(":")
        metadata = {"name": name, **stream.get("metadata", {})}
        create({"kind": "ImageStream", **stream, "metadata": metadata})
        known = {"kind": "DockerImage", "apiVersion": "1.0", "Config": {"Labels": labels}}
        image = {
            "metadata": {"name": f"sha256:{uuid4().hex * 2}"},
            "dockerImageReference": IMAGE,
        }
        image["dockerImageMetadata"] = known
        mapping = {"metadata": {"name": name}, "tag": tag, "image": image}
        create({"kind": "ImageStreamMapping", **mapping})

    return push


def deployed(jhos: Jhos, project: str) -> None:
    images = ("--hub-image", HUB, "--notebook-image", NOTEBOOK)
    jhos("deploy", "--name", "pushed", "-n", project, "--database", "sqlite", *images, "--no-wait")


def upgrade(jhos: Jhos, project: str) -> str:
    words = ("upgrade", "pushed", "--no-backup", "--yes", "--timeout", "2", "-n", project)
    return jhos(*words, code=5).stderr


def builds(cluster: Cluster) -> list[Object]:
    return [*cluster.metadata("BuildConfig"), *cluster.metadata("Build")]


FOREIGN: Object = {}
OURS: Object = {"metadata": {"labels": {MANAGED_BY: "jhos"}}}
FROM_REGISTRY = {"from": {"kind": "DockerImage", "name": IMAGE}}
IMPORTED = {"spec": {"tags": [{"name": tag, **FROM_REGISTRY} for tag in ("latest", "3.12")]}}
BUILT = {CONTENT_LABEL: "0123456789abcdef"}


@pytest.mark.parametrize(
    ("stream", "labels"),
    [(FOREIGN, BUILT), (OURS, {}), (OURS | IMPORTED, BUILT)],
    ids=["pushed", "pushed into a stream of jhos", "imported"],
)
def test_an_upgrade_leaves_images_alone_that_jhos_did_not_build(
    jhos: Jhos, project: str, reach_alone: Reach, push: Callable[..., None],
    stream: Object, labels: dict[str, str],
) -> None:  # fmt: skip
    for spec in (HUB, NOTEBOOK):
        push(spec, stream, labels)
    deployed(jhos, project)
    told = upgrade(jhos, project)
    assert f"Images that jhos did not build, which stay as they are: {HUB}, {NOTEBOOK}" in told
    assert f"Image {HUB}: not built by jhos" in told
    assert "Not ready after" in told  # it went on to the deployment
    assert not builds(reach_alone())


def test_an_upgrade_builds_the_images_of_jhos_again(
    jhos: Jhos, project: str, reach_alone: Reach, push: Callable[..., None]
) -> None:
    for spec in (HUB, NOTEBOOK):
        push(spec, OURS, BUILT)
    deployed(jhos, project)
    assert "Not built after 2 s" in upgrade(jhos, project)
    assert builds(reach_alone())
