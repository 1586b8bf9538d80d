"""What build-images is told, before a cluster is asked."""

import pytest
from click.testing import CliRunner, Result

from jhos.cli import main

NOWHERE = {"KUBECONFIG": "/nowhere/config", "JHOS_NAMESPACE": None, "HOME": "/nowhere"}


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["build-images", *arguments], env=NOWHERE)


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
        (["hub", "--build-memory", "plenty"], "2Gi or 512Mi"),
        (["hub", "--from-git", "jhos"], "not the address of a git repository"),
        (["hub", "--source", ".", "--as", "jupyterhub"], "is the name of an image of jhos"),
        (["hub", "--source", ".", "--as", "No!"], "No!"),
        (["hub", "--source", "/nowhere/x", "--as", "x"], "neither a directory nor"),
    ],
)
def test_options_that_do_not_go_together_are_wrong_usage(arguments: list[str], said: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in result.output


def test_a_quickstart_of_no_address_is_wrong_usage() -> None:
    arguments = ["quickstart", "--name", "a", "--git-url", "../notebooks"]
    result = CliRunner().invoke(main, arguments, env=NOWHERE)
    assert result.exit_code == 2
    assert "../notebooks is not the address of a git repository" in result.output


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
