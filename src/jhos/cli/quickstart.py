"""jhos quickstart"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jhos.cli.build_images import LOOSEN_HELP, wishes
from jhos.cli.completion import deployments
from jhos.cli.deploy import result, summary
from jhos.cli.given import configuration, file_option, sources
from jhos.cli.options import Target, target_options, timeout_option
from jhos.cli.output import emit, output_option
from jhos.cli.precaution import precaution

if TYPE_CHECKING:
    from jhos.actions.pipeline import Deployed


@click.command()
@click.option("--name", required=True, metavar="NAME", shell_complete=deployments,
              help="Of the deployment.")  # fmt: skip
@click.option("--git-url", required=True, metavar="URL", help="The repository.")
@click.option("--git-ref", metavar="REF", help="Branch, tag or commit; else its default branch.")
@click.option("--context-dir", metavar="DIR", help="The folder of it that users get.")
@click.option("--git-secret", metavar="SECRET", help="Of the project, for a private repository.")
@click.option("--builder-image", metavar="IMAGE",
              help="What it is laid over: scipy, tensorflow, an image; else minimal.")  # fmt: skip
@click.option("--python", metavar="VERSION", help="Of the notebook image, as 3.12.")
@click.option("--loosen-pins", is_flag=True, help=LOOSEN_HELP)
@file_option
@click.option("--notebook-memory", metavar="SIZE", help="Limit for each server, as 1Gi.")
@click.option(
    "--config", "config_file", help="A jupyterhub_config.py, read after ours.",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)  # fmt: skip
@click.option("--pip-index-url", metavar="URL", help="Where builds find Python packages.")
@click.option("--build-secret", metavar="SECRET",
              help="Its files lie in /tmp/build: pip.conf, .netrc, ca.crt.")  # fmt: skip
@click.option("--build-memory", metavar="SIZE", help="Limit for each build; else 2Gi.")
@click.option("--watch-repo", is_flag=True, help="Print an address that rebuilds on a push.")
@click.option("--follow", is_flag=True, help="Show the whole log of each build.")
@click.option("--create-project", is_flag=True, help="Request the project when it is not there.")
@timeout_option(1200, returns=True)
@output_option
@target_options
def quickstart(
    target: Target,
    name: str,
    git_url: str,
    git_ref: str | None,
    context_dir: str | None,
    git_secret: str | None,
    builder_image: str | None,
    files: tuple[str, ...],
    notebook_memory: str | None,
    config_file: Path | None,
    watch_repo: bool,
    loosen_pins: bool,
    create_project: bool,
    timeout_s: int,
    output: str,
    **options: Any,
) -> None:
    """Deploy a hub whose servers hold a git repository of notebooks and what it requires.

    The image NAME-nb is built beside the deployment; ready means both. Build it again after a
    change with: jhos build-images --name NAME. The next server that starts has it.

    \b
    Examples:
      jhos quickstart --name jakevdp --loosen-pins \\
        --git-url https://github.com/jakevdp/PythonDataScienceHandbook
      jhos quickstart --name course --git-url https://example.com/course.git --git-ref 2026 \\
        --context-dir notebooks --builder-image scipy --watch-repo
    """
    from jhos.actions.deploy import deploy
    from jhos.actions.edits import Given
    from jhos.actions.package_hosts import blocked_targets
    from jhos.actions.quickstart import notebook_image
    from jhos.actions.quickstart import quickstart as act
    from jhos.cli.terminal import progress, tell_where
    from jhos.images import git_of
    from jhos.settings.load import check_alone
    from jhos.settings.sources import Source, merged

    git = git_of(git_url, ref=git_ref, context_dir=context_dir, secret=git_secret)
    wished = wishes(options)
    notebook = {"image": f"{notebook_image(name)}:latest"}
    if notebook_memory:
        notebook["memory"] = notebook_memory
    chosen = Source("options", {"name": name, "notebook": notebook})
    settings = merged([*sources(files), chosen])
    if blocked := blocked_targets(wished.env.values()):
        allowed = settings["notebook"].get("egress") or []
        settings["notebook"]["egress"] = list(dict.fromkeys([*allowed, *blocked]))
    given = Given(settings=settings, configuration=configuration(config_file))
    check_alone(given.settings)
    cluster = target.connect(timeout_s)
    tell_where(cluster)
    with progress() as report:

        def deploy_hub() -> "Deployed":
            return deploy(
                cluster,
                given,
                create=False,
                precaution=precaution(name),
                force=False,
                wait=True,
                timeout_s=timeout_s,
                report=report,
            )

        done = act(
            cluster,
            name,
            git,
            base=builder_image,
            watch=watch_repo,
            loosen_pins=loosen_pins,
            wishes=wished,
            create=create_project or target.sandbox,
            settings=given.settings,
            deploy=deploy_hub,
            timeout_s=timeout_s,
            report=report,
        )
    text = f"Image {done.built.spec} holds {git.uri}.\n"
    if done.hook:
        text += f"To rebuild it on each push, let the repository call (POST):\n{done.hook}\n"
    text += summary(done.deployed, wait=True)
    data = {
        **result(done.deployed),
        "image": done.built.spec,
        "build": done.built.build or None,
        "webhook": done.hook or None,
    }
    emit(output, text, data, [f"deployment/{name}", f"imagestreamtag/{done.built.spec}"])
