"""jhos settings"""

from typing import TYPE_CHECKING

import click

from jhos.cli.changes import emit_origins
from jhos.cli.given import file_option, sources
from jhos.cli.options import REQUEST_S, Target, name_argument, talk_options, target_options
from jhos.cli.output import emit, output_option

if TYPE_CHECKING:
    from jhos.settings.sources import Source


@click.group()
def settings() -> None:
    """Show the settings of a deployment, and what settings there are.

    \b
    Examples:
      jhos settings show jakevdp --explain
      jhos settings schema > jhos.schema.json
    """


@settings.command(short_help="Show the settings of a deployment.")
@name_argument()
@file_option
@click.option("--explain", is_flag=True, help="Tell where each value is from.")
@click.option("--minimal", is_flag=True, help="Only what differs from the defaults.")
@output_option
@target_options
def show(
    target: Target, name: str, files: tuple[str, ...], explain: bool, minimal: bool, output: str
) -> None:
    """Show the settings of the deployment NAME, as a file that `-f` reads.

    With -f, or variables as JHOS_HUB_MEMORY, as they would be if these were deployed over it.

    \b
    Examples:
      jhos settings show jakevdp --minimal > jhos.yaml
      jhos settings show jakevdp -f jhos.yaml --explain
    """
    above = sources(files)
    cluster = target.connect(REQUEST_S)
    from jhos.actions.settings import stored_settings
    from jhos.cli.terminal import tell_where

    tell_where(cluster)
    found = stored_settings(cluster, name, above)
    if explain:
        _explain(found, minimal=minimal, output=output)
    else:
        _show(found, minimal=minimal, output=output)


@settings.command()
@talk_options
def schema() -> None:
    """Print the JSON Schema of a settings file. Asks no cluster.

    An editor that knows YAML completes and checks a file which begins with the line
    `# yaml-language-server: $schema=jhos.schema.json`.

    \b
    Examples:
      jhos settings schema > jhos.schema.json
    """
    from jhos.settings.schema import published

    click.echo(published(), nl=False)


def _show(found: "list[Source]", *, minimal: bool, output: str) -> None:
    import yaml

    from jhos.settings.load import load
    from jhos.settings.sources import beyond_defaults, has, leaves, merged

    layer = load(merged(found)).as_dict()
    shown = beyond_defaults(layer) if minimal else layer
    paths = [path for path, _ in leaves() if has(shown, path)]
    emit(output, yaml.safe_dump(shown, sort_keys=False).rstrip("\n"), shown, paths)


def _explain(found: "list[Source]", *, minimal: bool, output: str) -> None:
    from jhos.settings.sources import DEFAULT, explain

    origins = [each for each in explain(found) if not minimal or each.source != DEFAULT]
    emit_origins(output, origins, "All is as the defaults say.")
