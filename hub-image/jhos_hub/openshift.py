"""Login by OpenShift, for which the hub's own service account is the OAuth client."""

from functools import cached_property
from typing import Any

from oauthenticator.openshift import OpenShiftOAuthenticator
from traitlets import default

from jhos_hub.cluster import account, ask, token


class ServiceAccountAuthenticator(OpenShiftOAuthenticator):  # type: ignore[misc] # has no types
    """Its client secret is the account's token, which rotates: it is read at every login."""

    @cached_property
    def endpoints(self) -> dict[str, Any]:
        """Of the cluster's OAuth server, as the API server tells them.

        *source* https://datatracker.ietf.org/doc/html/rfc8414
        """
        return ask("/.well-known/oauth-authorization-server")

    @default("openshift_url")
    def _openshift_url_default(self) -> str:
        return "https://kubernetes.default.svc"

    @default("http_request_kwargs")
    def _http_request_kwargs_default(self) -> dict[str, str]:
        return {"ca_certs": str(account() / "ca.crt")}

    @default("authorize_url")
    def _authorize_url_default(self) -> Any:
        return self.endpoints["authorization_endpoint"]

    @default("token_url")
    def _token_url_default(self) -> Any:
        return self.endpoints["token_endpoint"]

    def build_access_tokens_request_params(self, handler: Any, data: Any = None) -> dict[str, str]:
        self.client_secret = token()
        params: dict[str, str] = super().build_access_tokens_request_params(handler, data)
        return params

    def build_refresh_token_request_params(self, refresh_token: str) -> dict[str, str]:
        self.client_secret = token()
        params: dict[str, str] = super().build_refresh_token_request_params(refresh_token)
        return params
