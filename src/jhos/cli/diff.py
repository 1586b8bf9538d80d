"""jhos diff"""

import json
from collections.abc import Iterator
from difflib import unified_diff
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from jhos.cli.changes import additions_data, additions_text
from jhos.cli.given import given_options
from jhos.cli.options import REQUEST_S, Target, target_options
from jhos.cli.output import emit, output_option
from jhos.cli.setting_options import SettingsCommand

if TYPE_CHECKING:
    from jhos.actions.edits import Given
    from jhos.actions.pipeline import Proposal
    from jhos.differences import Difference
    from jhos.plan import Change, Plan

DIFFERS = 7  # the exit code of a difference, where it is asked for
_COLOURS = {"+": "green", "-": "red", "~": "yellow"}
_SIGNS = {"create": "+", "update": "~", "delete": "-"}


@click.command(cls=SettingsCommand)
@given_options
@click.option("--force-conflicts", is_flag=True, help="As if fields of others were taken over.")
@click.option("--exit-code", is_flag=True, help=f"End with {DIFFERS} if anything would change.")
@output_option
@target_options
def diff(
    target: Target, given: "Given", force_conflicts: bool, exit_code: bool, output: str
) -> None:
    """Show what `jhos deploy` with the same options would change, field by field.

    The cluster is asked what it would make of each object; nothing is changed. Values of Secrets
    are left out.

    \b
    Examples:
      jhos diff --name jakevdp
      jhos diff --name jakevdp --notebook-memory 2Gi --exit-code
      jhos diff -f jhos.yaml -o json
    """
    differs = show_diff(target, given, force=force_conflicts, output=output)
    if differs and exit_code:
        click.get_current_context().exit(DIFFERS)


def show_diff(target: Target, given: "Given", *, force: bool, output: str) -> bool:
    """Print it; whether anything would change."""
    cluster = target.connect(REQUEST_S, connections=10)
    from jhos.actions.diff import diff as act
    from jhos.cli.terminal import progress, tell_where

    tell_where(cluster)
    with progress() as report:
        proposal = act(cluster, given, force=force, report=report)
    names = [change.ref.title for change in _changed(proposal.plan)]
    emit(output, _text(proposal), _data(proposal), names)
    return _differs(proposal)


def _differs(proposal: "Proposal") -> bool:
    return proposal.plan.differs or bool(proposal.absent)


def _changed(plan: "Plan") -> list["Change"]:
    return [change for change in plan.changes if change.action in _SIGNS]


def _text(proposal: "Proposal") -> str:
    added = additions_text(proposal.plan.additions)
    if not _differs(proposal):
        return "\n".join(["Nothing would change.", *added])
    lines = [_signed("+", f"image {spec}, which is built first") for spec in proposal.absent]
    for change in _changed(proposal.plan):
        lines.append(_signed(_SIGNS[change.action], _head(change)))
        lines += [line for field in change.fields for line in _field(field)]
    return "\n".join([*lines, "", _counts(proposal.plan), *added])


def _head(change: "Change") -> str:
    if change.action == "update" and not change.fields:
        return f"{change.ref}, only the note of what jhos rendered"
    restarts = change.ref.kind == "Deployment" and any(
        field.path.startswith("spec.template") for field in change.fields
    )
    return f"{change.ref}{', whose pod starts anew' if restarts else ''}"


def _field(field: "Difference") -> Iterator[str]:
    before, after = field.before, field.after
    sign = "+" if before is None else "-" if after is None else "~"
    if _is_text(before) or _is_text(after):
        yield f"  {_signed(sign, field.path)}"
        yield from (f"      {line}" for line in _lines(before or "", after or ""))
    elif sign == "~":
        yield f"  {_signed(sign, f'{field.path}: {_value(before)} → {_value(after)}')}"
    else:
        yield f"  {_signed(sign, f'{field.path}: {_value(after if before is None else before)}')}"


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and "\n" in value.strip("\n")


def _lines(before: str, after: str) -> Iterator[str]:
    from jhos.cli.terminal import clean
    from jhos.objects import shortened

    lines = unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    changed = (line for line in islice(lines, 2, None) if line[0] in "+-")
    return (_signed(line[0], shortened(clean(line[1:]))) for line in changed)


def _value(value: Any) -> str:
    from jhos.cli.terminal import clean
    from jhos.objects import shortened

    if isinstance(value, dict):
        value = {key: each for key, each in value.items() if each not in (None, [], {})}
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return shortened(clean(text.rstrip("\n")))


def _signed(sign: str, text: str) -> str:
    return click.style(f"{sign} {text}", fg=_COLOURS[sign])


def _counts(plan: "Plan") -> str:
    words = {"create": "to create", "update": "to change", "delete": "to remove",
             "unchanged": "the same"}  # fmt: skip
    actions = [str(change.action) for change in plan.changes]
    said = [f"{actions.count(action)} {word}" for action, word in words.items()]
    return f"{', '.join(each for each in said if not each.startswith('0 '))}."


def _data(proposal: "Proposal") -> dict[str, Any]:
    return {
        "name": proposal.wanted.settings.name,
        "project": proposal.wanted.namespace,
        "differs": _differs(proposal),
        "builds": list(proposal.absent),
        "changes": [_change(change) for change in proposal.plan.changes],
        "additions": additions_data(proposal.plan.additions),
    }


def _change(change: "Change") -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "action": str(change.action),
        "kind": change.ref.kind,
        "name": change.ref.name,
        "fields": [asdict(field) for field in change.fields],
    }
