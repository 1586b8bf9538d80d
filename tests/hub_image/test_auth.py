"""Each login of the settings, as JupyterHub's own classes take it: who gets in, and who not."""

import ssl
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from jupyterhub.app import JupyterHub
from jupyterhub.utils import maybe_future
from traitlets.config import Config

from jhos.settings import auth as logins
from jhos.settings.load import load as load_settings
from jhos_hub.auth import PROVIDERS

Load = Callable[..., Config]
Choose = Callable[..., Config]

NEEDED: dict[str, dict[str, Any]] = {
    "github": {"client_id": "id"},
    "gitlab": {"client_id": "id"},
    "google": {"client_id": "id"},
    "oidc": {"client_id": "id", "url": "https://login.example.com/realm/"},
    "ldap": {"url": "ldaps://ldap.example.com:1636", "bind_dn_templates": ["uid={username}"]},
}


@pytest.fixture
def choose(load: Load, app_root: Path, monkeypatch: pytest.MonkeyPatch) -> Choose:
    """The hub's configuration with a login of the settings."""
    monkeypatch.setenv("POD_NAMESPACE", "demo")
    (app_root / "secrets/auth-client-secret").write_text("canary")
    (app_root / "secrets/auth-password").write_text("a-password-for-all")

    def choose(type_: str, **auth: Any) -> Config:
        given = {"type": type_, **NEEDED.get(type_, {}), **auth}
        settings = load_settings({"auth": given, "route": {"host": "hub.example.com"}}).as_dict()
        (app_root / "configs/settings.yaml").write_text(yaml.safe_dump(settings))
        return load()

    return choose


def authenticator(c: Config) -> Any:
    """Of the class that is configured, as the hub makes it."""
    name = c.JupyterHub.authenticator_class
    known = JupyterHub.authenticator_class.load_entry_points()
    if name in known:
        return known[name].load()(config=c)
    module, _, cls = name.rpartition(".")
    return getattr(import_module(module), cls)(config=c)


async def gets_in(login: Any, user: str, groups: tuple[str, ...] = ()) -> bool:
    told = {
        "id": 1,
        "email": f"{user}@example.com",
        "domain": "example.com",
        "verified_email": True,
    }
    state = {
        "token_response": {"access_token": "t"},
        getattr(login, "user_auth_state_key", "user"): told,
    }
    found = {"name": user, "groups": list(groups), "admin": None, "auth_state": state}
    return bool(login.allow_all or await maybe_future(login.check_allowed(user, found)))


def test_the_command_and_the_hub_know_the_same_logins() -> None:
    assert list(PROVIDERS) == list(logins.PROVIDERS)


@pytest.mark.parametrize("type_", sorted(PROVIDERS.keys() - {"custom", "native"}))
def test_the_command_knows_which_logins_tell_the_hub_of_groups(choose: Choose, type_: str) -> None:
    login = authenticator(choose(type_, allow_all=True))
    assert login.manage_groups is logins.PROVIDERS[type_].tells_groups


@pytest.mark.parametrize(
    "type_", ["openshift", "github", "gitlab", "google", "oidc", "ldap", "password"]
)
async def test_only_those_who_are_named_get_in(choose: Choose, type_: str) -> None:
    login = authenticator(choose(type_, allowed_users=["ada"], admin_users=["grace"]))
    assert await gets_in(login, "ada")
    assert await gets_in(login, "grace")
    assert login.admin_users == {"grace"}
    assert not await gets_in(login, "mallory")


@pytest.mark.parametrize("type_", ["openshift", "github", "gitlab", "google", "oidc", "ldap"])
async def test_all_get_in_where_that_is_said(choose: Choose, type_: str) -> None:
    assert await gets_in(authenticator(choose(type_, allow_all=True)), "anybody")


@pytest.mark.parametrize("type_", ["openshift", "oidc"])
async def test_members_of_a_group_get_in(choose: Choose, type_: str) -> None:
    login = authenticator(choose(type_, allowed_groups=["staff"], admin_groups=["bosses"]))
    assert await gets_in(login, "ada", ("staff",))
    assert not await gets_in(login, "mallory", ("guests",))
    assert login.admin_groups == {"bosses"}


@pytest.mark.parametrize("type_", ["openshift", "github", "gitlab", "google", "oidc"])
def test_users_come_back_to_the_route(choose: Choose, type_: str) -> None:
    login = authenticator(choose(type_, allow_all=True))
    assert login.oauth_callback_url == "https://hub.example.com/hub/oauth_callback"


@pytest.mark.parametrize("type_", ["github", "gitlab", "google", "oidc"])
def test_the_clients_secret_comes_from_the_mounted_one(choose: Choose, type_: str) -> None:
    login = authenticator(choose(type_, allow_all=True))
    assert (login.client_id, login.client_secret) == ("id", "canary")


def test_openshift_knows_the_hub_by_its_service_account(choose: Choose) -> None:
    login = authenticator(choose("openshift", allow_all=True))
    assert login.client_id == "system:serviceaccount:demo:jupyterhub-hub"
    assert login.scope == ["user:info"]


def test_a_directory_is_asked_over_tls_alone(choose: Choose) -> None:
    login = authenticator(choose("ldap", allow_all=True))
    assert (login.server_address, login.server_port) == ("ldap.example.com", 1636)
    assert login.tls_strategy.name == "on_connect"
    assert login.tls_kwargs["validate"] is ssl.CERT_REQUIRED
    plain = authenticator(choose("ldap", allow_all=True, url="ldap.example.com"))
    assert plain.tls_strategy.name == "before_bind"


def test_an_organization_lets_its_members_in(choose: Choose) -> None:
    assert authenticator(choose("github", organizations=["o"])).allowed_organizations == {"o"}
    assert authenticator(choose("google", organizations=["o.org"])).hosted_domain == ["o.org"]


def test_who_signs_up_waits_for_an_admin(choose: Choose) -> None:
    assert choose("native", admin_users=["ada"]).NativeAuthenticator.open_signup is False
    assert choose("native", allow_all=True).NativeAuthenticator.open_signup is True


async def test_one_password_is_for_all(choose: Choose) -> None:
    login = authenticator(choose("password", allowed_users=["ada"]))
    handler = SimpleNamespace(request=None)
    for user, password, known in (
        ("ada", "a-password-for-all", True),
        ("ada", "wrong", False),
    ):
        told = {"username": user, "password": password}
        assert bool(await login.authenticate(handler, told)) is known


@pytest.mark.parametrize("type_", sorted(PROVIDERS.keys() - {"custom"}))
def test_the_admin_panel_gives_no_way_into_servers(choose: Choose, type_: str) -> None:
    c = choose(type_, **({} if type_ == "anonymous" else {"admin_users": ["ada"]}))
    assert c.JupyterHub.admin_access is False
