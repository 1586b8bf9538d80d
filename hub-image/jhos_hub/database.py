"""The hub's database: PostgreSQL beside it, one elsewhere, or SQLite on the hub's volume."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from traitlets.config import Config

from jhos_hub.mounts import app_root


def update_database(c: Config, settings: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
    c.JupyterHub.db_url = database_url(settings, secrets)
    # Only where the schema is older than JupyterHub. PostgreSQL takes back a migration that
    # fails half-way, SQLite is copied first; a fresh database costs nothing.
    c.JupyterHub.upgrade_db = True


def database_url(settings: Mapping[str, Any], secrets: Mapping[str, str]) -> str:
    """SQLAlchemy's; an external database's comes whole from the Secret, as `database-url`."""
    match settings["database"]["type"]:
        case "postgresql":
            password = quote(secrets["database-password"], safe="")
            host = f"{settings['name']}-db:5432"
            return f"postgresql+psycopg://jupyterhub:{password}@{host}/jupyterhub"
        case "external":
            return secrets["database-url"]
        case "sqlite":
            return f"sqlite:///{app_root()}/data/jupyterhub.sqlite"
        case other:
            raise ValueError(f"database.type is {other!r}: use postgresql, external or sqlite")
