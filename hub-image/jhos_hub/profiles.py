"""The choice of servers that the settings offer, read anew whenever a page or a server is made."""

from collections.abc import Iterable, Mapping
from typing import Any

from traitlets.config import Config

from jhos_hub import mounts
from jhos_hub.quantity import cpu_cores, memory_bytes
from jhos_hub.volumes import home_mount

Profile = Mapping[str, Any]
GPU = "nvidia.com/gpu"


def update_profiles(c: Config) -> None:
    """A function, so that a change of the settings needs no restart of the hub."""
    c.KubeSpawner.profile_list = offered


def offered(spawner: Any) -> list[dict[str, Any]]:
    """KubeSpawner's `profile_list` for the user of `spawner`; also asked before a start."""
    settings = mounts.settings()
    groups = {group.name for group in spawner.user.groups}
    return [kube_profile(each, settings) for each in allowed(settings["profiles"], groups)]


def allowed(profiles: Iterable[Profile], groups: set[str]) -> list[Profile]:
    """Those without groups are for all."""
    return [each for each in profiles if not each["groups"] or groups & set(each["groups"])]


def kube_profile(profile: Profile, settings: Mapping[str, Any]) -> dict[str, Any]:
    made = {
        "slug": profile["name"],
        "display_name": profile["title"] or profile["name"],
        "description": profile["description"] or "",
        "kubespawner_override": overrides(profile, settings),
    }
    return made | ({"default": True} if profile["default"] else {})


def overrides(profile: Profile, settings: Mapping[str, Any]) -> dict[str, Any]:
    """What differs from a server without profile."""
    given = {
        "image": profile["image"],
        **_resources(profile, settings["notebook"]),
        "environment": _environment(profile),
        "node_selector": profile["node_selector"],
        "tolerations": list(profile["tolerations"]),
        "supplemental_gids": list(profile["supplemental_groups"]),
    }
    if profile["gpu"]:
        given["extra_resource_limits"] = {GPU: str(profile["gpu"])}
        given["extra_resource_guarantees"] = {GPU: str(profile["gpu"])}
    if profile["mount_path"] and settings["storage"]["size"]:
        given["volume_mounts"] = {"home": home_mount(profile["mount_path"])}
    return {trait: value for trait, value in given.items() if value not in (None, {}, [])}


def _environment(profile: Profile) -> dict[str, str]:
    """KubeSpawner expands braces in values, which the settings do not mean."""
    given = dict(profile["environment"])
    if profile["interface"]:
        given["JUPYTER_NOTEBOOK_INTERFACE"] = profile["interface"]
    return {key: value.replace("{", "{{").replace("}", "}}") for key, value in given.items()}


def _resources(profile: Profile, notebook: Mapping[str, Any]) -> dict[str, float | None]:
    """What is set aside is never more than the limit."""
    made: dict[str, float | None] = {}
    for what, limit, guarantee, number in (
        ("memory", "mem_limit", "mem_guarantee", memory_bytes),
        ("cpu", "cpu_limit", "cpu_guarantee", cpu_cores),
    ):
        request = f"{what}_request"
        if not (profile[what] or profile[request]):
            continue
        most = number(profile[what] or notebook[what])
        least = number(profile[request] or notebook[request])
        made[limit] = most
        made[guarantee] = min(least, most) if least and most else least
    return made
