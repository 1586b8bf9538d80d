"""jhos restore"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jhos.cli.given import given_options
from jhos.cli.options import Target, target_options, timeout_option
from jhos.cli.output import counted, emit, output_option
from jhos.cli.passphrase import passphrase_of, passphrase_option, without_secrets_option
from jhos.cli.setting_options import SettingsCommand

if TYPE_CHECKING:
    from jhos.actions.edits import Given
    from jhos.actions.restore import Restored

_NAMED = 20  # users, on a screen


@click.command(cls=SettingsCommand)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@passphrase_option
@without_secrets_option
@given_options
@click.option("--create-project", is_flag=True, help="Request the project when it is not there.")
@timeout_option(1200)
@output_option
@target_options
def restore(
    target: Target,
    file: Path,
    passphrase_file: str | None,
    without_secrets: bool,
    given: "Given",
    create_project: bool,
    timeout_s: int,
    output: str,
) -> None:
    """Make a hub of FILE, which `jhos backup` wrote, in a project that has none of its name.

    Users log in as before, with the groups and tokens that they had. Any project of any cluster
    will do; --name and the other options replace what the file says. A file that is not whole,
    not a backup, or of a newer jhos is refused before anything is sent.

    \b
    Examples:
      jhos restore jakevdp.tar -n other-project
      jhos restore jakevdp.tar --name jakevdp2 --passphrase-file ~/.jhos-passphrase
      jhos restore jakevdp.tar --without-secrets --auth-secret-file client-secret
    """
    from jhos import archive
    from jhos.actions.restore import Origin
    from jhos.actions.restore import restore as act
    from jhos.cli.terminal import progress, tell_where
    from jhos.encryption import decrypt

    found = archive.read(file)
    secrets = None
    if found.secrets is not None:
        phrase = passphrase_of(passphrase_file, without=without_secrets, twice=False)
        secrets = None if phrase is None else decrypt(found.secrets, phrase)
    cluster = target.connect(timeout_s)
    tell_where(cluster)
    with progress() as report:
        done = act(
            cluster,
            Origin(file=found, given=given, secrets=secrets),
            create=create_project or target.sandbox,
            timeout_s=timeout_s,
            report=report,
        )
    emit(output, text(done), data(done), [f"deployment/{done.deployed.name}"])


def text(done: "Restored") -> str:
    deployed = done.deployed
    lines = [
        f"JupyterHub {deployed.name} runs at {deployed.url} in project {deployed.namespace}, with "
        f"{counted(len(done.users), 'user')}."
    ]
    if not done.with_secrets:
        lines.append("Its secrets are new, so everybody logs in once more.")
    if done.missing:
        more = len(done.missing) - _NAMED
        names = ", ".join(done.missing[:_NAMED]) + (f" and {more} more" if more > 0 else "")
        lines.append(f"Their next server gets an empty volume, since the files of users are not "
                     f"in a backup: {names}")  # fmt: skip
    if deployed.settings.auth.client_id:
        callback = f"{deployed.url}/hub/oauth_callback"
        lines.append(f"Where the address changed, tell the provider of the login: {callback}")
    return "\n".join(lines)


def data(done: "Restored") -> dict[str, Any]:
    return {
        "name": done.deployed.name,
        "project": done.deployed.namespace,
        "url": done.deployed.url,
        "users": list(done.users),
        "secrets": done.with_secrets,
        "missingVolumes": list(done.missing),
    }
