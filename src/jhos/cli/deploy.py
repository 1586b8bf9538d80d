"""jhos deploy"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jhos.cli.options import Target, target_options, timeout_option
from jhos.cli.output import emit, output_option
from jhos.cli.settings import settings_options

if TYPE_CHECKING:
    from jhos.actions.pipeline import Deployed

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@settings_options
@click.option(
    "--preset",
    type=click.Choice(("docker-stacks",)),
    help="Settings that belong together: those for Jupyter's official images.",
)
@click.option(
    "--config", "config_file", type=_FILE, help="A jupyterhub_config.py, read after ours."
)
@click.option(
    "--auth-secret-file", metavar="FILE", help="The client secret or password; - reads stdin."
)
@click.option("--database-url-file", metavar="FILE", help="Of an external database; - reads stdin.")
@click.option("--create-project", is_flag=True, help="Request the project when it is not there.")
@click.option("--force-conflicts", is_flag=True, help="Take over fields that others have set.")
@click.option("--wait/--no-wait", default=True, show_default=True, help="For the hub to answer.")
@click.option("--open", "open_browser", is_flag=True, help="Open the address in a browser.")
@timeout_option(1200)
@output_option
@target_options
def deploy(
    target: Target,
    layer: dict[str, Any],
    preset: str | None,
    config_file: Path | None,
    auth_secret_file: str | None,
    database_url_file: str | None,
    create_project: bool,
    force_conflicts: bool,
    wait: bool,
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
    """
    from jhos.actions.deploy import Given
    from jhos.actions.deploy import deploy as act
    from jhos.cli.terminal import progress, say
    from jhos.settings.load import merge
    from jhos.settings.load import preset as of_preset

    own = configuration(config_file)
    if preset:
        layer = merge(of_preset(preset), layer)
    secrets = _secrets(layer, auth_secret_file, database_url_file)
    given = Given(settings=layer, configuration=own, secrets=secrets)
    cluster = target.connect(timeout_s)
    say(f"Project {cluster.namespace} (context {cluster.context})")
    with progress() as report:
        deployed = act(
            cluster,
            given,
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


def _secrets(
    layer: dict[str, Any], auth_file: str | None, database_file: str | None
) -> dict[str, str]:
    """From files or standard input, else asked for at a terminal; never from arguments."""
    from jhos.settings.auth import PROVIDERS, SECRET_PREFIX

    secrets = {}
    auth = layer.get("auth", {})
    provider = PROVIDERS.get(auth.get("type", ""))
    wanted = provider.secrets[0] if provider and provider.secrets else None
    if auth_file:
        secrets[SECRET_PREFIX + (wanted or "client-secret")] = _read(auth_file)
    elif provider and wanted and not auth.get("secret") and sys.stdin.isatty():
        words = f"{wanted.replace('-', ' ').capitalize()} for {provider.title}"
        given = click.prompt(f"{words} (empty: the one that is kept)", "", hide_input=True,
                             show_default=False, err=True)  # fmt: skip
        secrets |= {SECRET_PREFIX + wanted: given} if given else {}
    if database_file:
        secrets["database-url"] = _read(database_file)
    return secrets


def _read(file: str) -> str:
    try:
        with click.open_file(file) as stream:
            text: str = stream.read().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{file} cannot be read: {error}") from error
    if not text:
        raise click.UsageError(f"{file} is empty.")
    return text


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
    lines += [*_who(deployed), *_how_long(deployed), ""]
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
        "changes": [
            {"action": str(change.action), "kind": change.ref.kind, "name": change.ref.name}
            for change in deployed.plan.changes
        ],
    }
