"""The Python versions that images are built for."""

import pytest

from tests.engine.conftest import Jhos, Reach


@pytest.mark.parametrize("image", ["tensorflow", "--all"])
def test_an_image_without_packages_for_a_python_is_not_built_for_it(
    jhos: Jhos, project: str, reach_alone: Reach, image: str
) -> None:
    builder = "registry.example.com/python-314:latest"
    result = jhos("build-images", image, "-n", project, "--builder-image", builder, code=2)
    assert "Image s2i-tensorflow-notebook cannot be built for Python 3.14" in result.stderr
    assert "--python 3.13" in result.stderr
    assert reach_alone().list("BuildConfig")[0] == []


def test_the_public_builder_image_of_python_3_14_is_taken(jhos: Jhos, project: str) -> None:
    """Where the cluster has none; the sandbox reaches no registry."""
    result = jhos("build-images", "minimal", "-n", project, "--python", "3.14", code=4)
    assert "ubi9/python-314:latest could not be imported" in result.stderr
