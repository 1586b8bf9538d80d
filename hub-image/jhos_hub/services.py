"""Services of the hub with no more rights than they need: the idle culler, and the command jhos."""

from collections.abc import Mapping
from typing import Any

from traitlets.config import Config, LazyConfigValue

from jhos_hub.hub import PORT

CULLER = "cull-idle"
COMMAND = "cull-idle-servers"
# The Service leads here only once the hub is ready, and the culler starts before.
URL = f"--url=http://127.0.0.1:{PORT}/hub/api"
SCOPES = ("list:users", "read:users:activity", "read:servers", "delete:servers")

PROBE = "jhos-probe"  # the user whose server a health probe starts
API_SCOPES = (
    "list:users",
    "read:users",
    "admin:users",
    "read:servers",
    "delete:servers",
    "read:hub",
    f"servers!user={PROBE}",
    f"access:servers!user={PROBE}",
)
# Who has which token of the Secret, and the scopes of it; None: all, since only admins make admins.
TOKENS: tuple[tuple[str, str, tuple[str, ...] | None], ...] = (
    ("jhos", "api-token", API_SCOPES),
    ("jhos-admin", "admin-token", None),
    ("jhos-metrics", "metrics-token", ("read:metrics",)),
)


def update_services(c: Config, settings: Mapping[str, Any], *, throw_away: bool) -> None:
    """After the user's configuration: a culler that it brings takes the place of this one.

    `throw_away`: users who cannot come back; unless the settings say, only they go with a server.
    """
    cull = dict(settings["cull"])
    cull["users"] = throw_away if cull["users"] is None else cull["users"]
    services = _values(c, "services")
    if not (cull["idle"] or cull["max_age"]) or any(map(is_culler, services)):
        return
    c.JupyterHub.services = [*services, {"name": CULLER, "command": cull_command(cull)}]
    c.JupyterHub.load_roles = [*_values(c, "load_roles"), _role(CULLER, users=cull["users"])]


def update_tokens(c: Config, secrets: Mapping[str, str]) -> None:
    """Lets the command jhos and the project's metrics in. An older Secret lacks their tokens."""
    given = [each for each in TOKENS if each[1] in secrets]
    services = [
        {"name": name, "api_token": secrets[key], "admin": scopes is None, "display": False}
        for name, key, scopes in given
    ]
    roles = [
        {"name": name, "scopes": list(scopes), "services": [name]}
        for name, _, scopes in given
        if scopes
    ]
    if services:
        c.JupyterHub.services = [*_values(c, "services"), *services]
        c.JupyterHub.load_roles = [*_values(c, "load_roles"), *roles]


def is_culler(service: Mapping[str, Any]) -> bool:
    command = " ".join(service.get("command", ()))
    programs = (COMMAND, "jupyterhub_idle_culler")
    return service.get("name") == CULLER or any(program in command for program in programs)


def compat_services(c: Config) -> list[str]:
    """Cullers that were all-powerful get the least rights; what was changed, in sentences."""
    services = _values(c, "services")
    mighty = [each for each in services if each.get("admin") and is_culler(each)]
    if not mighty:
        return []
    roles = [_role_of(each) for each in mighty]
    c.JupyterHub.services = [_plain(each) if each in mighty else each for each in services]
    c.JupyterHub.load_roles = [*_values(c, "load_roles"), *roles]
    return [
        f"Service {each['name']} has the rights to cull, not all of an admin." for each in mighty
    ]


def _plain(service: Mapping[str, Any]) -> dict[str, Any]:
    """Without the flag that gives every right, and with the hub's address inside its pod."""
    kept = {key: value for key, value in service.items() if key != "admin"}
    command = [str(word) for word in service.get("command", ())]
    if command and not any(word.startswith("--url") for word in command):
        kept["command"] = [*command, URL]
    return kept


def _role_of(service: Mapping[str, Any]) -> dict[str, Any]:
    switches = [str(word).replace("_", "-") for word in service.get("command", ())]
    users = any(word.startswith("--cull-users") and "False" not in word for word in switches)
    return _role(str(service["name"]), users=users)


def cull_command(cull: Mapping[str, Any]) -> list[str]:
    """`idle` and `max_age` in seconds; one of them at least is set."""
    command = [
        COMMAND,
        URL,
        f"--timeout={cull['idle'] or cull['max_age']}",
    ]
    if cull["max_age"]:
        command.append(f"--max-age={cull['max_age']}")
    if cull["users"]:
        command.append("--cull-users=True")
    return command


def _role(service: str, *, users: bool) -> dict[str, Any]:
    scopes = [*SCOPES, "admin:users"] if users else list(SCOPES)
    return {"name": service, "scopes": scopes, "services": [service]}


def _values(c: Config, trait: str) -> list[Any]:
    """A list trait of JupyterHub as configured so far: set, only appended to, or untouched."""
    value = c.JupyterHub.get(trait, [])
    return list(value.get_value([]) if isinstance(value, LazyConfigValue) else value)
