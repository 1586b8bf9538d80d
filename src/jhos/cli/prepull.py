"""jhos prepull"""

from typing import TYPE_CHECKING, Any

import click

from jhos.cli.options import REQUEST_S, Target, name_argument, target_options, timeout_option
from jhos.cli.output import emit, output_option, table

if TYPE_CHECKING:
    from jhos.actions.prepull import Pulled


@click.command()
@name_argument()
@click.option("--image", "images", multiple=True, metavar="IMAGE",
              help="One more than those of the settings. Repeatable.")  # fmt: skip
@click.option("--nodes", type=click.IntRange(min=1), default=50, show_default=True,
              help="On no more nodes than so many.")  # fmt: skip
@timeout_option(1800)
@output_option
@target_options
def prepull(
    target: Target, name: str, images: tuple[str, ...], nodes: int, timeout_s: int, output: str
) -> None:
    """Bring the images that users of the deployment NAME choose from to the nodes, so that the
    first server on a node need not wait for it.

    Makes a small pod on each node that takes one of this project, and removes them when all has
    been pulled, or at Ctrl-C. A node that has the image already is done at once. Where nodes come
    and go by themselves, the pod that finds no node may make the cluster add one.

    \b
    Examples:
      jhos prepull jakevdp
      jhos prepull jakevdp --image quay.io/jupyter/scipy-notebook:latest --nodes 3
    """
    cluster = target.connect(REQUEST_S)
    from jhos.actions.prepull import prepull as act
    from jhos.cli.terminal import progress

    with progress() as report:
        found = act(cluster, name, images, nodes=nodes, timeout_s=timeout_s, report=report)
    rows = [(each.node, each.image, f"{each.seconds:.0f}s", each.problem) for each in found]
    text = table(("NODE", "IMAGE", "TOOK", "PROBLEM"), rows)
    emit(output, text, [_data(each) for each in found], [each.image for each in found])
    if any(each.problem for each in found):
        click.get_current_context().exit(1)


def _data(each: "Pulled") -> dict[str, Any]:
    return {
        "node": each.node,
        "image": each.image,
        "seconds": each.seconds,
        "problem": each.problem or None,
    }
