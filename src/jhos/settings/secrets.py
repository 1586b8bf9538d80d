"""The secrets of a deployment: generated once, then kept."""

import secrets
from base64 import b64encode

KEYS = ("cookie-secret", "proxy-token", "database-password")


def completed(data: dict[str, str]) -> dict[str, str]:
    """`data` of a Secret (base64) with what it lacks: 64 random hexadecimal digits each."""
    fresh = {key: _generate() for key in KEYS if key not in data}
    return {**data, **fresh}


def _generate() -> str:
    return b64encode(secrets.token_hex(32).encode()).decode()
