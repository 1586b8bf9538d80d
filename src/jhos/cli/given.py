"""Options that say what is wanted of a deployment, for every command that lays it over one."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jhos.cli.completion import file_names
from jhos.cli.options import Command, instead_of
from jhos.cli.setting_options import settings_options

if TYPE_CHECKING:
    from jhos.settings.sources import Source

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def given_options(command: Command) -> Command:
    """Settings, a configuration and secrets → the argument `given`, a `Given`."""

    def gathered(
        chosen: "list[Source]",
        files: tuple[str, ...],
        preset: str | None,
        config_file: Path | None,
        auth_secret_file: str | None,
        database_url_file: str | None,
        secret_files: tuple[str, ...],
        **rest: Any,
    ) -> Any:
        from jhos.actions.edits import Given
        from jhos.settings.sources import merged

        for source in chosen:
            _check(source)
        layer = merged([*_preset(preset), *sources(files), *chosen])
        given = Given(
            settings=layer,
            configuration=configuration(config_file),
            secrets={
                **_secrets(layer, auth_secret_file, database_url_file),
                **named_secrets(secret_files),
            },
            auth_secret=_read(auth_secret_file) if auth_secret_file else "",
        )
        return command(given=given, **rest)

    options = (_PRESET, _CONFIG, _AUTH_SECRET_FILE, _DATABASE_URL_FILE, secret_files_option)
    return file_option(settings_options(instead_of(command, gathered, *options)))


file_option = click.option(
    "-f",
    "--file",
    "files",
    metavar="FILE",
    shell_complete=file_names,
    multiple=True,
    help="Settings as YAML; - reads stdin. Over it go variables (JHOS_HUB_MEMORY), then options.",
)


def sources(files: tuple[str, ...]) -> "list[Source]":
    """Of files, and above them those of the environment's variables; each is right by itself."""
    from jhos.settings.sources import of_environment

    found = of_environment(os.environ)
    for source in found:
        _check(source)
    return [*map(_of_file, files), *found]


def _of_file(file: str) -> "Source":
    from jhos.settings.load import parse
    from jhos.settings.sources import Source

    name, text = "standard input" if file == "-" else file, _text(file)
    source = Source(name, parse(text, name))
    _check(source, text)
    return source


def _check(source: "Source", text: str = "") -> None:
    """An error names where it is: also the line of `text`, where the source is one."""
    from jhos.errors import SettingsError
    from jhos.settings.load import check_alone, line_of

    try:
        check_alone(source.layer)
    except SettingsError as error:
        line = line_of(text, error.message)
        where = f"{source.name}, line {line}" if line else source.name
        raise SettingsError(f"{where}: {error.message}", error.hint) from error


def _preset(name: str | None) -> "list[Source]":
    from jhos.settings.load import preset
    from jhos.settings.sources import Source

    return [Source(f"--preset {name}", preset(name))] if name else []


_PRESET = click.option(
    "--preset",
    type=click.Choice(("docker-stacks",)),
    help="Settings that belong together: those for Jupyter's official images.",
)
_CONFIG = click.option(
    "--config", "config_file", type=_FILE, help="A jupyterhub_config.py, read after ours."
)
_AUTH_SECRET_FILE = click.option(
    "--auth-secret-file",
    metavar="FILE",
    shell_complete=file_names,
    help="The client secret or password; - reads stdin.",
)
_DATABASE_URL_FILE = click.option(
    "--database-url-file",
    metavar="FILE",
    shell_complete=file_names,
    help="Of an external database; - reads stdin.",
)
secret_files_option = click.option(
    "--secret-file",
    "secret_files",
    multiple=True,
    metavar="KEY=FILE",
    help="A secret that get_secret(KEY) gives to the configuration; - reads standard input.",
)


unchecked_option = click.option(
    "--unchecked", is_flag=True, help="Do not run the configuration here first."
)


def _secrets(
    layer: dict[str, Any], auth_file: str | None, database_file: str | None
) -> dict[str, str]:
    """From files or standard input, else asked for at a terminal; never from arguments.

    Not what `auth_file` holds: what it is of is known once the deployment is.
    """
    from jhos.cli.terminal import prompt_secret
    from jhos.settings.auth import PROVIDERS, SECRET_PREFIX

    secrets: dict[str, str] = {}
    auth = layer.get("auth", {})
    provider = PROVIDERS.get(auth.get("type", ""))
    wanted = provider.secrets[0] if provider and provider.secrets else None
    asks = not auth_file and not auth.get("secret") and sys.stdin.isatty()
    if provider and wanted and asks:
        words = f"{wanted.replace('-', ' ').capitalize()} for {provider.title}"
        asked = f"{words} (empty: the one that is kept)"
        given = prompt_secret(asked, default="", show_default=False)
        secrets |= {SECRET_PREFIX + wanted: given} if given else {}
    if database_file:
        secrets["database-url"] = _read(database_file)
    return secrets


def named_secrets(pairs: tuple[str, ...]) -> dict[str, str]:
    """Of `--secret-file KEY=FILE`, by their keys."""
    from jhos.configuration import USER_KEYS
    from jhos.settings.secrets import KEYS

    files = dict(split(pair, "--secret-file", "KEY=FILE") for pair in pairs)
    for key in files.keys() & {*KEYS, *USER_KEYS}:
        words = f"jhos keeps its own {key} in the same Secret; choose another KEY."
        raise click.BadParameter(words, param_hint="--secret-file")
    return {key: _read(file) for key, file in files.items()}


def split(pair: str, option: str, form: str) -> tuple[str, str]:
    key, sign, value = pair.partition("=")
    if not sign or not key:
        raise click.BadParameter(f"{pair!r} is not {form}", param_hint=option)
    return key.strip(), value


def _read(file: str) -> str:
    """Without the end of its last line."""
    return _text(file).strip()


def _text(file: str) -> str:
    text = read_text(file)
    if not text.strip():
        raise click.UsageError(f"{file} is empty.")
    return text


def read_text(file: str) -> str:
    try:
        with click.open_file(file) as stream:
            text: str = stream.read()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise click.UsageError(f"{file} cannot be read: {why}.") from error
    return text


def configuration(file: Path | None) -> dict[str, str]:
    """What is no Python is told before a cluster is asked."""
    if file is None:
        return {}
    try:
        text = file.read_text()
        compile(text, str(file), "exec")
    except (OSError, UnicodeDecodeError, SyntaxError, ValueError) as error:
        raise click.BadParameter(f"{error}", param_hint="--config") from error
    return {"jupyterhub_config.py": text}
