"""Times as kubectl and oc tell them: how long ago, how long it took."""

from datetime import UTC, datetime
from typing import Any

Object = dict[str, Any]
UNKNOWN = "<unknown>"


def age(obj: Object) -> str:
    return since(obj["metadata"].get("creationTimestamp"))


def since(time: str | None, end: str | None = None) -> str:
    """How long ago, or how long from one time to another: `5s`, `3m20s`, `2d`."""
    if not time:
        return UNKNOWN
    until = _parsed(end) if end else datetime.now(UTC)
    return duration(max(0, int((until - _parsed(time)).total_seconds())))


def _parsed(time: str) -> datetime:
    return datetime.fromisoformat(time)


def duration(seconds: int) -> str:
    """As kubectl writes it, with at most two units."""
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if seconds < 120:
        return f"{seconds}s"
    if minutes < 10:
        return f"{minutes}m{seconds % 60}s" if seconds % 60 else f"{minutes}m"
    if hours < 3:
        return f"{minutes}m"
    if hours < 8:
        return f"{hours}h{minutes % 60}m" if minutes % 60 else f"{hours}h"
    if days < 2:
        return f"{hours}h"
    if days < 8:
        return f"{days}d{hours % 24}h" if hours % 24 else f"{days}d"
    return f"{days}d"


def ago(time: str | None) -> str:
    """In the words of `oc`: `5 minutes ago`."""
    if not time:
        return ""
    seconds = int((datetime.now(UTC) - _parsed(time)).total_seconds())
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "Less than a second ago"
