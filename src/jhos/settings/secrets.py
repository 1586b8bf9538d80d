"""The secrets of a deployment: generated once, then kept."""

import secrets
from base64 import b64decode, b64encode
from collections.abc import Container, Mapping
from typing import TYPE_CHECKING

from jhos.errors import SettingsError

if TYPE_CHECKING:
    from jhos.settings.model import Database

DATABASE_URL = "database-url"
API_TOKEN = "api-token"  # of the hub's REST API, with the rights of this command
ADMIN_TOKEN = "admin-token"  # likewise, with all rights: to make admins
METRICS_TOKEN = "metrics-token"
CREDENTIALS = ("proxy-token", "database-password")  # of proxy and database, read at their start
KEYS = (
    "cookie-secret",
    "proxy-token",
    "database-password",
    API_TOKEN,
    ADMIN_TOKEN,
    METRICS_TOKEN,
)


def completed(data: dict[str, str]) -> dict[str, str]:
    """`data` of a Secret (base64) with what it lacks: 64 random hexadecimal digits each."""
    fresh = {key: _generate() for key in KEYS if key not in data}
    return {**data, **fresh}


def is_complete(data: dict[str, str]) -> bool:
    return all(key in data for key in KEYS)


def encoded(values: dict[str, str]) -> dict[str, str]:
    """Base64, as the `data` of a Secret is."""
    return {key: b64encode(value.encode()).decode() for key, value in values.items()}


def decoded(data: Mapping[str, str]) -> dict[str, str]:
    """The values of a Secret's `data`; what is no text is not for jhos."""
    return {key: b64decode(value).decode(errors="replace") for key, value in data.items()}


def check_database(database: "Database", there: Container[str]) -> None:
    """`there`: keys of the Secret. Raises SettingsError for an external database without URL."""
    if database.type == "external" and DATABASE_URL not in there:
        raise SettingsError(
            "An external database needs its URL.",
            "Give it with --database-url-file FILE (- for standard input), or name a Secret of "
            f"the project that has the key {DATABASE_URL} with --database-secret NAME.",
        )


def _generate() -> str:
    return encoded({"": secrets.token_hex(32)})[""]
