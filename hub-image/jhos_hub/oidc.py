"""Login by any OpenID Connect provider, of which its issuer address tells all the rest."""

import json
import urllib.request
from functools import cached_property
from typing import Any

from oauthenticator.generic import GenericOAuthenticator
from traitlets import Unicode, default


class OpenIDAuthenticator(GenericOAuthenticator):  # type: ignore[misc] # has no types
    """GenericOAuthenticator, whose addresses are found out at the start of the hub."""

    issuer = Unicode(config=True, help="Address of the provider, as its tokens name it.")

    @cached_property
    def metadata(self) -> dict[str, Any]:
        """*source* https://openid.net/specs/openid-connect-discovery-1_0.html"""
        url = f"{self.issuer}/.well-known/openid-configuration"
        with urllib.request.urlopen(url, timeout=20) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    @default("authorize_url")
    def _authorize_url_default(self) -> Any:
        return self.metadata["authorization_endpoint"]

    @default("token_url")
    def _token_url_default(self) -> Any:
        return self.metadata["token_endpoint"]

    @default("userdata_url")
    def _userdata_url_default(self) -> Any:
        return self.metadata["userinfo_endpoint"]

    @default("scope")
    def _scope_default(self) -> list[str]:
        return ["openid", "profile", "email"]

    @default("login_service")
    def _login_service_default(self) -> str:
        return "OpenID Connect"

    @default("auth_state_groups_key")
    def _auth_state_groups_key_default(self) -> Any:
        return lambda auth_state: auth_state[self.user_auth_state_key].get("groups", [])
