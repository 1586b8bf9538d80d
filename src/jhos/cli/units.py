"""Times and sizes as people read them, and durations as they write them."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import click

from jhos.objects import timestamp

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_STEPS = ((86400, "d"), (3600, "h"), (60, "m"))


def span(seconds: float | None) -> str:
    """`45s`, `12m`, `3h`, `2d`: the largest unit, which is what one looks for in a table."""
    if seconds is None:
        return ""
    for size, unit in _STEPS:
        if seconds >= size:
            return f"{seconds // size:.0f}{unit}"
    return f"{max(seconds, 0):.0f}s"


def since(moment: datetime | None) -> str:
    return span((datetime.now(UTC) - moment).total_seconds()) if moment else ""


def wire(moment: datetime | None) -> str | None:
    """For JSON."""
    return timestamp(moment) if moment else None


def size(number: Decimal | int | None) -> str:
    """Bytes as Mi; empty where it is not known."""
    return "" if number is None else f"{number / 2**20:.0f}Mi"


def in_units(number: int) -> str:
    """Bytes of a file: `3 KiB`, `1.5 MiB`."""
    return f"{number / 2**20:.1f} MiB" if number >= 2**20 else f"{number / 2**10:.0f} KiB"


class Duration(click.ParamType[int]):
    """`90`, `90s`, `15m`, `2h`, `1d` → seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        match = re.fullmatch(r"(\d+)([smhd]?)", str(value))
        if not match:
            self.fail(
                f"{value!r} is no duration; write for example 90s, 15m, 2h or 1d.", param, ctx
            )
        return int(match[1]) * _UNITS[match[2]]
