"""The volumes of a deployment's users: whose they are, when last used; deleting what is named."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from jhos.actions.list_deployments import absent, names
from jhos.actions.reach import reach
from jhos.cluster.client import Cluster
from jhos.cluster.parallel import parallel, together
from jhos.errors import JhosError, Refused
from jhos.hubapi import HubApi, User
from jhos.objects import SERVER, STORAGE, Object, ObjectRef, of_component
from jhos.volumes import Volume, volume_of

_CLAIM = "PersistentVolumeClaim"


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """What is remembered of one."""

    volume: Volume
    uid: str
    created: datetime


@dataclass(frozen=True, kw_only=True)
class UserVolume:
    """`last_used`: when its user was last there. `known`: whether the hub knows the user; None:
    it does not answer. `in_use`: a server has it mounted. `uid`: of the claim.
    """

    volume: Volume
    uid: str
    created: datetime
    last_used: datetime | None
    known: bool | None
    in_use: bool


def list_volumes(cluster: Cluster, name: str) -> list[UserVolume]:
    """By user. Without an answer of the hub it is not known when they were last used."""
    claims, mounts, users = together(
        lambda: claims_of(cluster, name),
        lambda: cluster.census("Pod", of_component(name, SERVER), _mounts, whole=True)[0],
        lambda: _users(cluster, name),
    )
    if not claims and name not in names(cluster):
        raise absent(cluster, name)
    mounted = {claim for pod in mounts for claim in pod}
    found = [_used(claim, mounted, users) for claim in claims]
    return sorted(found, key=lambda each: (each.volume.owner, each.volume.name))


def delete_volumes(
    cluster: Cluster,
    name: str,
    named: Sequence[str],
    *,
    approve: Callable[[list[UserVolume]], bool],
) -> list[UserVolume] | None:
    """Those of `named` users or claims that there are; None when `approve` said no.

    Raises Refused for what is in use.
    """
    going = [each for each in list_volumes(cluster, name) if names_of(each) & set(named)]
    if used := [each for each in going if each.in_use]:
        who = " ".join(sorted({each.volume.owner for each in used}))
        raise Refused(
            f"In use: {', '.join(each.volume.name for each in used)}.",
            f"Stop the server first: jhos servers stop {name} {who}",
        )
    if going and not approve(going):
        return None
    parallel(lambda each: delete_claim(cluster, each.volume.name, each.uid), going)
    return going


def delete_claim(cluster: Cluster, claim: str, uid: str) -> None:
    cluster.delete(ObjectRef(_CLAIM, claim), uid=uid)


def volumes_of(cluster: Cluster, name: str) -> list[Object]:
    """Of the claims of users, the metadata."""
    return cluster.metadata(_CLAIM, of_component(name, STORAGE))


def claims_of(cluster: Cluster, name: str) -> list[Claim]:
    """Those of users, of which there may be thousands."""
    return cluster.census(_CLAIM, of_component(name, STORAGE), _claim, whole=True)[0]


def _claim(obj: Object) -> Claim:
    meta = obj["metadata"]
    created = datetime.fromisoformat(meta["creationTimestamp"])
    return Claim(volume=volume_of(obj), uid=meta["uid"], created=created)


def _users(cluster: Cluster, name: str) -> dict[str, User] | None:
    """By name; None where the hub is not reached."""
    try:
        api: HubApi = reach(cluster.sparing(), name)
        return {user.name: user for user in api.users()}
    except JhosError:
        return None


def names_of(each: UserVolume) -> set[str]:
    """Return the names by which a command may choose it."""
    return {each.volume.owner, each.volume.name}


def _used(claim: Claim, mounted: set[str], users: dict[str, User] | None) -> UserVolume:
    volume = claim.volume
    known = (users or {}).get(volume.owner)
    return UserVolume(
        volume=volume,
        uid=claim.uid,
        created=claim.created,
        last_used=known.last_activity if known else None,
        known=None if users is None else known is not None,
        in_use=volume.name in mounted,
    )


def _mounts(pod: Object) -> list[str]:
    """The claims that it has mounted."""
    volumes = pod["spec"].get("volumes") or []
    return [
        each["persistentVolumeClaim"]["claimName"]
        for each in volumes
        if "persistentVolumeClaim" in each
    ]
