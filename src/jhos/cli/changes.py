"""What an edit changes, shown before it is sent: settings one by one, files by their lines."""

from difflib import unified_diff
from typing import TYPE_CHECKING, Any

import click

from jhos.cli.output import emit, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jhos.actions.edits import Stored
    from jhos.ownership import Addition
    from jhos.settings.sources import Origin

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def changes_between(before: "Stored", after: "Stored") -> list[dict[str, Any]]:
    """`{setting, before, after}`, `{file, lines}` and `{secret}`; what is secret is left out."""
    from jhos.revisions import setting_changes
    from jhos.settings.load import load

    old, new = (load(each.settings).as_dict() for each in (before, after))
    made: list[dict[str, Any]] = [
        {"setting": each.path, "before": each.before, "after": each.after}
        for each in setting_changes(old, new)
    ]
    made += [each for file in after.configuration if (each := _file(file, before, after))]
    made += [
        {"secret": key} for key in after.secrets if after.secrets[key] != before.secrets.get(key)
    ]
    return made


def _file(file: str, before: "Stored", after: "Stored") -> dict[str, Any] | None:
    from jhos.configuration import masked_lines

    old, new = (each.configuration.get(file, "") for each in (before, after))
    if old == new:
        return None
    lines = unified_diff(masked_lines(file, old), masked_lines(file, new), n=2, lineterm="")
    return {"file": file, "lines": list(lines)[2:]}


def shown(changes: list[dict[str, Any]]) -> str:
    return "\n".join(line for change in changes for line in _lines(change))


def _lines(change: dict[str, Any]) -> list[str]:
    from jhos.cli.terminal import clean
    from jhos.objects import shortened

    if "setting" in change:
        before, after = (word(change[side]) for side in ("before", "after"))
        return [clean(f"{change['setting']}: {shortened(before)} → {shortened(after)}")]
    if "secret" in change:
        return [f"secret {change['secret']}"]
    return [f"{change['file']}:", *(_signed(shortened(clean(line))) for line in change["lines"])]


def _signed(line: str) -> str:
    return "  " + click.style(line, fg=_COLOURS.get(line[:1]))


def emit_origins(output: str, found: "list[Origin]", nothing: str) -> None:
    """Settings, each with its value and the layer that it is from."""
    from jhos.objects import shortened

    rows = [(each.setting, shortened(word(each.value)), each.source) for each in found]
    text = table(("SETTING", "VALUE", "FROM"), rows) if rows else nothing
    emit(output, text, [vars(each) for each in found], [each.setting for each in found])


def additions_text(found: "Sequence[Addition]") -> list[str]:
    """The fields that others added, for people; no line where there is none."""
    if not found:
        return []
    from jhos.cli.terminal import clean

    rows = [(str(each.ref), clean(each.path), clean(each.manager)) for each in found]
    head = "Others added these fields, which jhos leaves as they are:"
    return ["", head, table(("OBJECT", "FIELD", "BY"), rows)]


def additions_data(found: "Sequence[Addition]") -> list[dict[str, str]]:
    return [
        {"kind": each.ref.kind, "name": each.ref.name, "path": each.path, "manager": each.manager}
        for each in found
    ]


def word(value: Any) -> str:
    """A setting on one line."""
    import json

    if value is None:
        return "none"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
