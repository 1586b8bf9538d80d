"""jhos open"""

import click

from jhos.cli.options import REQUEST_S, Target, name_argument, target_options
from jhos.cli.output import emit, output_option


@click.command("open")
@name_argument(default="jupyterhub")
@click.option("--print", "only_print", is_flag=True, help="Print the address, open nothing.")
@output_option
@target_options
def open_hub(target: Target, name: str, only_print: bool, output: str) -> None:
    """Open the deployment NAME in a browser; prints the address.

    \b
    Examples:
      jhos open jakevdp
      curl -s $(jhos open jakevdp --print)/hub/health
    """
    cluster = target.connect(REQUEST_S)
    import webbrowser

    from jhos.actions.reach import address
    from jhos.cli.terminal import say

    url = address(cluster, name)
    data = {"name": name, "project": cluster.namespace, "url": url}
    emit(output, url, data, [f"route/{name}"])
    if not only_print and not webbrowser.open(url):
        say("No browser was found here: open the address in one.")
