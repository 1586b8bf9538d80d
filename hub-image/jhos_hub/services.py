"""The idle culler, as a service of the hub with no more rights than it needs."""

from collections.abc import Mapping
from typing import Any

from traitlets.config import Config, LazyConfigValue

from jhos_hub.hub import PORT

CULLER = "cull-idle"
COMMAND = "cull-idle-servers"
SCOPES = ("list:users", "read:users:activity", "read:servers", "delete:servers")


def update_services(c: Config, settings: Mapping[str, Any]) -> None:
    """After the user's configuration: a culler that it brings takes the place of this one."""
    cull = settings["cull"]
    services = _values(c, "services")
    if not (cull["idle"] or cull["max_age"]) or any(map(is_culler, services)):
        return
    c.JupyterHub.services = [*services, {"name": CULLER, "command": cull_command(cull)}]
    c.JupyterHub.load_roles = [*_values(c, "load_roles"), cull_role(cull)]


def is_culler(service: Mapping[str, Any]) -> bool:
    command = " ".join(service.get("command", ()))
    programs = (COMMAND, "jupyterhub_idle_culler")
    return service.get("name") == CULLER or any(program in command for program in programs)


def cull_command(cull: Mapping[str, Any]) -> list[str]:
    """`idle` and `max_age` in seconds; one of them at least is set."""
    command = [
        COMMAND,
        # The Service leads here only once the hub is ready, and the culler starts before.
        f"--url=http://127.0.0.1:{PORT}/hub/api",
        f"--timeout={cull['idle'] or cull['max_age']}",
    ]
    if cull["max_age"]:
        command.append(f"--max-age={cull['max_age']}")
    if cull["users"]:
        command.append("--cull-users=True")
    return command


def cull_role(cull: Mapping[str, Any]) -> dict[str, Any]:
    scopes = [*SCOPES, "admin:users"] if cull["users"] else list(SCOPES)
    return {"name": CULLER, "scopes": scopes, "services": [CULLER]}


def _values(c: Config, trait: str) -> list[Any]:
    """A list trait of JupyterHub as configured so far: set, only appended to, or untouched."""
    value = c.JupyterHub.get(trait, [])
    return list(value.get_value([]) if isinstance(value, LazyConfigValue) else value)
