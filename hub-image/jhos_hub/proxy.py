"""The proxy, which runs in a Deployment of its own so that sessions outlive the hub."""

from collections.abc import Mapping
from typing import Any

from traitlets.config import Config

API_PORT = 8001


def update_proxy(c: Config, settings: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
    c.JupyterHub.proxy_class = "configurable-http-proxy"
    c.ConfigurableHTTPProxy.should_start = False
    c.ConfigurableHTTPProxy.api_url = f"http://{settings['name']}-proxy:{API_PORT}"
    c.ConfigurableHTTPProxy.auth_token = secrets["proxy-token"]
