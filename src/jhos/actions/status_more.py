"""What is seldom asked of a deployment: room in the quota, volumes, certificate, warnings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from jhos.actions.status import listed
from jhos.actions.storage import claims_of
from jhos.checks import room
from jhos.cluster.client import Cluster
from jhos.cluster.parallel import together
from jhos.cluster.premises import Allowance, parse_quotas, quantity
from jhos.cluster.route import certificate_expiry
from jhos.objects import Object, ObjectRef
from jhos.rights import look
from jhos.settings.load import load, parse

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
    cluster: Cluster, hidden: set[str], name: str, route: Object | None, url: str
) -> Callable[[list[Object]], More]:
    """What the quotas, read meanwhile, make whole."""
    config, claims, events, expiry = together(
        lambda: look(
            hidden, "ConfigMap", lambda: cluster.get(ObjectRef("ConfigMap", f"{name}-cfg"))
        ),
        lambda: look(hidden, "PersistentVolumeClaim", lambda: claims_of(cluster, name)) or [],
        lambda: listed(cluster, hidden, "Event", fields="type=Warning"),
        lambda: certificate_expiry(route, url) if route else None,
    )
    stored = parse((config or {}).get("data", {}).get("settings.yaml", ""), "the deployment")
    notebook = load(stored).notebook
    return lambda quotas: More(
        room=room(_allowance(quotas), notebook),
        storage=(len(claims), sum(int(quantity(each.volume.size)) for each in claims)),
        certificate=expiry,
        warnings=tuple(_warned(name, events, datetime.now(UTC))),
    )


def _allowance(quotas: list[Object]) -> Allowance:
    return Allowance(quotas=parse_quotas(quotas), bounds=({}, {}), default_class=None)


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
