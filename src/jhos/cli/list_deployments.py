"""jhos list"""

from typing import TYPE_CHECKING, Any

import click

from jhos.cli.options import REQUEST_S, Target, target_options
from jhos.cli.output import emit, output_option, short, table

if TYPE_CHECKING:
    from jhos.actions.list_deployments import Listed


@click.command("list")
@output_option
@target_options
def list_deployments(target: Target, output: str) -> None:
    """List the JupyterHubs of the project, how they are and where.

    One that was torn down is listed as long as its data stays.

    \b
    Examples:
      jhos list
      jhos list -n course -o json
    """
    cluster = target.connect(REQUEST_S)
    from jhos.actions.list_deployments import list_deployments as act

    found = act(cluster)
    rows = [(each.name, short(each.state), str(each.servers), each.url, each.created)
            for each in found]  # fmt: skip
    nothing = f"There is no JupyterHub in project {cluster.namespace}; jhos deploy makes one."
    text = table(("NAME", "STATE", "SERVERS", "URL", "CREATED"), rows) if found else nothing
    emit(
        output, text, [_data(each) for each in found], [f"deployment/{each.name}" for each in found]
    )


def _data(listed: "Listed") -> dict[str, Any]:
    return {
        "name": listed.name,
        "ready": listed.is_ready,
        "state": listed.state,
        "url": listed.url or None,
        "servers": listed.servers,
        "created": listed.created or None,
    }
