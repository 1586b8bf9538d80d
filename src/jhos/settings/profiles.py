"""The list of profiles, edited: a profile keeps its place, and one at most is the default; purely.

A profile is a mapping of the fields of `settings.model.Profile`, without those that say nothing.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from jhos.errors import SettingsError, nearest

Row = dict[str, Any]

GPU = "nvidia.com/gpu"
_OVERRIDES = {
    "image": "image",
    "mem_limit": "memory",
    "mem_guarantee": "memory_request",
    "cpu_limit": "cpu",
    "cpu_guarantee": "cpu_request",
    "environment": "environment",
    "node_selector": "node_selector",
    "tolerations": "tolerations",
    "supplemental_gids": "supplemental_groups",
}
_NUMBER = re.compile(r"(\d+(?:\.\d+)?)([KMGT])")  # JupyterHub's, which means powers of 1024


def compact(row: Mapping[str, Any]) -> Row:
    """Without what says nothing."""
    return {key: value for key, value in row.items() if value not in (None, False, [], (), {})}


def find(rows: Iterable[Row], name: str) -> Row:
    """Raises SettingsError with the nearest where there is none."""
    there = {row["name"]: row for row in rows}
    if name in there:
        return there[name]
    near = nearest(name, there)
    known = f"There are: {', '.join(there)}." if there else "There are none yet."
    raise SettingsError(f"There is no profile {name}.", f"Did you mean {near}?" if near else known)


def added(rows: list[Row], row: Row, position: int | None = None) -> list[Row]:
    """Add it at the end, else as the `position`th, counted from 1.

    Nothing changes where it is there already, just so: an earlier try may have been interrupted.
    """
    place = len(rows) if position is None else position - 1
    taken = next((each for each in rows if each["name"] == row["name"]), None)
    if taken is None:
        return _one_default([*rows[:place], compact(row), *rows[place:]], row)
    if taken != compact(row) or (position is not None and rows.index(taken) != place):
        raise SettingsError(
            f"There is a profile {row['name']} already, which is another.",
            "Change it with jhos profiles edit.",
        )
    return rows


def changed(rows: list[Row], name: str, change: Mapping[str, Any]) -> list[Row]:
    """What `change` has takes the place of what was; an empty value takes it away."""
    made = compact({**find(rows, name), **change})
    return _one_default([made if each["name"] == name else each for each in rows], made)


def replaced(rows: list[Row], name: str, row: Row) -> list[Row]:
    find(rows, name)
    return _one_default([compact(row) if each["name"] == name else each for each in rows], row)


def removed(rows: list[Row], names: Collection[str]) -> list[Row]:
    """Remove those of the names that there are."""
    return [each for each in rows if each["name"] not in names]


def missing(rows: list[Row], names: Iterable[str]) -> list[str]:
    """Return what to say of each name that no profile has."""
    there = [row["name"] for row in rows]
    return [
        f"There is no profile {name}." + (f" Did you mean {near}?" if near else "")
        for name in names
        if name not in there
        for near in [nearest(name, there)]
    ]


def imported(rows: list[Row], new: list[Row]) -> list[Row]:
    """Those of the same name are replaced in their place; the others come after."""
    made = list(rows)
    for row in new:
        there = any(each["name"] == row["name"] for each in made)
        made = replaced(made, row["name"], row) if there else added(made, row)
    return made


def _one_default(rows: list[Row], chosen: Row) -> list[Row]:
    if not chosen.get("default"):
        return rows
    return [compact({**row, "default": row["name"] == chosen["name"]}) for row in rows]


def of_kubespawner(listed: Mapping[str, Any]) -> Row:
    """An item of KubeSpawner's `profile_list`. Raises SettingsError for what no profile can say."""
    title = str(listed.get("display_name", ""))
    given = dict(listed.get("kubespawner_override") or {})
    limits = given.pop("extra_resource_limits", {})
    given.pop("extra_resource_guarantees", None)
    unknown = sorted({*given.keys() - _OVERRIDES.keys(), *(limits.keys() - {GPU})})
    if unknown or "profile_options" in listed:
        raise SettingsError(
            f"Profile {title!r} has what a profile of jhos cannot say: "
            f"{', '.join(unknown) or 'profile_options'}.",
            "Leave the list in jupyterhub_config.py, where it works as it is.",
        )
    row = {_OVERRIDES[trait]: _quantity(trait, value) for trait, value in given.items()}
    return compact(
        {
            "name": listed.get("slug") or _slug(title),
            "title": title,
            "description": listed.get("description"),
            "default": bool(listed.get("default")),
            "gpu": int(limits[GPU]) if GPU in limits else None,
            **row,
        }
    )


def _quantity(trait: str, value: Any) -> Any:
    """`1G` → `1Gi`, since that is what JupyterHub means by it."""
    if trait.startswith(("mem_", "cpu_")) and value is not None:
        match = _NUMBER.fullmatch(str(value))
        return f"{match[1]}{match[2]}i" if match else str(value)
    return list(value) if isinstance(value, set | tuple) else value


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
