"""Options that are settings: one row each, and a layer of settings made of those given."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from jhos.cli.completion import deployments, words
from jhos.cli.options import Command, instead_of
from jhos.settings.auth import PROVIDERS
from jhos.settings.descriptions import DESCRIPTIONS
from jhos.settings.rules import ACCESS_MODES, DATABASES, INTERFACES

if TYPE_CHECKING:
    from jhos.settings.sources import Source


class Row(NamedTuple):
    """An option and the setting that it gives. `kind`: text, switch, list or pairs.

    Lists and pairs are given by repeating the option; what is given replaces all of it.
    """

    option: str
    setting: str
    metavar: str | None
    kind: str = "text"

    @property
    def help(self) -> str:
        text = DESCRIPTIONS[self.setting]
        return f"{text} Repeatable." if self.kind in ("list", "pairs") else text


CHOICES = {
    "auth.type": tuple(PROVIDERS),
    "database.type": DATABASES,
    "notebook.interface": INTERFACES,
    "storage.access_mode": ACCESS_MODES,
}
ROWS = (
    Row("--name", "name", "NAME"),
    Row("--notebook-image", "notebook.image", "IMAGE"),
    Row("--hub-image", "hub.image", "IMAGE"),
    Row("--database-image", "database.image", "IMAGE"),
    Row("--notebook-memory", "notebook.memory", "SIZE"),
    Row("--notebook-memory-request", "notebook.memory_request", "SIZE"),
    Row("--notebook-cpu", "notebook.cpu", "CPUS"),
    Row("--notebook-cpu-request", "notebook.cpu_request", "CPUS"),
    Row("--hub-memory", "hub.memory", "SIZE"),
    Row("--hub-cpu", "hub.cpu", "CPUS"),
    Row("--database-memory", "database.memory", "SIZE"),
    Row("--database-storage", "database.storage", "SIZE"),
    Row("--database-storage-class", "database.storage_class", "CLASS"),
    Row("--database", "database.type", "TYPE"),
    Row("--database-secret", "database.secret", "SECRET"),
    Row("--interface", "notebook.interface", "NAME"),
    Row("--env", "notebook.environment", "NAME=VALUE", "pairs"),
    Row("--mount-secret", "notebook.mount_secrets", "SECRET=/PATH", "list"),
    Row("--mount-pvc", "notebook.mount_pvcs", "CLAIM=/PATH[:ro]", "list"),
    Row("--allow-egress", "notebook.egress", "NETWORK|PROJECT", "list"),
    Row("--storage", "storage.size", "SIZE"),
    Row("--storage-class", "storage.storage_class", "CLASS"),
    Row("--storage-access-mode", "storage.access_mode", "MODE"),
    Row("--storage-path", "storage.mount_path", "/PATH"),
    Row("--auth", "auth.type", "TYPE"),
    Row("--auth-client-id", "auth.client_id", "ID"),
    Row("--auth-secret", "auth.secret", "SECRET"),
    Row("--auth-url", "auth.url", "URL"),
    Row("--auth-organization", "auth.organizations", "NAME", "list"),
    Row("--auth-username-claim", "auth.username_claim", "CLAIM"),
    Row("--auth-bind-dn", "auth.bind_dn_templates", "DN", "list"),
    Row("--admin-user", "auth.admin_users", "NAME", "list"),
    Row("--admin-group", "auth.admin_groups", "NAME", "list"),
    Row("--allow-user", "auth.allowed_users", "NAME", "list"),
    Row("--allow-group", "auth.allowed_groups", "NAME", "list"),
    Row("--allow-all/--no-allow-all", "auth.allow_all", None, "switch"),
    Row("--cull-idle", "cull.idle", "TIME"),
    Row("--cull-max-age", "cull.max_age", "TIME"),
    Row("--cull-users/--no-cull-users", "cull.users", None, "switch"),
    Row("--active-servers", "hub.active_servers", "NUMBER"),
    Row("--announcement", "hub.announcement", "TEXT"),
    Row("--route-host", "route.host", "HOST"),
    Row("--route-certificate", "route.certificate", "SECRET"),
    Row("--route-timeout", "route.timeout", "TIME"),
    Row("--metrics/--no-metrics", "metrics.enabled", None, "switch"),
)


class SettingsCommand(click.Command):
    """Lists options that are settings apart from the others: they are many."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        settings = {*map(_parameter, ROWS), "allow_users_file"}
        for title, are_settings in (("Options", False), ("Settings", True)):
            chosen = (each for each in self.get_params(ctx)
                      if (each.name in settings) is are_settings)  # fmt: skip
            rows = [row for each in chosen if (row := each.get_help_record(ctx))]
            with formatter.section(title):
                formatter.write_dl(rows)


def settings_options(command: Command) -> Command:
    """All of ROWS → the argument `chosen`: the settings that are given, by their option."""
    rows = {_parameter(row): row for row in ROWS}

    def gathered(**arguments: Any) -> Any:
        given = {row: arguments.pop(name) for name, row in rows.items()}
        users = arguments.pop("allow_users_file")
        if users:
            row = rows["allow_user"]
            given[row] = [*given[row], *_names(users)]
        return command(chosen=_chosen(given), **arguments)

    return instead_of(command, gathered, *map(_option, ROWS), _USERS_FILE)


_USERS_FILE = click.option(
    "--allow-users-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Names of users who get in, one a line.",
)


def _option(row: Row) -> Callable[[Any], Any]:
    match row.kind:
        case "switch":
            return click.option(row.option, default=None, help=row.help)
        case "list":
            return click.option(row.option, metavar=row.metavar, multiple=True, help=row.help)
        case "pairs":
            return click.option(row.option, metavar=row.metavar, multiple=True, help=row.help,
                                callback=pairs)  # fmt: skip
    kind = click.IntRange(min=0) if row.metavar == "NUMBER" else None
    return click.option(
        row.option, metavar=row.metavar, type=kind, help=row.help, shell_complete=_words(row)
    )


def _words(row: Row) -> Any:
    """What a shell completes the value with."""
    if row.setting == "name":
        return deployments
    return words(*CHOICES[row.setting]) if row.setting in CHOICES else None


def pairs(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> dict[str, str] | None:
    for each in given:
        if "=" not in each.lstrip("="):
            raise click.BadParameter(f"{each!r} is not NAME=VALUE")
    return dict(each.split("=", 1) for each in given) or None


def _parameter(row: Row) -> str:
    return row.option.partition("/")[0].removeprefix("--").replace("-", "_")


def _chosen(given: dict[Row, Any]) -> "list[Source]":
    """Without what was not given."""
    from jhos.settings.sources import Source, nested

    values = {row: list(each) if isinstance(each, tuple) else each for row, each in given.items()}
    return [
        Source(row.option.partition("/")[0], nested(row.setting, value))
        for row, value in values.items()
        if value is not None and value != []
    ]


def _names(file: Path) -> list[str]:
    lines = (line.partition("#")[0].strip() for line in file.read_text().splitlines())
    return [line for line in lines if line]
