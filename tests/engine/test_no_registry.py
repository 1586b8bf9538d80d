"""A cluster without an integrated registry, as OpenShift is by default on bare metal."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result

from jhos.cluster.client import Cluster
from jhos.cluster.connect import connect
from jhos.objects import ObjectRef
from jhos.sandbox import daemon
from jhos.sandbox.layout import Layout, layout
from tests.engine.conftest import IMAGES, PROJECT, Jhos, create

WRITTEN = ("BuildConfig", "Build", "Deployment", "ImageStream", "Lease", "NetworkPolicy", "Route")
QUICKSTART = ("quickstart", "--name", "course", "--git-url", "https://example.com/course.git")


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Layout]:
    where = layout(tmp_path_factory.mktemp("bare") / "state")
    daemon.start(where, api_only=True, no_registry=True)
    create(where, PROJECT)
    yield where
    daemon.reset(where)


@pytest.fixture
def run(jhos: Jhos, bare: Layout) -> Callable[..., Result]:
    def run(*words: str, code: int = 0) -> Result:
        return jhos(*words, code=code, kubeconfig=bare.kubeconfig)

    return run


@pytest.fixture
def cluster(bare: Layout) -> Cluster:
    return connect(str(bare.kubeconfig), None, PROJECT)


def names(cluster: Cluster) -> set[str]:
    return {str(ObjectRef.of(obj)) for kind in WRITTEN for obj in cluster.metadata(kind)}


@pytest.mark.parametrize(
    "command",
    [("deploy", "--name", "course"), ("build-images",), QUICKSTART],
    ids=lambda command: command[0],
)
def test_what_needs_a_build_is_rejected_before_anything_is_written(
    run: Callable[..., Result], cluster: Cluster, command: tuple[str, ...]
) -> None:
    before = names(cluster)
    result = run(*command, code=4)
    assert "no integrated image registry" in result.stderr
    assert "--hub-image and --notebook-image" in result.stderr
    assert names(cluster) == before


def test_a_check_names_what_is_missing_only_where_an_image_is_to_be_built(
    run: Callable[..., Result], cluster: Cluster, tmp_path: Path
) -> None:
    before = names(cluster)
    assert "problem Image registry" in run("check", "unborn", code=4).stdout
    settings = tmp_path / "jhos.yaml"
    image = IMAGES[0].partition("=")[2]
    parts = (f"{part}: {{image: '{image}'}}\n" for part in ("hub", "notebook", "database"))
    settings.write_text("".join(parts))
    assert "warning Image registry" in run("check", "unborn", "-f", str(settings)).stdout
    assert names(cluster) == before


def test_images_of_a_registry_are_deployed(run: Callable[..., Result], cluster: Cluster) -> None:
    run("deploy", "--name", "foreign", *IMAGES, "--no-wait")
    assert cluster.get(ObjectRef("Deployment", "foreign"))
