"""jhos deploy"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jhos.cli.options import Target, target_options, timeout_option
from jhos.cli.output import emit, output_option

if TYPE_CHECKING:
    from jhos.actions.deploy import Deployed

_IMAGE = "STREAM[:TAG] of the project, or REGISTRY/NAME:TAG"
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)

# Option → the setting that it gives.
_SETTINGS = {
    "name": ("name",),
    "hub_image": ("hub", "image"),
    "hub_memory": ("hub", "memory"),
    "notebook_image": ("notebook", "image"),
    "notebook_memory": ("notebook", "memory"),
    "notebook_cpu": ("notebook", "cpu"),
    "database_image": ("database", "image"),
    "database_memory": ("database", "memory"),
    "database_storage": ("database", "storage"),
    "route_host": ("route", "host"),
}


@click.command(short_help="Deploy a JupyterHub, or change it.")
@click.option("--name", metavar="NAME", help="Of the deployment; else jupyterhub.")
@click.option("--notebook-image", metavar="IMAGE", help=f"What users start: {_IMAGE}.")
@click.option("--hub-image", metavar="IMAGE", help=f"JupyterHub itself: {_IMAGE}.")
@click.option("--database-image", metavar="IMAGE", help="Else the cluster's newest PostgreSQL.")
@click.option("--notebook-memory", metavar="SIZE", help="Limit for each server, as 1Gi.")
@click.option("--notebook-cpu", metavar="CPUS", help="Limit for each server, as 500m or 2.")
@click.option("--hub-memory", metavar="SIZE", help="Limit, as 512Mi.")
@click.option("--database-memory", metavar="SIZE", help="Limit, as 256Mi.")
@click.option("--database-storage", metavar="SIZE", help="The database's volume, as 1Gi.")
@click.option("--route-host", metavar="HOST", help="The address; else the cluster chooses.")
@click.option(
    "--preset",
    type=click.Choice(("docker-stacks",)),
    help="Settings that belong together: those for Jupyter's official images.",
)
@click.option(
    "--config", "config_file", type=_FILE, help="A jupyterhub_config.py, read after ours."
)
@click.option("--create-project", is_flag=True, help="Request the project when it is not there.")
@click.option("--force-conflicts", is_flag=True, help="Take over fields that others have set.")
@click.option("--wait/--no-wait", default=True, show_default=True, help="For the hub to answer.")
@click.option("--open", "open_browser", is_flag=True, help="Open the address in a browser.")
@timeout_option(1200)
@output_option
@target_options
def deploy(
    target: Target,
    preset: str | None,
    config_file: Path | None,
    create_project: bool,
    force_conflicts: bool,
    wait: bool,
    open_browser: bool,
    timeout_s: int,
    output: str,
    **options: str | None,
) -> None:
    """Deploy a JupyterHub into the project, or change the one that is there.

    Missing images are built first. Settings that are not named stay as they were; run it again
    after any interruption.

    \b
    Examples:
      jhos deploy
      jhos deploy --sandbox --open
      jhos deploy --name jakevdp --notebook-image jakevdp-notebook:latest
      jhos deploy --preset docker-stacks --notebook-image quay.io/jupyter/scipy-notebook:latest
      jhos deploy --name course --notebook-memory 1Gi --config jupyterhub_config.py
    """
    from jhos.actions.deploy import deploy as act
    from jhos.cli.terminal import progress, say
    from jhos.settings.load import merge
    from jhos.settings.load import preset as of_preset

    own, layer = configuration(config_file), _layer(options)
    if preset:
        layer = merge(of_preset(preset), layer)
    cluster = target.connect(timeout_s)
    say(f"Project {cluster.namespace} (context {cluster.context})")
    with progress() as report:
        deployed = act(
            cluster,
            layer,
            configuration=own,
            create=create_project or target.sandbox,
            force=force_conflicts,
            wait=wait,
            timeout_s=timeout_s,
            report=report,
        )
    written = [f"{change.ref.kind.lower()}/{change.ref.name}" for change in deployed.plan.writes]
    emit(output, summary(deployed, wait=wait), result(deployed), written)
    if open_browser:
        click.launch(deployed.url)


def _layer(options: dict[str, str | None]) -> dict[str, Any]:
    """Options that were given, nested as settings are."""
    layer: dict[str, Any] = {}
    for option, value in options.items():
        if value is None:
            continue
        *sections, key = _SETTINGS[option]
        inner = layer
        for section in sections:
            inner = inner.setdefault(section, {})
        inner[key] = value
    return layer


def configuration(file: Path | None) -> dict[str, str]:
    if file is None:
        return {}
    try:
        text = file.read_text()
        compile(text, str(file), "exec")
    except (SyntaxError, UnicodeDecodeError) as error:
        raise click.BadParameter(f"{error}", param_hint="--config") from error
    return {"jupyterhub_config.py": text}


def summary(deployed: "Deployed", *, wait: bool) -> str:
    from jhos.plan import Action

    lines = []
    for action, word in (
        (Action.CREATE, "Created"),
        (Action.UPDATE, "Changed"),
        (Action.DELETE, "Removed"),
    ):
        by_kind: dict[str, list[str]] = {}
        for change in deployed.plan.of(action):
            by_kind.setdefault(change.ref.kind, []).append(change.ref.name)
        lines += [f"{word} {kind:22} {', '.join(names)}" for kind, names in by_kind.items()]
    if not lines:
        lines.append("Nothing had to be changed.")
    state = "runs at" if wait else "will be at"
    lines += ["", f"JupyterHub {deployed.name} {state} {deployed.url}", ""]
    if deployed.open_to_all:
        lines += [
            "Warning: anyone who reaches this address gets a server of their own, without a login;",
            "their files go with the server. To choose who gets in, set an authenticator in a",
            f"configuration: jhos deploy --name {deployed.name} --config jupyterhub_config.py",
            "",
        ]
    elif deployed.open_to_all is None:
        lines += ["Who gets in is decided by your jupyterhub_config.py.", ""]
    lines.append(f"Remove it with: jhos teardown {deployed.name} -n {deployed.namespace}")
    return "\n".join(lines)


def result(deployed: "Deployed") -> dict[str, Any]:
    return {
        "name": deployed.name,
        "project": deployed.namespace,
        "url": deployed.url,
        "openToAll": deployed.open_to_all,
        "changes": [
            {"action": str(change.action), "kind": change.ref.kind, "name": change.ref.name}
            for change in deployed.plan.changes
        ],
    }
