"""jhos templates"""

import click

from jhos.cli.options import REQUEST_S, Target, target_options
from jhos.cli.output import emit, output_option


@click.group()
def templates() -> None:
    """Templates with which the web console makes what jhos deploy makes.

    jupyterhub-deployer, jupyterhub-quickstart (from a git repository of notebooks) and
    jupyterhub-builder (a hub image of your own). What is made from them jhos lists, changes and
    tears down like its own.

    \b
    Examples:
      jhos templates install
      oc process jupyterhub-deployer -p APPLICATION_NAME=course | oc create -f -
    """


@templates.command()
@click.option("--force-conflicts", is_flag=True, help="Take over fields that others have set.")
@output_option
@target_options
def install(target: Target, force_conflicts: bool, output: str) -> None:
    """Put the templates into the project, or renew them.

    \b
    Examples:
      jhos templates install
      jhos templates install -n course
    """
    cluster = target.connect(REQUEST_S)
    from jhos.actions.templates import absent
    from jhos.actions.templates import install as act
    from jhos.cli.terminal import say

    names = [ref.name for ref in act(cluster, force=force_conflicts)]
    text = f"In the catalog of project {cluster.namespace}: {', '.join(names)}."
    if missing := absent(cluster):
        build = f"jhos build-images -n {cluster.namespace}"
        say(f"They take images that are not built yet ({', '.join(missing)}): {build}")
    emit(output, text, {"installed": names}, [f"template/{name}" for name in names])


@templates.command(short_help="Write the templates as YAML.")
@output_option
@target_options
def render(target: Target, output: str) -> None:
    """Write the templates as YAML, for a project that is filled in another way.

    \b
    Examples:
      jhos templates render > templates.yaml
      jhos templates render -o json | oc apply -f -
    """
    cluster = target.connect(REQUEST_S)
    from jhos.actions.templates import render as act
    from jhos.manifests import documents

    objects = act(cluster)
    names = [f"template/{obj['metadata']['name']}" for obj in objects]
    items = {"apiVersion": "v1", "kind": "List", "items": objects}
    emit(output, documents(objects).rstrip("\n"), items, names)


@templates.command(short_help="Take the templates out of the project.")
@output_option
@target_options
def remove(target: Target, output: str) -> None:
    """Take the templates out of the project; what was made from them stays.

    \b
    Examples:
      jhos templates remove
      jhos templates remove -n course
    """
    cluster = target.connect(REQUEST_S)
    from jhos.actions.templates import remove as act

    names = [ref.name for ref in act(cluster)]
    text = f"Removed: {', '.join(names)}." if names else "There were none."
    emit(output, text, {"removed": names}, [f"template/{name}" for name in names])
