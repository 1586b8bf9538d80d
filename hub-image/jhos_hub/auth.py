"""Who gets in. Decided last, since a user's own configuration of it must stand alone."""

from collections.abc import Mapping
from typing import Any

from traitlets.config import Config

ALLOW_TRAITS = (
    "allow_all",
    "allow_existing_users",
    "allowed_users",
    "allowed_groups",
    "whitelist",
)


def update_auth(c: Config, settings: Mapping[str, Any]) -> None:
    kind = settings["auth"]["type"]
    if kind != "anonymous":
        raise ValueError(f"auth.type is {kind!r}: this hub knows anonymous")
    if "authenticator_class" in c.JupyterHub:
        return
    update_anonymous(c)


def update_anonymous(c: Config) -> None:
    """A throw-away user for every browser, unless the user's configuration lists who may enter."""
    c.JupyterHub.authenticator_class = "tmpauthenticator.TmpAuthenticator"
    if not has_allow_rule(c):
        c.TmpAuthenticator.allow_all = True


def has_allow_rule(c: Config) -> bool:
    """Beside `allow_all` a list would mean nothing: all would get in."""
    sections = ("Authenticator", "TmpAuthenticator")
    return any(trait in c[section] for section in sections for trait in ALLOW_TRAITS)
