"""What build-images is told, before a cluster is asked."""

import pytest
from click.testing import CliRunner, Result

from jhos.cli import main


def run(*arguments: str) -> Result:
    environment = {"KUBECONFIG": "/nowhere/config", "JHOS_NAMESPACE": None, "HOME": "/nowhere"}
    return CliRunner().invoke(main, ["build-images", *arguments], env=environment)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["scpy"], "hub, minimal, scipy, tensorflow"),
        (["hub", "--source", "."], "go together"),
        (["--source", ".", "--as", "x"], "Name the one IMAGE"),
        (["hub", "minimal", "--import", "quay.io/a/b"], "Name the one IMAGE"),
        (["hub", "--all"], "without names"),
        (["--all", "--name", "a"], "Choose one"),
        (["hub", "--ref", "v1"], "--from-git URL"),
        (["hub", "--loosen-pins"], "goes with --source"),
        (["hub", "--source", ".", "--as", "jupyterhub"], "is the name of an image of jhos"),
        (["hub", "--source", ".", "--as", "No!"], "No!"),
        (["hub", "--source", "/nowhere/x", "--as", "x"], "neither a directory nor"),
    ],
)
def test_options_that_do_not_go_together_are_wrong_usage(arguments: list[str], said: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        ["hub", "--source", "https://me:hunter2@example.com/x.git", "--as", "x"],
        ["hub", "--from-git", "https://me:hunter2@example.com/x.git"],
        ["--pip-index-url", "https://me:hunter2@example.com/simple"],
        ["--npm-registry", "https://me:hunter2@example.com/npm"],
    ],
)
def test_a_password_in_an_address_is_refused_and_not_repeated(arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert "Secret" in result.output
    assert "hunter2" not in result.output
