"""What a deployment has left behind: pods, volumes and images that nobody needs any more."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from jhos.actions.reach import reach
from jhos.actions.servers import owner
from jhos.actions.storage import volumes_of
from jhos.cluster.client import Cluster
from jhos.cluster.parallel import parallel, together
from jhos.configuration import is_moved, joined
from jhos.errors import JhosError
from jhos.objects import MANAGED_BY, OURS, SERVER, Object, ObjectRef, of_component
from jhos.settings.load import load, parse

_BUILT = f"{MANAGED_BY}=jhos"
_STUCK = timedelta(minutes=2)  # beyond the time that a pod has to end


@dataclass(frozen=True, kw_only=True)
class Leftover:
    """`force`: what is deleted already and does not go."""

    ref: ObjectRef
    uid: str
    why: str
    force: bool = False

    @property
    def title(self) -> str:
        """As `--remove` takes it."""
        return self.ref.title


def leftovers(cluster: Cluster, name: str) -> list[Leftover]:
    """Six requests to the cluster, one for each deployment whose configuration holds secrets, and
    one to the hub for 200 users.

    Raises what reaching the hub raises: without it nothing can be said.
    """
    api = reach(cluster, name)
    pods, claims, users, streams, configs, maps = together(
        lambda: cluster.metadata("Pod", of_component(name, SERVER)),
        lambda: volumes_of(cluster, name),
        lambda: list(api.users()),
        lambda: cluster.metadata("ImageStream", _BUILT),
        lambda: cluster.list("BuildConfig", _BUILT)[0],
        lambda: cluster.list("ConfigMap", OURS)[0],
    )
    running = {(each.user, each.name) for user in users for each in user.servers}
    known = {user.name for user in users}
    return [
        *_pods(pods, running, datetime.now(UTC)),
        *_claims(claims, known),
        *_streams(streams, configs, parallel(lambda each: _with_hidden(cluster, each), maps)),
    ]


def remove(
    cluster: Cluster,
    name: str,
    titles: Sequence[str],
    *,
    approve: Callable[[list[Leftover]], bool],
) -> list[Leftover] | None:
    """What is named, and only if it is a leftover. None when `approve` said no."""
    found = {each.title: each for each in leftovers(cluster, name)}
    if missing := [title for title in titles if title not in found]:
        raise JhosError(
            f"Not left over: {', '.join(missing)}.", f"jhos doctor {name} lists what is."
        )
    going = [found[title] for title in titles]
    if not approve(going):
        return None
    parallel(lambda each: _remove(cluster, each), going)
    return going


def _remove(cluster: Cluster, each: Leftover) -> None:
    if each.ref.kind == "ImageStream":  # last, as it is what another run would find
        cluster.delete(ObjectRef("BuildConfig", each.ref.name))
    cluster.delete(each.ref, uid=each.uid, at_once=each.force)


def _pods(pods: Iterable[Object], running: set[tuple[str, str]], now: datetime) -> list[Leftover]:
    found = []
    for pod in pods:
        user, server = owner(pod)
        if stuck := _stuck(pod, now):
            found.append(_leftover(pod, f"is being deleted since {stuck}", force=True))
        elif (user, server) not in running and "deletionTimestamp" not in pod["metadata"]:
            found.append(_leftover(pod, f"the hub knows no such server of {user}"))
    return found


def _stuck(pod: Object, now: datetime) -> str:
    """When its time to end was over, if that is long ago."""
    text: str = pod["metadata"].get("deletionTimestamp", "")
    return text if text and now - datetime.fromisoformat(text) > _STUCK else ""


def _claims(claims: Iterable[Object], known: set[str]) -> list[Leftover]:
    return [
        _leftover(
            claim, f"the hub knows no user {owner(claim)[0]} now; a login of that name gets it"
        )
        for claim in claims
        if owner(claim)[0] not in known
    ]


def _streams(
    streams: Iterable[Object], configs: Iterable[Object], maps: Iterable[Object]
) -> list[Leftover]:
    """What no deployment of the project names, and nothing that one names is built on."""
    words = [text for each in maps for text in _named(each)]
    bases = {_base(each): each["metadata"]["name"] for each in configs}
    unused = {each["metadata"]["name"]: each for each in streams}
    used = [name for name in unused if any(name in text for text in words)]
    while used:
        name = used.pop()
        unused.pop(name, None)
        used += [base for base, built in bases.items() if built == name and base in unused]
    return [_leftover(each, "no deployment of the project uses it") for each in unused.values()]


def _with_hidden(cluster: Cluster, config: Object) -> Object:
    """With the user's files that are in the Secret, since they name images as well."""
    data: dict[str, str] = config.get("data") or {}
    if not any(map(is_moved, data.values())):
        return config
    name = config["metadata"]["name"].removesuffix("-cfg")
    secret = cluster.get(ObjectRef("Secret", f"{name}-secrets")) or {}
    return {**config, "data": {**data, **joined(data, secret.get("data") or {})}}


def _named(config: Object) -> list[str]:
    """What a deployment's settings and the user's files say of images; its own is `NAME-nb`."""
    data: dict[str, str] = config.get("data") or {}
    if "settings.yaml" not in data:
        return []
    settings = load(parse(data["settings.yaml"], "the deployment"))
    images = [settings.hub.image, settings.notebook.image, f"{settings.name}-nb"]
    images += [profile.image for profile in settings.profiles if profile.image]
    return [*images, *(text for key, text in data.items() if key != "settings.yaml")]


def _base(config: Object) -> str:
    source: dict[str, Any] = config["spec"]["strategy"].get("sourceStrategy", {}).get("from", {})
    return str(source.get("name", "")).partition(":")[0]


def _leftover(obj: Object, why: str, *, force: bool = False) -> Leftover:
    return Leftover(ref=ObjectRef.of(obj), uid=obj["metadata"]["uid"], why=why, force=force)
