"""Old configurations in the words of today: names that moved are rewritten, and it is told.

The aliases that JupyterHub and KubeSpawner keep are not enough: some hold only from the second
user on, and none inside the settings of a profile.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from kubespawner import KubeSpawner
from traitlets.config import Config, LazyConfigValue

from jhos_hub import wrapped
from jhos_hub.services import compat_services
from jhos_hub.spawner import update_spawner

KUBE = "KubeSpawner"
KUBE_SPAWNERS = ("kubespawner", "kubespawner.KubeSpawner", "kubespawner.spawner.KubeSpawner")
SPAWNER = "jhos_hub.spawner.NotebookSpawner"
GONE = ("hub_connect_ip", "hub_connect_port")
PREFIXES = {"singleuser_": "", "user_storage_": "storage_"}
AUTHENTICATOR = {
    "whitelist": "allowed_users",
    "blacklist": "blocked_users",
    "group_whitelist": "allowed_groups",
    "github_organization_whitelist": "allowed_organizations",
    "gitlab_group_whitelist": "allowed_gitlab_groups",
    "gitlab_project_id_whitelist": "allowed_project_ids",
    "google_group_whitelist": "allowed_google_groups",
    "team_whitelist": "allowed_teams",
}


def seed(c: Config, settings: Mapping[str, Any]) -> None:
    """Before the user's configuration: old ones make names of volumes of this."""
    c.KubeSpawner.hub_connect_ip = settings["name"]


def translate(c: Config, settings: Mapping[str, Any]) -> list[str]:
    """After the user's configuration; what was changed, in sentences.

    Raises ValueError for what cannot be kept.
    """
    ours = Config()
    update_spawner(ours, settings)
    return [
        *_profiles(c),
        *_hub_address(c, settings["name"]),
        *_kube_names(c, ours.KubeSpawner),
        *_overrides(c),
        *_general_settings(c, ours.KubeSpawner),
        *_authenticators(c),
        *compat_services(c),
    ]


def today(name: str) -> str:
    """What a trait of KubeSpawner is called by now."""
    traits = KubeSpawner.class_traits(config=True)
    if name in traits:
        return name
    for old, new in PREFIXES.items():
        if name.startswith(old):
            return today(new + name.removeprefix(old))
    return "image" if name == "image_spec" else name


def _profiles(c: Config) -> list[str]:
    """Servers are always started by our class over KubeSpawner, never by a wrapper of it."""
    given = c.JupyterHub.spawner_class
    name = given if isinstance(given, str) else f"{given.__module__}.{given.__name__}"
    wraps = name in wrapped.PROFILES_SPAWNERS
    if wraps or name in KUBE_SPAWNERS:
        c.JupyterHub.spawner_class = SPAWNER
    if not wraps and "profiles" not in c.get("ProfilesSpawner", {}):
        return []
    section = c.pop("ProfilesSpawner", Config())
    c.KubeSpawner.profile_list = wrapped.profile_list(section.pop("profiles", []))
    moved, lost = wrapped.split(section, KubeSpawner.class_traits(config=True))
    c.KubeSpawner.update(moved)
    said = [f"ProfilesSpawner.{trait} has no effect: the page of choices is KubeSpawner's."
            for trait in lost]  # fmt: skip
    return ["The profiles of wrapspawner.ProfilesSpawner are KubeSpawner.profile_list now.", *said]


def _hub_address(c: Config, name: str) -> list[str]:
    given = [trait for trait in GONE if c.KubeSpawner.pop(trait, name) != name]
    return [f"KubeSpawner.{trait} has no effect: the hub knows its own address." for trait in given]


def _kube_names(c: Config, ours: Config) -> list[str]:
    said = []
    for old in list(c.KubeSpawner):
        new = today(old)
        if new == old:
            continue
        value = c.KubeSpawner.pop(old)
        if new in c.KubeSpawner and c.KubeSpawner[new] != ours.get(new):
            said.append(f"KubeSpawner.{old} has no effect beside KubeSpawner.{new}.")
            continue
        c.KubeSpawner[new] = _settled(value, ours.get(new))
        said.append(f"KubeSpawner.{old} is KubeSpawner.{new} now.")
    return said


def _settled(value: Any, default: Any) -> Any:
    """`c.X.trait.update(…)` of an old name is meant for what the new one holds."""
    if isinstance(value, LazyConfigValue) and default is not None:
        return value.get_value(default)
    return value


def _overrides(c: Config) -> list[str]:
    """Old names inside profiles; a list made by a function is its own."""
    profiles = c.KubeSpawner.get("profile_list", [])
    if not isinstance(profiles, list):
        return []
    said = []
    for profile in profiles:
        given = profile.get("kubespawner_override", {})
        title = f"Profile {profile.get('display_name')!r}"
        said += [f"{title}: {old} is {today(old)} now." for old in given if today(old) != old]
        unknown = sorted(today(old) for old in given if not hasattr(KubeSpawner, today(old)))
        said += [f"{title}: KubeSpawner knows no {name}." for name in unknown]
        profile["kubespawner_override"] = {today(old): value for old, value in given.items()}
    return _once(said)


def _general_settings(c: Config, ours: Config) -> list[str]:
    """`c.Spawner.x` of the user goes before our `c.KubeSpawner.x`, which would hide it."""
    for trait in c.Spawner:
        if trait in ours and c.KubeSpawner.get(trait) == ours[trait]:
            del c.KubeSpawner[trait]
    return []


def _authenticators(c: Config) -> list[str]:
    said = []
    for section in [name for name in c if name.endswith("Authenticator")]:
        for old in [name for name in c[section] if name in AUTHENTICATOR]:
            new = AUTHENTICATOR[old]
            value = c[section].pop(old)
            c[section].setdefault(new, value)
            said.append(f"{section}.{old} is {section}.{new} now.")
    return said


def _once(sentences: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(sentences))
