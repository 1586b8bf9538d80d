"""What cannot become ready is said in one sentence."""

import pytest

from tests.e2e.programs import Run, crashing

pytestmark = pytest.mark.e2e


def test_an_image_that_cannot_be_pulled_is_said_in_words(jhos: Run, project: str) -> None:
    pull = "registry.example.com/none/hub@sha256:" + "0" * 64
    result = jhos("deploy", "--name", "pulled", "-n", project, "--hub-image", pull, code=1)
    assert "cannot become ready" in result.stderr
    assert "registry.example.com/none/hub" in result.stderr
    jhos("teardown", "pulled", "-n", project, "--yes", "--delete-storage")


def test_a_configuration_that_crashes_the_hub_shows_its_last_words(
    jhos: Run, project: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    config = tmp_path_factory.mktemp("config") / "jupyterhub_config.py"
    config.write_text(crashing("the moon is full"))
    result = jhos("deploy", "--name", "moon", "-n", project, "--config", str(config), code=1)
    assert "the moon is full" in result.stderr
    jhos("teardown", "moon", "-n", project, "--yes", "--delete-storage")
