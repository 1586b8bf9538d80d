"""jhos build-images"""

import click

from jhos.cli.options import Target, target_options, timeout_option
from jhos.cli.output import emit, output_option


@click.command("build-images", short_help="Build the images in the project.")
@click.argument("images", nargs=-1, metavar="[IMAGE]...")
@click.option("--python", metavar="VERSION", help="Of the notebook images, as 3.12.")
@click.option("--create-project", is_flag=True, help="Request the project when it is not there.")
@timeout_option(1200)
@output_option
@target_options
def build_images(
    target: Target,
    images: tuple[str, ...],
    python: str | None,
    create_project: bool,
    timeout_s: int,
    output: str,
) -> None:
    """Build the images of jhos in the project: hub, minimal; all of them when none is named.

    The sources travel with the command. An image whose content has not changed is not built again.

    \b
    Examples:
      jhos build-images
      jhos build-images minimal --python 3.12
    """
    from jhos.actions.build_images import build_images as act
    from jhos.cli.terminal import progress
    from jhos.cluster.facts import create_project as make_project
    from jhos.images import catalog

    known = catalog()
    for name in images:
        if name not in known:
            raise click.BadParameter(f"There is no image {name!r}; there are: {', '.join(known)}.",
                                     param_hint="IMAGE")  # fmt: skip
    cluster = target.connect(timeout_s)
    if create_project or target.sandbox:
        make_project(cluster)
    with progress() as report:
        built = act(
            cluster,
            [known[name] for name in dict.fromkeys(images or known)],
            python=python,
            timeout_s=timeout_s,
            report=report,
        )
    lines = [
        f"{each.spec}: {f'built by {each.build}' if each.build else 'up to date'}" for each in built
    ]
    data = [{"image": each.spec, "build": each.build or None} for each in built]
    emit(output, "\n".join(lines), data, [f"imagestreamtag/{each.spec}" for each in built])
