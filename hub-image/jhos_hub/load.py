"""The order in which the parts of the configuration are set, around the user's own files."""

from collections.abc import Mapping
from typing import Any

from traitlets.config import Config
from traitlets.log import get_logger

from jhos_hub import compat
from jhos_hub.auth import is_anonymous, update_auth
from jhos_hub.database import update_database
from jhos_hub.hub import update_hub
from jhos_hub.proxy import update_proxy
from jhos_hub.services import update_services, update_tokens
from jhos_hub.spawner import update_spawner


def defaults(c: Config, settings: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
    """What holds before the user's configuration; that may replace every value."""
    update_hub(c, settings, secrets)
    update_proxy(c, settings, secrets)
    update_database(c, settings, secrets)
    update_spawner(c, settings)
    compat.seed(c, settings)


def completion(c: Config, settings: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
    """What depends on the user's configuration, and so comes after it."""
    for sentence in compat.translate(c, settings):
        get_logger().warning("Configuration: %s", sentence)
    update_auth(c, settings, secrets)
    update_services(c, settings, throw_away=is_anonymous(c))
    update_tokens(c, secrets)
