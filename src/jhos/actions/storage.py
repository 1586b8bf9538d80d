"""The volumes of a deployment's users: whose they are, when last used; deleting what is named."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from jhos.actions.reach import reach
from jhos.actions.servers import SERVERS, owner
from jhos.cluster.client import Cluster
from jhos.cluster.parallel import parallel, together
from jhos.errors import JhosError, Refused
from jhos.hubapi import HubApi, User
from jhos.objects import Object, ObjectRef
from jhos.settings.load import check_name

_VOLUMES = "component=singleuser-storage"


@dataclass(frozen=True, kw_only=True)
class Volume:
    """`last_used`: when its user was last there; None: the hub does not know the user.

    `in_use`: a pod has it mounted. `uid`: of the claim.
    """

    claim: str
    uid: str
    user: str
    size: str
    storage_class: str
    created: datetime
    last_used: datetime | None
    known: bool | None
    in_use: bool


def list_volumes(cluster: Cluster, name: str) -> list[Volume]:
    """By user. Without an answer of the hub it is not known when they were last used."""
    check_name(name)
    claims, pods, users = together(
        lambda: volumes_of(cluster, name, whole=True),
        lambda: cluster.list("Pod", f"app={name},{SERVERS}")[0],
        lambda: _users(cluster, name),
    )
    mounted = {claim for pod in pods for claim in _claims_of(pod)}
    found = [_volume(claim, mounted, users) for claim in claims]
    return sorted(found, key=lambda each: (each.user, each.claim))


def delete_volumes(
    cluster: Cluster,
    name: str,
    named: Sequence[str],
    *,
    approve: Callable[[list[Volume]], bool],
) -> list[Volume] | None:
    """Those of `named` users or claims; None when `approve` said no.

    Raises JhosError for what is not there, Refused for what is in use.
    """
    going = _chosen(list_volumes(cluster, name), named)
    if used := [each for each in going if each.in_use]:
        who = " ".join(sorted({each.user for each in used}))
        raise Refused(
            f"In use: {', '.join(each.claim for each in used)}.",
            f"Stop the server first: jhos servers stop {name} {who}",
        )
    if not approve(going):
        return None
    parallel(lambda each: delete_claim(cluster, each.claim, each.uid), going)
    return going


def delete_claim(cluster: Cluster, claim: str, uid: str) -> None:
    cluster.delete(ObjectRef("PersistentVolumeClaim", claim), uid=uid)


def volumes_of(cluster: Cluster, name: str, *, whole: bool = False) -> list[Object]:
    """The claims of users; only their metadata unless `whole`."""
    selector = f"app={name},{_VOLUMES}"
    kind = "PersistentVolumeClaim"
    return cluster.list(kind, selector)[0] if whole else cluster.metadata(kind, selector)


def _users(cluster: Cluster, name: str) -> dict[str, User] | None:
    """By name; None where the hub is not reached."""
    try:
        api: HubApi = reach(cluster, name)
        return {user.name: user for user in api.users()}
    except JhosError:
        return None


def _chosen(volumes: list[Volume], named: Sequence[str]) -> list[Volume]:
    missing = [name for name in named if not any(name in (v.user, v.claim) for v in volumes)]
    if missing:
        raise JhosError(f"There is no volume of {', '.join(missing)}.", "jhos storage list")
    return [each for each in volumes if each.user in named or each.claim in named]


def _volume(claim: Object, mounted: set[str], users: dict[str, User] | None) -> Volume:
    meta, spec = claim["metadata"], claim["spec"]
    user = owner(claim)[0]
    known = (users or {}).get(user)
    capacity = claim.get("status", {}).get("capacity", {})
    return Volume(
        claim=meta["name"],
        uid=meta["uid"],
        user=user,
        size=capacity.get("storage") or spec["resources"]["requests"]["storage"],
        storage_class=spec.get("storageClassName") or "",
        created=datetime.fromisoformat(meta["creationTimestamp"]),
        last_used=known.last_activity if known else None,
        known=None if users is None else known is not None,
        in_use=meta["name"] in mounted,
    )


def _claims_of(pod: Object) -> list[str]:
    volumes = pod["spec"].get("volumes") or []
    return [
        each["persistentVolumeClaim"]["claimName"]
        for each in volumes
        if "persistentVolumeClaim" in each
    ]
