"""The hub process: its addresses, its cookie secret, its limits."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from traitlets.config import Config

from jhos_hub.capacity import active_servers
from jhos_hub.cluster import url_of
from jhos_hub.mounts import app_root

PORT = 8081


def update_hub(c: Config, settings: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
    c.JupyterHub.hub_bind_url = f"http://0.0.0.0:{PORT}"
    c.JupyterHub.hub_connect_url = f"http://{settings['name']}-hub:{PORT}"
    # As bytes: JupyterHub refuses a file that others may read, as mounted Secrets are.
    c.JupyterHub.cookie_secret = bytes.fromhex(secrets["cookie-secret"])
    c.JupyterHub.admin_access = False
    c.JupyterHub.tornado_settings = {
        # Seconds: the page with the progress is shown at once.
        "slow_spawn_timeout": 0,
        # Seconds, for who finds `concurrent_spawn_limit` reached: what so many starts take.
        "spawn_throttle_retry_range": (10, 30),
    }
    if url_of(settings["route"]["host"]).startswith("https:"):
        # Also that of the forms, for which JupyterHub does not look at how the request came.
        c.JupyterHub.tornado_settings["cookie_options"] = {"secure": True}
    _update_restarts(c)
    _update_limits(c, settings)
    if settings["hub"]["announcement"]:
        c.JupyterHub.template_vars = {"announcement": settings["hub"]["announcement"]}
    # Those of a custom image before ours.
    folders = (app_root() / "src/templates", Path(__file__).parent / "templates")
    c.JupyterHub.template_paths = [str(folder) for folder in folders if folder.is_dir()]


def _update_restarts(c: Config) -> None:
    """Servers and routes outlive the hub."""
    c.JupyterHub.cleanup_servers = False
    # Seconds, and also how soon a restarted proxy has its routes again.
    c.JupyterHub.last_activity_interval = 60
    # Seconds to find the servers of a thousand users before the hub answers.
    c.JupyterHub.init_spawners_timeout = 30


def _update_limits(c: Config, settings: Mapping[str, Any]) -> None:
    most = settings["hub"]["active_servers"] or active_servers(settings)
    if most:
        c.JupyterHub.active_server_limit = most
    c.JupyterHub.concurrent_spawn_limit = 64
    # A full quota makes many starts fail in a row, which a restart of the hub does not mend.
    c.Spawner.consecutive_failure_limit = 0
