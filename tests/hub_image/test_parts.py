"""Each function of jhos_hub on a bare Config."""

from typing import Any

import pytest
from sqlalchemy import make_url
from traitlets.config import Config

from jhos_hub.auth import update_auth
from jhos_hub.database import database_url, update_database
from jhos_hub.hub import update_hub
from jhos_hub.proxy import update_proxy
from jhos_hub.quantity import cpu_cores, memory_bytes
from jhos_hub.services import API_SCOPES, PROBE, update_services, update_tokens
from jhos_hub.spawner import update_spawner

Settings = dict[str, Any]
Secrets = dict[str, str]


def test_the_hub_is_reached_by_its_service(settings: Settings, secrets: Secrets) -> None:
    c = Config()
    update_hub(c, settings | {"name": "alpha"}, secrets)
    assert c.JupyterHub.hub_bind_url == "http://0.0.0.0:8081"
    assert c.JupyterHub.hub_connect_url == "http://alpha-hub:8081"


def test_the_cookie_secret_is_the_mounted_one(settings: Settings, secrets: Secrets) -> None:
    c = Config()
    update_hub(c, settings, secrets)
    assert c.JupyterHub.cookie_secret == b"\xab" * 32


def test_servers_outlive_the_hub(settings: Settings, secrets: Secrets) -> None:
    c = Config()
    update_hub(c, settings, secrets)
    assert c.JupyterHub.cleanup_servers is False


def test_the_proxy_is_used_and_not_started(settings: Settings, secrets: Secrets) -> None:
    c = Config()
    update_proxy(c, settings | {"name": "alpha"}, secrets)
    assert c.ConfigurableHTTPProxy.should_start is False
    assert c.ConfigurableHTTPProxy.api_url == "http://alpha-proxy:8001"
    assert c.ConfigurableHTTPProxy.auth_token == "routes"


def test_the_password_survives_the_database_url(settings: Settings, secrets: Secrets) -> None:
    url = make_url(database_url(settings | {"name": "alpha"}, secrets))
    assert (url.host, url.port, url.database, url.username) == (
        "alpha-db", 5432, "jupyterhub", "jupyterhub",
    )  # fmt: skip
    assert url.password == "p@ss/word"
    assert url.get_driver_name() == "psycopg"


def test_sqlite_lies_on_the_volume(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("APP_ROOT", raising=False)
    url = database_url(settings | {"database": {"type": "sqlite"}}, {})
    assert url == "sqlite:////opt/app-root/data/jupyterhub.sqlite"


def test_an_external_database_comes_from_the_secret(settings: Settings) -> None:
    url = "postgresql+psycopg://someone@elsewhere/hub"
    external = settings | {"database": {"type": "external"}}
    assert database_url(external, {"database-url": url}) == url


def test_an_unknown_database_is_refused(settings: Settings) -> None:
    with pytest.raises(ValueError, match="postgresql, external or sqlite"):
        database_url(settings | {"database": {"type": "mysql"}}, {})


def test_an_old_schema_is_upgraded(settings: Settings, secrets: Secrets) -> None:
    c = Config()
    update_database(c, settings, secrets)
    assert c.JupyterHub.upgrade_db is True


def test_everybody_enters_where_nobody_chose(settings: Settings) -> None:
    c = Config()
    update_auth(c, settings, {})
    assert c.JupyterHub.authenticator_class == "tmpauthenticator.TmpAuthenticator"
    assert c.TmpAuthenticator.allow_all is True


def test_a_chosen_authenticator_stands_alone(settings: Settings) -> None:
    c = Config({"JupyterHub": {"authenticator_class": "dummy"}})
    update_auth(c, settings, {})
    assert c == {"JupyterHub": {"authenticator_class": "dummy"}}


@pytest.mark.parametrize("trait", ["allowed_users", "whitelist", "allow_all"])
@pytest.mark.parametrize("section", ["Authenticator", "TmpAuthenticator"])
def test_a_list_of_users_keeps_the_others_out(section: str, trait: str, settings: Settings) -> None:
    c = Config({section: {trait: {"alice"}}})
    update_auth(c, settings, {})
    assert c[section] == {trait: {"alice"}}
    assert trait == "allow_all" or c.TmpAuthenticator.get("allow_all") is None


def test_an_unknown_kind_of_login_is_refused() -> None:
    with pytest.raises(ValueError, match="'saml'"):
        update_auth(Config(), {"auth": {"type": "saml"}}, {})


def test_the_culler_has_the_least_rights(settings: Settings) -> None:
    c = Config()
    update_services(
        c, settings | {"cull": {"idle": 600, "max_age": None, "users": False}}, throw_away=False
    )
    assert c.JupyterHub.services == [
        {
            "name": "cull-idle",
            "command": [
                "cull-idle-servers",
                "--url=http://127.0.0.1:8081/hub/api",
                "--timeout=600",
            ],
        }
    ]
    assert c.JupyterHub.load_roles == [
        {
            "name": "cull-idle",
            "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
            "services": ["cull-idle"],
        }
    ]


def test_the_culler_may_delete_users_only_where_they_are_throw_away(settings: Settings) -> None:
    c = Config()
    update_services(
        c, settings | {"cull": {"idle": 600, "max_age": 7200, "users": True}}, throw_away=False
    )
    assert c.JupyterHub.services[0]["command"][-2:] == ["--max-age=7200", "--cull-users=True"]
    assert "admin:users" in c.JupyterHub.load_roles[0]["scopes"]


@pytest.mark.parametrize("throw_away", [True, False])
def test_users_go_with_their_server_where_they_cannot_come_back(
    settings: Settings, throw_away: bool
) -> None:
    c = Config()
    update_services(c, settings, throw_away=throw_away)
    assert ("--cull-users=True" in c.JupyterHub.services[0]["command"]) is throw_away


def test_an_age_alone_culls_nobody_before_it(settings: Settings) -> None:
    c = Config()
    update_services(
        c, settings | {"cull": {"idle": None, "max_age": 7200, "users": False}}, throw_away=False
    )
    assert "--timeout=7200" in c.JupyterHub.services[0]["command"]


def test_no_culler_where_nothing_is_to_be_culled(settings: Settings) -> None:
    c = Config()
    update_services(
        c, settings | {"cull": {"idle": None, "max_age": None, "users": True}}, throw_away=False
    )
    assert c.JupyterHub == {}


def test_a_culler_of_the_user_takes_the_place(settings: Settings) -> None:
    own = {"name": "reaper", "admin": True, "command": ["cull-idle-servers", "--timeout=300"]}
    c = Config({"JupyterHub": {"services": [own]}})
    update_services(c, settings, throw_away=False)
    assert c == {"JupyterHub": {"services": [own]}}


def test_services_of_the_user_are_kept(settings: Settings) -> None:
    c = Config()
    c.JupyterHub.services.append({"name": "announcement", "url": "http://127.0.0.1:8888"})
    update_services(c, settings, throw_away=False)
    assert [each["name"] for each in c.JupyterHub.services] == ["announcement", "cull-idle"]


def test_the_command_gets_no_more_rights_than_it_uses() -> None:
    c = Config()
    update_tokens(c, {"api-token": "a", "admin-token": "b", "metrics-token": "m"})
    admins = {each["name"] for each in c.JupyterHub.services if each["admin"]}
    assert admins == {"jhos-admin"}
    scopes = {each["name"]: each["scopes"] for each in c.JupyterHub.load_roles}
    assert scopes == {"jhos": list(API_SCOPES), "jhos-metrics": ["read:metrics"]}
    servers = [scope for scope in API_SCOPES if "servers!" in scope]
    assert servers == [f"servers!user={PROBE}", f"access:servers!user={PROBE}"]


def test_a_secret_without_tokens_lets_no_command_in() -> None:
    c = Config()
    update_tokens(c, {"proxy-token": "routes"})
    assert c == {}


def test_sizes_are_numbers_for_jupyterhub(settings: Settings) -> None:
    c = Config()
    notebook = settings["notebook"] | {"memory": "1Gi", "cpu": "500m", "cpu_request": None}
    update_spawner(c, settings | {"notebook": notebook})
    assert c.KubeSpawner.mem_limit == 2**30
    assert c.KubeSpawner.cpu_limit == 0.5
    assert c.KubeSpawner.cpu_guarantee is None


@pytest.mark.parametrize(
    ("quantity", "bytes_"), [("512Mi", 2**29), ("1G", 10**9), ("1.5Gi", 3 * 2**29), (7, 7)]
)
def test_memory_in_bytes(quantity: str | int, bytes_: int) -> None:
    assert memory_bytes(quantity) == bytes_


@pytest.mark.parametrize(("quantity", "cores"), [("250m", 0.25), ("2", 2.0), (0.5, 0.5)])
def test_cpu_in_cores(quantity: str | float, cores: float) -> None:
    assert cpu_cores(quantity) == cores


def test_what_is_no_quantity_says_so() -> None:
    with pytest.raises(ValueError, match="'512MB' is no quantity"):
        memory_bytes("512MB")
