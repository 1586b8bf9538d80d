"""Options that are settings: one row each, and a layer of settings made of those given."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from jhos.cli.options import Command

_IMAGE = "STREAM[:TAG] of the project, or REGISTRY/NAME:TAG"


@dataclass(frozen=True)
class Row:
    """An option and the setting that it gives. `kind`: text, switch, list or pairs.

    Lists and pairs are given by repeating the option; what is given replaces all of it.
    """

    option: str
    setting: str
    metavar: str | None
    help: str
    kind: str = "text"


ROWS = (
    Row("--name", "name", "NAME", "Of the deployment; else jupyterhub."),
    Row("--notebook-image", "notebook.image", "IMAGE", f"What users start: {_IMAGE}."),
    Row("--hub-image", "hub.image", "IMAGE", f"JupyterHub itself: {_IMAGE}."),
    Row("--database-image", "database.image", "IMAGE", "Else the cluster's newest PostgreSQL."),
    Row("--notebook-memory", "notebook.memory", "SIZE", "Limit for each server, as 1Gi."),
    Row("--notebook-memory-request", "notebook.memory_request", "SIZE", "Set aside for each."),
    Row("--notebook-cpu", "notebook.cpu", "CPUS", "Limit for each server, as 500m or 2."),
    Row("--notebook-cpu-request", "notebook.cpu_request", "CPUS", "Set aside for each server."),
    Row("--hub-memory", "hub.memory", "SIZE", "Limit, as 512Mi."),
    Row("--hub-cpu", "hub.cpu", "CPUS", "Limit, as 500m or 2."),
    Row("--database-memory", "database.memory", "SIZE", "Limit, as 256Mi."),
    Row("--database-storage", "database.storage", "SIZE", "The database's volume, as 1Gi."),
    Row("--database-storage-class", "database.storage_class", "CLASS", "Of that volume."),
    Row("--database", "database.type", "TYPE", "postgresql, sqlite or external."),
    Row("--database-secret", "database.secret", "SECRET", "Has the key database-url."),
    Row("--interface", "notebook.interface", "NAME", "lab or classic."),
    Row("--env", "notebook.environment", "NAME=VALUE", "In every server.", "pairs"),
    Row("--mount-secret", "notebook.mount_secrets", "SECRET=/PATH", "In every server.", "list"),
    Row("--mount-pvc", "notebook.mount_pvcs", "CLAIM=/PATH[:ro]", "In every server.", "list"),
    Row("--storage", "storage.size", "SIZE", "A volume for each user, as 1Gi; none: no volumes."),
    Row("--storage-class", "storage.storage_class", "CLASS", "Of the users' volumes."),
    Row("--storage-access-mode", "storage.access_mode", "MODE", "Else ReadWriteOnce."),
    Row("--storage-path", "storage.mount_path", "/PATH", "Where the volume lies in a server."),
    Row("--auth", "auth.type", "TYPE", "anonymous, openshift, github, gitlab, google, oidc, "
        "ldap, native, password or custom (your --config decides)."),
    Row("--auth-client-id", "auth.client_id", "ID", "Of the hub at GitHub or another provider."),
    Row("--auth-secret", "auth.secret", "SECRET", "Has the key client-secret, or password."),
    Row("--auth-url", "auth.url", "URL", "Of GitLab, the OpenID issuer, the LDAP server."),
    Row("--auth-organization", "auth.organizations", "NAME", "Its members get in.", "list"),
    Row("--auth-username-claim", "auth.username_claim", "CLAIM", "For oidc."),
    Row("--auth-bind-dn", "auth.bind_dn_templates", "DN", "For ldap, with {username}.", "list"),
    Row("--admin-user", "auth.admin_users", "NAME", "Gets in, and the admin panel.", "list"),
    Row("--admin-group", "auth.admin_groups", "NAME", "Its members are admins.", "list"),
    Row("--allow-user", "auth.allowed_users", "NAME", "Gets in.", "list"),
    Row("--allow-group", "auth.allowed_groups", "NAME", "Its members get in.", "list"),
    Row("--allow-all/--no-allow-all", "auth.allow_all", None, "Everybody who can log in.",
        "switch"),
    Row("--cull-idle", "cull.idle", "TIME", "Stop idle servers after it, as 1h; never."),
    Row("--cull-max-age", "cull.max_age", "TIME", "Stop any server after it, as 12h; never."),
    Row("--cull-users/--no-cull-users", "cull.users", None, "A user goes with the server.",
        "switch"),
    Row("--active-servers", "hub.active_servers", "NUMBER", "How many run at once."),
    Row("--announcement", "hub.announcement", "TEXT", "Shown on every page of the hub."),
    Row("--route-host", "route.host", "HOST", "The address; else the cluster chooses."),
    Row("--route-certificate", "route.certificate", "SECRET", "Has tls.crt and tls.key."),
    Row("--route-timeout", "route.timeout", "TIME", "An idle websocket is kept for it, as 1h."),
)  # fmt: skip


def settings_options(command: Command) -> Command:
    """All of ROWS → the argument `layer`, nested as settings are."""
    rows = {_parameter(row): row for row in ROWS}

    def gathered(**arguments: Any) -> Any:
        given = {row.setting: arguments.pop(name) for name, row in rows.items()}
        users = arguments.pop("allow_users_file")
        if users:
            given["auth.allowed_users"] = [*given["auth.allowed_users"], *_names(users)]
        return command(layer=nested(given), **arguments)

    gathered.__name__, gathered.__doc__ = command.__name__, command.__doc__
    gathered.__click_params__ = getattr(command, "__click_params__", [])  # type: ignore[attr-defined] # where click keeps them
    _USERS_FILE(gathered)
    for row in reversed(ROWS):
        _option(row)(gathered)
    return gathered  # type: ignore[return-value] # a command again, of other arguments


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
                                callback=_pairs)  # fmt: skip
    kind = click.IntRange(min=0) if row.metavar == "NUMBER" else None
    return click.option(row.option, metavar=row.metavar, type=kind, help=row.help)


def _pairs(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> dict[str, str] | None:
    for each in given:
        if "=" not in each.lstrip("="):
            raise click.BadParameter(f"{each!r} is not NAME=VALUE")
    return dict(each.split("=", 1) for each in given) or None


def _parameter(row: Row) -> str:
    return row.option.partition("/")[0].removeprefix("--").replace("-", "_")


def nested(given: dict[str, Any]) -> dict[str, Any]:
    """`{"hub.image": "x"}` → `{"hub": {"image": "x"}}`, without what was not given."""
    layer: dict[str, Any] = {}
    for setting, value in given.items():
        if value is None or value == ():
            continue
        *sections, key = setting.split(".")
        inner = layer
        for section in sections:
            inner = inner.setdefault(section, {})
        inner[key] = list(value) if isinstance(value, tuple) else value
    return layer


def _names(file: Path) -> list[str]:
    lines = (line.partition("#")[0].strip() for line in file.read_text().splitlines())
    return [line for line in lines if line]
