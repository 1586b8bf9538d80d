"""jhos check"""

from dataclasses import asdict

import click

from jhos.cli.given import file_option, sources
from jhos.cli.options import REQUEST_S, Target, name_argument, target_options
from jhos.cli.output import emit, output_option

PROBLEMS = 4  # the exit code of what a cluster refuses


@click.command()
@name_argument(required=False)
@file_option
@output_option
@target_options
def check(target: Target, name: str | None, files: tuple[str, ...], output: str) -> None:
    """Find what would stop a deployment in the project, and say what to do. Changes nothing.

    Project, name, rights, APIs, images, storage, limits and every quota are looked at, and how
    many servers the quotas have room for. Ends with exit code 4 if anything stands in the way.

    \b
    Examples:
      jhos check
      jhos check -f jhos.yaml
      jhos check jakevdp -n course -o json
    """
    from jhos.settings.sources import Source, merged

    wanted = merged([*sources(files), Source("NAME", {"name": name} if name else {})])
    cluster = target.connect(REQUEST_S)
    from jhos.actions.check import check as act
    from jhos.cli.terminal import checklist, tell_where

    tell_where(cluster)
    checked = act(cluster, wanted)
    rows = [(each.verdict, each.check, each.message, each.hint) for each in checked.findings]
    data = {
        "name": checked.name,
        "project": checked.namespace,
        "ok": checked.is_well,
        "servers": checked.servers,
        "findings": [asdict(each) for each in checked.findings],
    }
    emit(output, checklist(rows), data, [each.check for each in checked.findings])
    if not checked.is_well:
        click.get_current_context().exit(PROBLEMS)
