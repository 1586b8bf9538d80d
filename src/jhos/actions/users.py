"""The users that a deployment's hub knows: list, add, remove, make admins of them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from jhos.actions.reach import reach
from jhos.actions.stored import read_stored
from jhos.cluster.client import Cluster
from jhos.cluster.parallel import parallel
from jhos.errors import JhosError
from jhos.hubapi import HubApi, User
from jhos.settings.load import load
from jhos.settings.secrets import ADMIN_TOKEN


@dataclass(frozen=True)
class Changed:
    """Of the users that were named: those that were changed; `same`: those that were so already.

    `settings`: those whom the settings name, and who so come back when the hub starts again.
    """

    done: tuple[str, ...]
    same: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()


def list_users(cluster: Cluster, name: str) -> list[User]:
    """By name."""
    return sorted(reach(cluster, name).users(), key=lambda user: user.name)


def add_users(cluster: Cluster, name: str, users: Sequence[str], *, admin: bool) -> Changed:
    api = reach(cluster, name)
    added = api.add(users)
    if admin:
        make_admins(cluster, name, users, admin=True)
    return Changed(tuple(added), tuple(each for each in users if each not in added))


def remove_users(
    cluster: Cluster,
    name: str,
    users: Sequence[str],
    *,
    approve: Callable[[list[User]], bool],
) -> Changed | None:
    """Their servers are stopped, their volumes stay; whom the hub does not know counts as removed.

    None when `approve` said no.
    """
    api = reach(cluster, name)
    going = [user for user in parallel(api.user, users) if user]
    names = tuple(user.name for user in going)
    if going and not approve(going):
        return None
    parallel(api.remove, names)
    same = tuple(each for each in users if each not in names)
    return Changed(names, same, settings=_named(cluster, name, users))


def make_admins(cluster: Cluster, name: str, users: Sequence[str], *, admin: bool) -> Changed:
    """Or, with `admin` False, no longer."""
    api = reach(cluster, name, key=ADMIN_TOKEN)
    same = [user.name for user in _known(api, name, users) if user.admin is admin]
    changed = [each for each in users if each not in same]
    parallel(lambda user: api.set_admin(user, admin), changed)
    named = () if admin else _named(cluster, name, users, only_admins=True)
    return Changed(tuple(changed), tuple(same), named)


def _known(api: HubApi, deployment: str, names: Iterable[str]) -> list[User]:
    """Raises JhosError for those that the hub does not know."""
    asked = list(names)
    found = parallel(api.user, asked)
    if missing := [name for name, user in zip(asked, found, strict=True) if user is None]:
        hint = f"jhos users list {deployment}"
        raise JhosError(f"The hub knows no user {', '.join(missing)}.", hint)
    return [user for user in found if user]


def _named(
    cluster: Cluster, name: str, users: Sequence[str], *, only_admins: bool = False
) -> tuple[str, ...]:
    """Those of `users` whom the stored settings let in, or make admins."""
    auth = load(read_stored(cluster, name).settings).auth
    listed = {*auth.admin_users, *(() if only_admins else auth.allowed_users)}
    return tuple(each for each in users if each in listed)
