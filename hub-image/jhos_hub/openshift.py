"""Login by OpenShift, for which the hub's own service account is the OAuth client."""

from typing import Any

from oauthenticator.openshift import OpenShiftOAuthenticator

from jhos_hub.cluster import token


class ServiceAccountAuthenticator(OpenShiftOAuthenticator):  # type: ignore[misc] # has no types
    """Its client secret is the account's token, which rotates: it is read at every login."""

    def build_access_tokens_request_params(self, handler: Any, data: Any = None) -> dict[str, str]:
        self.client_secret = token()
        params: dict[str, str] = super().build_access_tokens_request_params(handler, data)
        return params

    def build_refresh_token_request_params(self, refresh_token: str) -> dict[str, str]:
        self.client_secret = token()
        params: dict[str, str] = super().build_refresh_token_request_params(refresh_token)
        return params
