"""The passphrase of a backup's secrets: from a file or asked for, never from the command line."""

import sys
from pathlib import Path

import click

from jhos.cli.completion import file_names

_STDIN = "-"

passphrase_option = click.option(
    "--passphrase-file",
    metavar="FILE",
    shell_complete=file_names,
    help="Its first line is the passphrase of the secrets; - reads stdin. Else it is asked for.",
)
without_secrets_option = click.option(
    "--without-secrets", is_flag=True, help="Leave the secrets out; a restored hub makes new ones."
)


def passphrase_of(file: str | None, *, without: bool, twice: bool) -> str | None:
    """None: without secrets. `twice`: a new one, which nobody can check otherwise.

    Raises UsageError where there is nobody to ask.
    """
    from jhos.cli.terminal import prompt_secret

    if without and file:
        raise click.UsageError("--without-secrets does not go with --passphrase-file.")
    if without:
        return None
    if file:
        return _first_line(file)
    if not sys.stdin.isatty():
        raise click.UsageError(
            "The secrets are encrypted with a passphrase, and there is no terminal to ask for it "
            "on: give --passphrase-file FILE, or say --without-secrets."
        )
    return prompt_secret("Passphrase for the secrets", confirmation_prompt=twice)


def _first_line(file: str) -> str:
    try:
        text = sys.stdin.read() if file == _STDIN else Path(file).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{file} cannot be read: {error}") from error
    line = text.partition("\n")[0].rstrip("\r")
    if not line:
        raise click.UsageError(f"The first line of {file} is empty.")
    return line
