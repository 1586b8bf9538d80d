"""Run the main story of jhos against the OpenShift that a kubeconfig names.

    python -m tests.real -n PROJECT

Source: tests/real/README.md
"""

import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import click

from tests.real.story import Cluster, Images, Step, Story

ROW = "{:<7} {:<31} {:>8}  {}"


@click.command()
@click.option("-n", "--namespace", required=True, help="The project; its objects stay untouched.")
@click.option("--kubeconfig", help="Default: KUBECONFIG, then ~/.kube/config.")
@click.option("--context", help="A context of the kubeconfig.")
@click.option("--name", default="jhos-story", show_default=True, help="Name of the deployment.")
@click.option("--hub-image", help="Use this image instead of a build.")
@click.option("--notebook-image", help="Use this image instead of a build.")
@click.option("--import", "imported", is_flag=True, help="Import these images as image streams.")
@click.option("--settings", type=click.Path(exists=True), help="Settings of the deployment (YAML).")
@click.option("--pip-index-url", help="Where builds find Python packages.")
@click.option("--npm-registry", help="Where builds find the packages of the proxy.")
@click.option("--build-secret", help="A Secret with pip.conf, .npmrc or ca.crt for builds.")
@click.option("--timeout", default=1200, show_default=True, help="Seconds for one step.")
@click.option("-v", "--verbose", is_flag=True, help="Print every command and its progress.")
def main(
    namespace: str,
    kubeconfig: str | None,
    context: str | None,
    name: str,
    hub_image: str | None,
    notebook_image: str | None,
    imported: bool,
    settings: str | None,
    timeout: int,
    verbose: bool,
    **build_options: str | None,
) -> None:
    """Run the main story of jhos in the project, and print the result of each step.

    Ends with exit code 1 if a step failed. Everything that the run created is deleted at its end.
    """
    if imported and not (hub_image and notebook_image):
        raise click.UsageError("--import needs --hub-image and --notebook-image.")
    with tempfile.TemporaryDirectory() as folder:
        story = Story(
            cluster=Cluster(kubeconfig=kubeconfig, context=context, namespace=namespace),
            images=Images(
                hub=hub_image,
                notebook=notebook_image,
                imported=imported,
                build_options=_options(build_options),
            ),
            name=name,
            folder=Path(folder),
            settings=("-f", settings) if settings else (),
            timeout_s=timeout,
            verbose=verbose,
        )
        sys.exit(0 if _tell(story) else 1)


def _options(values: dict[str, str | None]) -> tuple[str, ...]:
    """Return the given values as options of `jhos build-images`."""
    given = ((f"--{key.replace('_', '-')}", value) for key, value in values.items() if value)
    return tuple(word for option in given for word in option)


def _tell(story: Story) -> bool:
    """Run the steps and return whether all of them passed."""
    click.echo(ROW.format("RESULT", "STEP", "SECONDS", "SEEN"))
    if not _run([story.first_step()]):
        return False
    try:
        passed = _run(story.steps())
    finally:
        cleaned = all([_run([step]) for step in story.last_steps()])
    return passed and cleaned


def _run(steps: Iterable[Step]) -> bool:
    """Run the steps up to the first that fails; print a row for each."""
    passed = True
    for title, step in steps:
        if not passed:
            click.echo(ROW.format("skipped", title, "", ""))
            continue
        began = time.monotonic()
        try:
            result, seen = "ok", step()
        except Exception as error:  # any failure is a result, and the cleaning has to follow
            passed, result, seen = False, "FAILED", f"{type(error).__name__}: {error}"
        click.echo(ROW.format(result, title, f"{time.monotonic() - began:.1f}", seen))
    return passed


if __name__ == "__main__":
    main()
