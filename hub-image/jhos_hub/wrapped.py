"""Profiles of `wrapspawner.ProfilesSpawner`, which cannot drive today's KubeSpawner, as its own."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

PROFILES_SPAWNERS = ("wrapspawner.ProfilesSpawner", "wrapspawner.wrapspawner.ProfilesSpawner")
KUBE = ("kubespawner.KubeSpawner", "kubespawner.spawner.KubeSpawner", "kubespawner")


def profile_list(profiles: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
    """Tuples (title, key, class, settings) → KubeSpawner's `profile_list`; the first is default.

    Raises ValueError for a profile that is no such tuple or starts servers by another class.
    """
    made = [_profile(*_parts(profile)) for profile in profiles]
    if not made:
        raise ValueError("ProfilesSpawner is chosen, and c.ProfilesSpawner.profiles is empty")
    made[0]["default"] = True
    return made


def split(section: Mapping[str, Any], known: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """What else was set on the wrapper: traits that KubeSpawner has too, and names of others."""
    moved = {trait: value for trait, value in section.items() if trait in known}
    return moved, [trait for trait in section if trait not in known]


def _parts(profile: Sequence[Any]) -> Sequence[Any]:
    if isinstance(profile, str) or len(profile) != 4:
        raise ValueError(
            f"c.ProfilesSpawner.profiles has {profile!r}: a profile is a tuple of "
            "title, key, 'kubespawner.KubeSpawner' and a dict of settings"
        )
    return profile


def _profile(title: str, key: str, spawner: Any, settings: Mapping[str, Any]) -> dict[str, Any]:
    name = spawner if isinstance(spawner, str) else f"{spawner.__module__}.{spawner.__name__}"
    if name not in KUBE:
        raise ValueError(
            f"profile {title!r} starts servers by {name}; on OpenShift it must be "
            "'kubespawner.KubeSpawner'"
        )
    return {"display_name": title, "slug": key, "kubespawner_override": dict(settings)}
