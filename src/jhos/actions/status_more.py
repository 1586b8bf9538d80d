"""What is seldom asked of a deployment: room in the quota, volumes, certificate, warnings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from jhos.actions.status import visible
from jhos.actions.storage import claims_of
from jhos.actions.stored import read_stored
from jhos.checks import room
from jhos.cluster.client import Cluster
from jhos.cluster.parallel import together
from jhos.cluster.premises import free, quantity
from jhos.cluster.route import certificate_expiry
from jhos.objects import Object
from jhos.settings.load import load

_RECENT = timedelta(hours=1)


@dataclass(frozen=True)
class Warned:
    last: datetime
    about: str
    message: str
    times: int


@dataclass(frozen=True, kw_only=True)
class More:
    """`room`: how many servers fit beside those that run; None: no quota limits them.

    `certificate`: when that of the address ends; None: there is none, or it is not to be seen.
    `storage`: the number of users' volumes and their size in bytes.
    """

    room: int | None
    storage: tuple[int, int]
    certificate: datetime | None
    warnings: tuple[Warned, ...]


def more(
    cluster: Cluster, name: str, route: Object | None, url: str
) -> Callable[[list[Object]], More]:
    """What the quotas, read meanwhile, make whole."""
    stored, claims, events, expiry = together(
        lambda: read_stored(cluster, name),
        lambda: claims_of(cluster, name),
        lambda: visible(cluster, "Event", fields="type=Warning"),
        lambda: certificate_expiry(route, url) if route else None,
    )
    notebook = load(stored.settings).notebook
    return lambda quotas: More(
        room=room(free(quotas), notebook),
        storage=(len(claims), sum(int(quantity(each.volume.size)) for each in claims)),
        certificate=expiry,
        warnings=tuple(_warned(name, events, datetime.now(UTC))),
    )


def _warned(name: str, events: Sequence[Object], now: datetime) -> list[Warned]:
    """Of the deployment's objects in the last hour, the newest first."""
    found = []
    for event in events:
        about, last = event["involvedObject"], _last(event)
        subject = about.get("name", "")
        own = subject == name or subject.startswith(f"{name}-")
        if own and last and now - last < _RECENT and not _is_of_a_start(event):
            title = f"{about.get('kind', '')} {subject}"
            found.append(Warned(last, title, event.get("message", ""), event.get("count") or 1))
    return sorted(found, key=lambda each: each.last, reverse=True)


def _is_of_a_start(event: Object) -> bool:
    message: str = event.get("message") or ""
    return message.startswith("Startup probe failed")


def _last(event: Object) -> datetime | None:
    text = event.get("lastTimestamp") or event.get("eventTime") or event.get("firstTimestamp")
    return datetime.fromisoformat(text) if text else None
