"""Who gets in. Decided last, since a user's own configuration of it must stand alone."""

import ssl
from collections.abc import Callable, Mapping
from typing import Any

from traitlets.config import Config

from jhos_hub.cluster import namespace, route_host, url_of

Auth = Mapping[str, Any]
Secrets = Mapping[str, str]

ALLOW_TRAITS = (
    "allow_all",
    "allow_existing_users",
    "allowed_users",
    "allowed_groups",
    "whitelist",
)
TMP = "tmpauthenticator.TmpAuthenticator"


def update_auth(c: Config, settings: Mapping[str, Any], secrets: Secrets) -> None:
    """A login that the user's configuration chose stands; the lists of the settings join it."""
    auth = settings["auth"]
    provider = PROVIDERS.get(auth["type"])
    if provider is None:
        raise ValueError(f"auth.type is {auth['type']!r}: this hub knows {', '.join(PROVIDERS)}")
    if "authenticator_class" not in c.JupyterHub:
        provider(c, settings, secrets)
    if auth["type"] != "anonymous":
        _update_lists(c, auth)


def _update_lists(c: Config, auth: Auth) -> None:
    # Not every authenticator lets an admin in who is not in the other list as well.
    lists = {
        "admin_users": set(auth["admin_users"]),
        "allowed_users": {*auth["allowed_users"], *auth["admin_users"]},
    }
    for trait, users in lists.items():
        if users:
            c.Authenticator.setdefault(trait, users)
    if auth["allow_all"]:
        c.Authenticator.setdefault("allow_all", True)


def update_anonymous(c: Config, *_: Any) -> None:
    """A throw-away user for every browser, unless the user's configuration lists who may enter."""
    c.JupyterHub.authenticator_class = TMP
    if not has_allow_rule(c):
        c.TmpAuthenticator.allow_all = True


def has_allow_rule(c: Config) -> bool:
    """Beside `allow_all` a list would mean nothing: all would get in."""
    sections = ("Authenticator", "TmpAuthenticator")
    return any(trait in c[section] for section in sections for trait in ALLOW_TRAITS)


def is_anonymous(c: Config) -> bool:
    """Whether users are thrown away with their browser's cookies."""
    chosen = c.JupyterHub.get("authenticator_class", "")
    name = chosen if isinstance(chosen, str) else chosen.__name__
    return name.rpartition(".")[2] in ("TmpAuthenticator", "tmp")


def _update_custom(*_: Any) -> None:
    raise ValueError(
        "auth.type is 'custom', and jupyterhub_config.py sets no c.JupyterHub.authenticator_class"
    )


def _update_openshift(c: Config, settings: Mapping[str, Any], _: Secrets) -> None:
    c.JupyterHub.authenticator_class = "jhos_hub.openshift.ServiceAccountAuthenticator"
    account = f"system:serviceaccount:{namespace()}:{settings['name']}-hub"
    c.OpenShiftOAuthenticator.client_id = account
    _update_callback(c, settings)
    _update_groups(c, settings["auth"])


def _update_github(c: Config, settings: Mapping[str, Any], secrets: Secrets) -> None:
    auth = settings["auth"]
    c.JupyterHub.authenticator_class = "oauthenticator.github.GitHubOAuthenticator"
    _update_client(c, settings, secrets)
    if auth["organizations"]:
        c.GitHubOAuthenticator.allowed_organizations = set(auth["organizations"])
        c.GitHubOAuthenticator.scope = ["read:org"]
    if auth["url"]:
        c.GitHubOAuthenticator.github_url = auth["url"].rstrip("/")


def _update_gitlab(c: Config, settings: Mapping[str, Any], secrets: Secrets) -> None:
    auth = settings["auth"]
    c.JupyterHub.authenticator_class = "oauthenticator.gitlab.GitLabOAuthenticator"
    _update_client(c, settings, secrets)
    if auth["allowed_groups"]:
        c.GitLabOAuthenticator.allowed_gitlab_groups = set(auth["allowed_groups"])
        c.GitLabOAuthenticator.scope = ["read_user", "read_api"]
    if auth["url"]:
        c.GitLabOAuthenticator.gitlab_url = auth["url"].rstrip("/")


def _update_google(c: Config, settings: Mapping[str, Any], secrets: Secrets) -> None:
    auth = settings["auth"]
    c.JupyterHub.authenticator_class = "oauthenticator.google.GoogleOAuthenticator"
    _update_client(c, settings, secrets)
    if auth["organizations"]:
        # Only accounts of these domains can log in at all, so each of them is meant.
        c.GoogleOAuthenticator.hosted_domain = list(auth["organizations"])
        c.GoogleOAuthenticator.allow_all = True


def _update_oidc(c: Config, settings: Mapping[str, Any], secrets: Secrets) -> None:
    auth = settings["auth"]
    c.JupyterHub.authenticator_class = "jhos_hub.oidc.OpenIDAuthenticator"
    _update_client(c, settings, secrets)
    c.OpenIDAuthenticator.issuer = auth["url"].rstrip("/")
    c.OpenIDAuthenticator.username_claim = auth["username_claim"]
    _update_groups(c, auth)


def _update_ldap(c: Config, settings: Mapping[str, Any], secrets: Secrets) -> None:
    auth = settings["auth"]
    scheme, _colon, address = auth["url"].rpartition("://")
    host, _colon, port = address.partition(":")
    c.JupyterHub.authenticator_class = "ldapauthenticator.LDAPAuthenticator"
    c.LDAPAuthenticator.server_address = host
    # A password never travels in the clear: ldaps, else StartTLS before the bind.
    c.LDAPAuthenticator.tls_strategy = "on_connect" if scheme == "ldaps" else "before_bind"
    # Else any certificate would do, and who stands between is given the passwords.
    trust = {"validate": ssl.CERT_REQUIRED, "ca_certs_data": secrets.get("auth-ca.crt")}
    c.LDAPAuthenticator.setdefault("tls_kwargs", trust)
    if port:
        c.LDAPAuthenticator.server_port = int(port)
    c.LDAPAuthenticator.bind_dn_template = list(auth["bind_dn_templates"])
    if auth["allowed_groups"]:
        c.LDAPAuthenticator.allowed_groups = list(auth["allowed_groups"])


def _update_native(c: Config, settings: Mapping[str, Any], _: Secrets) -> None:
    c.JupyterHub.authenticator_class = "jhos_hub.native.SignUpAuthenticator"
    c.JupyterHub.template_paths = [*c.JupyterHub.get("template_paths", []), _native_templates()]
    # Who signed up waits for an admin's word, unless all are let in.
    c.NativeAuthenticator.open_signup = settings["auth"]["allow_all"]
    c.NativeAuthenticator.allow_all = True
    c.NativeAuthenticator.minimum_password_length = 10


def _native_templates() -> str:
    import nativeauthenticator

    return f"{nativeauthenticator.__path__[0]}/templates/"


def _update_password(c: Config, _: Mapping[str, Any], secrets: Secrets) -> None:
    c.JupyterHub.authenticator_class = "shared-password"
    c.SharedPasswordAuthenticator.user_password = secrets["auth-password"]
    if "auth-admin-password" in secrets:
        c.SharedPasswordAuthenticator.admin_password = secrets["auth-admin-password"]


def _update_client(c: Config, settings: Mapping[str, Any], secrets: Secrets) -> None:
    c.OAuthenticator.client_id = settings["auth"]["client_id"]
    c.OAuthenticator.client_secret = secrets["auth-client-secret"]
    _update_callback(c, settings)


def _update_callback(c: Config, settings: Mapping[str, Any]) -> None:
    """By the admitted route: behind a router and a proxy a request does not tell its address."""
    host = settings["route"]["host"] or route_host(settings["name"])
    if host:
        c.OAuthenticator.oauth_callback_url = f"{url_of(host)}/hub/oauth_callback"


def _update_groups(c: Config, auth: Auth) -> None:
    # First, since the other two are refused without it.
    c.Authenticator.manage_groups = True
    c.OAuthenticator.manage_groups = True
    for trait in ("allowed_groups", "admin_groups"):
        if auth[trait]:
            c.OAuthenticator[trait] = set(auth[trait])


PROVIDERS: dict[str, Callable[[Config, Mapping[str, Any], Secrets], None]] = {
    "anonymous": update_anonymous,
    "custom": _update_custom,
    "openshift": _update_openshift,
    "github": _update_github,
    "gitlab": _update_gitlab,
    "google": _update_google,
    "oidc": _update_oidc,
    "ldap": _update_ldap,
    "native": _update_native,
    "password": _update_password,
}
