"""jhos deploy"""

from typing import TYPE_CHECKING, Any

import click

from jhos.cli.given import given_options, unchecked_option
from jhos.cli.options import Target, target_options, timeout_option, wait_option
from jhos.cli.output import emit, output_option
from jhos.cli.precaution import kept_in, no_backup_option, of_before, precaution
from jhos.cli.setting_options import SettingsCommand

if TYPE_CHECKING:
    from jhos.actions.edits import Given
    from jhos.actions.pipeline import Deployed


@click.command(cls=SettingsCommand)
@given_options
@click.option("--create-project", is_flag=True, help="Request the project when it is not there.")
@click.option(
    "--check/--no-check",
    default=True,
    help="First whether quotas and limits of the project let the hub run.  [default: check]",
)
@unchecked_option
@no_backup_option
@click.option("--force-conflicts", is_flag=True, help="Take over fields that others have set.")
@wait_option
@click.option(
    "--dry-run",
    type=click.Choice(("client", "server")),
    is_flag=False,
    flag_value="server",
    help="Change nothing; client: print the objects, server (also without a word): what would "
    "change.",
)
@click.option("--open", "open_browser", is_flag=True, help="Open the address in a browser.")
@timeout_option(1200, returns=True)
@output_option
@target_options
def deploy(
    target: Target,
    given: "Given",
    create_project: bool,
    check: bool,
    unchecked: bool,
    no_backup: bool,
    force_conflicts: bool,
    wait: bool,
    dry_run: str | None,
    open_browser: bool,
    timeout_s: int,
    output: str,
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
      jhos deploy --name course --notebook-memory 2Gi --dry-run
    """
    if dry_run and unchecked:
        raise click.UsageError("--dry-run runs the configuration in any case.")
    if dry_run == "client":
        from jhos.cli.render import show_objects

        show_objects(target, given, output)
        return
    if dry_run == "server":
        from jhos.cli.diff import show_diff

        show_diff(target, given, force=force_conflicts, output=output)
        return
    cluster = target.connect(timeout_s, connections=10)
    from jhos.actions.deploy import deploy as act
    from jhos.cli.terminal import progress, tell_where

    tell_where(cluster)
    with progress() as report:
        deployed = act(
            cluster,
            given,
            create=create_project or target.sandbox,
            check=check,
            run=not unchecked,
            precaution=precaution(given.name, without=no_backup),
            force=force_conflicts,
            wait=wait,
            timeout_s=timeout_s,
            report=report,
        )
    written = [change.ref.title for change in deployed.plan.writes]
    emit(output, summary(deployed, wait=wait), result(deployed), written)
    if open_browser:
        click.launch(deployed.url)


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
    lines += [*of_before(deployed), *_who(deployed), *_how_long(deployed), ""]
    lines.append(f"Remove it with: jhos teardown {deployed.name} -n {deployed.namespace}")
    return "\n".join(lines)


def _who(deployed: "Deployed") -> list[str]:
    from jhos.settings.auth import PROVIDERS

    auth = deployed.settings.auth
    if deployed.open_to_all is None or auth.type == "custom":
        return ["Who gets in is decided by your jupyterhub_config.py."]
    if auth.type == "anonymous":
        return [
            "Warning: anyone who reaches this address gets a server of their own, without a login;",
            "their files go with the server. To choose who gets in, for example by OpenShift:",
            f"jhos deploy --name {deployed.name} --auth openshift --admin-user YOUR-NAME",
        ]
    login = PROVIDERS[auth.type].title
    if deployed.open_to_all:
        return [f"Warning: everybody who can log in by {login} gets in."]
    return [f"Those who are named get in, by {login}."]


def _how_long(deployed: "Deployed") -> list[str]:
    """What is said of culling."""
    idle, oldest = deployed.settings.cull.idle, deployed.settings.cull.max_age
    said = [f"after {_minutes(idle)} idle"] if idle else []
    said += [f"at an age of {_minutes(oldest)}"] if oldest else []
    return (
        [f"Servers are stopped {' and '.join(said)} (--cull-idle, --cull-max-age)."] if said else []
    )


def _minutes(seconds: int) -> str:
    for name, size in (("h", 3600), ("min", 60)):
        if seconds % size == 0:
            return f"{seconds // size} {name}"
    return f"{seconds} s"


def result(deployed: "Deployed") -> dict[str, Any]:
    return {
        "name": deployed.name,
        "project": deployed.namespace,
        "url": deployed.url,
        "openToAll": deployed.open_to_all,
        "login": deployed.settings.auth.type,
        "revision": deployed.revision,
        "backup": kept_in(deployed),
        "changes": [
            {"action": str(change.action), "kind": change.ref.kind, "name": change.ref.name}
            for change in deployed.plan.changes
        ],
    }
