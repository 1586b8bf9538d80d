"""jhos backup"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jhos.cli.options import Target, name_argument, target_options, timeout_option
from jhos.cli.output import counted, emit, output_option
from jhos.cli.passphrase import passphrase_of, passphrase_option, without_secrets_option
from jhos.cli.units import in_units

if TYPE_CHECKING:
    from jhos.actions.backup import BackedUp


@click.command()
@name_argument()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@passphrase_option
@without_secrets_option
@click.option("--without-database", is_flag=True, help="Leave the database out.")
@click.option("--overwrite", is_flag=True, help="Replace FILE if it is there.")
@timeout_option(600)
@output_option
@target_options
def backup(
    target: Target,
    name: str,
    file: Path,
    passphrase_file: str | None,
    without_secrets: bool,
    without_database: bool,
    overwrite: bool,
    timeout_s: int,
    output: str,
) -> None:
    """Write all that the deployment NAME knows into FILE, for `jhos restore`.

    That is the database (users, their tokens and groups), the settings with profiles, your
    configuration, and the secrets, encrypted with a passphrase. The files of users lie in
    volumes: they are listed in it, not copied. Users go on working meanwhile. FILE is there only
    once it is whole, readable by you alone.

    \b
    Examples:
      jhos backup jakevdp jakevdp.tar
      jhos backup jakevdp jakevdp.tar --without-secrets
      jhos backup jakevdp /backups/$(date +%F).tar --passphrase-file ~/.jhos-passphrase
    """
    from jhos.actions.backup import backup as act
    from jhos.cli.terminal import progress

    if file.exists() and not overwrite:
        raise click.UsageError(f"{file} is there already: name another, or say --overwrite.")
    passphrase = passphrase_of(passphrase_file, without=without_secrets, twice=True)
    cluster = target.connect(timeout_s)
    try:
        with progress() as report:
            done = act(
                cluster,
                name,
                file,
                passphrase=passphrase,
                database=not without_database,
                timeout_s=timeout_s,
                report=report,
            )
    except KeyboardInterrupt as error:
        words = f"Interrupted. No backup was written, nothing of it is left in {file.parent}."
        raise type(error)(words, "Run the same command again.") from error
    emit(output, text(done), data(done), [str(done.path)])


def text(done: "BackedUp") -> str:
    lines = [
        f"{done.path} holds {done.name} of project {done.namespace}: "
        f"{_users(done.users)}, {in_units(done.size)}."
    ]
    if not done.with_secrets:
        lines.append("Its secrets are not in it: a restored hub makes new ones, and is to be given "
                     "those of its login again.")  # fmt: skip
    if done.secret_files and not done.with_secrets:
        lines.append(f"Nor is {', '.join(done.secret_files)}, which holds some.")
    if done.own_secrets:
        lines.append(f"Not in it, since they are yours: Secret {', '.join(done.own_secrets)}.")
    owned = [volume for volume in done.volumes if volume.owner]
    if owned:
        lines.append(
            f"Not in it: the files of users, in {counted(len(owned), 'volume')} (listed in it)."
        )
    return "\n".join(lines)


def _users(users: tuple[str, ...] | None) -> str:
    return "without its database" if users is None else counted(len(users), "user")


def data(done: "BackedUp") -> dict[str, Any]:
    return {
        "name": done.name,
        "project": done.namespace,
        "file": str(done.path),
        "bytes": done.size,
        "users": None if done.users is None else list(done.users),
        "secrets": done.with_secrets,
        "ownSecrets": list(done.own_secrets),
        "volumes": [
            {"name": each.name, "owner": each.owner, "size": each.size} for each in done.volumes
        ],
    }
