"""The ways to log in: what each needs, and whether a choice lets anybody in."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from jhos.errors import SettingsError

if TYPE_CHECKING:
    from jhos.settings.model import Auth, Settings


class Provider(NamedTuple):
    """`needs`: settings of `auth`; `secrets`: keys of the Secret; `rules`: what lets users in;
    `tells_groups`: whether the hub puts users into the groups that the login has them in."""

    title: str
    needs: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    rules: tuple[str, ...] = ("allow_all", "allowed_users", "admin_users")
    tells_groups: bool = False


_GROUPS = ("allow_all", "allowed_users", "admin_users", "allowed_groups", "admin_groups")
_OAUTH = ("client-secret",)

PROVIDERS = {
    "anonymous": Provider("no login", rules=()),
    "custom": Provider("your jupyterhub_config.py", rules=()),
    "openshift": Provider("OpenShift", rules=_GROUPS, tells_groups=True),
    "github": Provider("GitHub", ("client_id",), _OAUTH, (*_GROUPS[:3], "organizations")),
    "gitlab": Provider("GitLab", ("client_id",), _OAUTH, (*_GROUPS[:3], "allowed_groups")),
    "google": Provider("Google", ("client_id",), _OAUTH, (*_GROUPS[:3], "organizations")),
    "oidc": Provider("OpenID Connect", ("client_id", "url"), _OAUTH, _GROUPS, tells_groups=True),
    "ldap": Provider("LDAP", ("url", "bind_dn_templates"), (), (*_GROUPS[:3], "allowed_groups")),
    "native": Provider("accounts of the hub", rules=("allow_all", "admin_users")),
    "password": Provider("one password for all", secrets=("password",)),
}
SECRET_PREFIX = "auth-"  # of the keys in the Secret that jhos keeps
_PASSWORD, _ADMIN_PASSWORD = f"{SECRET_PREFIX}password", f"{SECRET_PREFIX}admin-password"
_LEAST, _LEAST_OF_ADMINS = 8, 32  # characters


def check_auth(auth: "Auth") -> None:
    """Raises SettingsError for a choice that lacks something, or lets nobody in."""
    provider = PROVIDERS.get(auth.type)
    if provider is None:
        raise SettingsError(
            f"Setting auth.type is {auth.type!r}; possible: {', '.join(PROVIDERS)}."
        )
    missing = [name for name in provider.needs if not getattr(auth, name)]
    if missing:
        raise SettingsError(
            f"Login by {provider.title} needs {_listed(missing)}.",
            f"Give {', '.join(map(flag, missing))}.",
        )
    if provider.rules and not any(getattr(auth, rule) for rule in provider.rules):
        raise SettingsError(
            f"With login by {provider.title} nobody would get in.",
            f"Say who may: {', '.join(map(flag, provider.rules))}.",
        )


def check_secrets(auth: "Auth", values: Mapping[str, str]) -> None:
    """`values`: of the Secret, by key. Raises SettingsError for a login without its secret, and
    for passwords that JupyterHub does not take.
    """
    missing = [key for key in PROVIDERS[auth.type].secrets if SECRET_PREFIX + key not in values]
    if missing:
        raise SettingsError(
            f"Login by {PROVIDERS[auth.type].title} needs a {_listed(missing)}.",
            "Give it with --auth-secret-file FILE (- for standard input), or name a Secret of the "
            f"project that has the key {missing[0]} with --auth-secret NAME.",
        )
    if auth.type == "password":
        _check_passwords(auth, values[_PASSWORD].strip(), values.get(_ADMIN_PASSWORD, "").strip())


def _check_passwords(auth: "Auth", password: str, admins: str) -> None:
    """By the rules of JupyterHub's SharedPasswordAuthenticator."""
    if auth.admin_users and not admins:
        raise SettingsError(
            "The password that all know lets no admin in: admins need one of their own.",
            f"Give it with --secret-file {_ADMIN_PASSWORD}=FILE.",
        )
    if len(password) < _LEAST:
        raise SettingsError(
            f"The password for all has {len(password)} characters; JupyterHub takes none below "
            f"{_LEAST}.",
            "Give a longer one with --auth-secret-file FILE.",
        )
    if admins and (len(admins) < _LEAST_OF_ADMINS or admins == password):
        raise SettingsError(
            f"The password of the admins must have {_LEAST_OF_ADMINS} characters at least, and not "
            "be the one for all.",
            f"Give another with --secret-file {_ADMIN_PASSWORD}=FILE.",
        )


def of_unknown_groups(settings: "Settings") -> str:
    """Which profiles are for groups of which the login tells nothing, and who sees them; empty
    where there are none."""
    names = ", ".join(profile.name for profile in settings.profiles if profile.groups)
    provider = PROVIDERS[settings.auth.type]
    if not names or provider.tells_groups or settings.auth.type == "custom":
        return ""
    if settings.auth.type == "anonymous":
        return f"nobody is offered {names}: without a login nobody is in a group"
    return (
        f"login by {provider.title} tells the hub of no groups: {names} is offered only to whom an "
        "admin of the hub puts into one (Admin, Manage Groups)"
    )


def secret_key(way: str) -> str:
    """Under which its secret is kept; where it needs none, that of a provider's client."""
    provider = PROVIDERS.get(way)
    return SECRET_PREFIX + (provider.secrets if provider and provider.secrets else _OAUTH)[0]


def flag(setting: str) -> str:
    return _FLAGS.get(setting, f"--auth-{setting.replace('_', '-')}")


_FLAGS = {
    "allow_all": "--allow-all",
    "allowed_users": "--allow-user",
    "allowed_groups": "--allow-group",
    "admin_users": "--admin-user",
    "admin_groups": "--admin-group",
    "organizations": "--auth-organization",
    "bind_dn_templates": "--auth-bind-dn",
}


def _listed(names: list[str]) -> str:
    return " and ".join(name.replace("_", " ").replace("-", " ") for name in names)
