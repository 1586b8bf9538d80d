"""Change what a deployment is set to: an edit of what is stored, checked, applied, rolled out."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field, replace
from difflib import unified_diff
from typing import Any, cast

from jhos.actions.checked import checked
from jhos.actions.edits import Edit, Stored
from jhos.actions.list_deployments import absent
from jhos.actions.pipeline import Deployed, Manner, carry_out
from jhos.actions.precaution import Precaution
from jhos.actions.stored import existing
from jhos.cluster.client import Cluster
from jhos.cluster.facts import kept_refs
from jhos.cluster.foresight import ask_ahead
from jhos.cluster.parallel import together
from jhos.cluster.premises import QUOTAS
from jhos.configuration import USER_KEYS, masked_lines
from jhos.errors import Conflict, SettingsError, nearest
from jhos.events import Report
from jhos.objects import ObjectRef, shortened
from jhos.rights import DEPLOY, STORED, check_rights, explained
from jhos.settings.load import Layer, defaults, merge
from jhos.settings.secrets import encoded


@dataclass(frozen=True, kw_only=True)
class Wish:
    """An edit. `unset`: settings, as `notebook.memory`, and files that go back to the default.

    `whole`: all settings, in place of those that are stored. `secrets`: values by key.
    """

    settings: Layer = field(default_factory=dict)
    whole: Layer | None = None
    unset: tuple[str, ...] = ()
    configuration: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict, repr=False)

    def __call__(self, stored: Stored) -> Stored:
        settings = stored.settings if self.whole is None else self.whole
        for key in set(self.unset) - set(USER_KEYS):
            settings = without(settings, key)
        gone = dict.fromkeys(set(self.unset) & set(USER_KEYS), "")
        return replace(
            stored,
            settings=merge(settings, self.settings),
            configuration={**stored.configuration, **self.configuration, **gone},
            secrets={**stored.secrets, **encoded(self.secrets)},
        )


def read(cluster: Cluster, name: str) -> Stored:
    """Raises SettingsError where there is no such deployment, or only what one has left."""
    with explained(cluster, STORED):
        stored, hub = together(
            lambda: existing(cluster, name), lambda: cluster.get(ObjectRef("Deployment", name))
        )
    if not hub:
        raise absent(cluster, name)
    return cast("Stored", stored)


def changeable(cluster: Cluster, name: str) -> Stored:
    """As `read`; raises Refused without the rights to change it."""
    refs = (*kept_refs(name), ObjectRef("Deployment", name))
    ask_ahead(cluster, [("rules", ()), *(("get", (ref,)) for ref in refs)])
    check_rights(cluster, STORED)
    return read(cluster, name)


def configure(
    cluster: Cluster,
    name: str,
    edit: Edit,
    *,
    check: bool,
    precaution: Precaution | None,
    wait: bool,
    timeout_s: float,
    report: Report,
) -> Deployed:
    """`check`: run a new configuration here first. `precaution`: against a loss of the database.

    Raises the classes of `jhos.errors`.
    """
    _look_ahead(cluster, name)
    check_rights(cluster, STORED)
    edit = checked(edit, report) if check else edit
    manner = Manner(timeout_s=timeout_s, report=report, wait=wait, precaution=precaution)
    return carry_out(cluster, name, edit, manner)


def _look_ahead(cluster: Cluster, name: str) -> None:
    """Ask for what `carry_out` will want to know of a deployment that is there."""
    refs = kept_refs(name)
    kinds = {kind for _, kind in DEPLOY} - {ref.kind for ref in refs}
    ask_ahead(
        cluster,
        [
            ("rules", ()),
            *(("get", (ref,)) for ref in refs),
            *(("metadata", (kind,)) for kind in sorted(kinds)),
            *(("list", (kind,)) for kind in QUOTAS),
        ],
    )


def unless_changed(edit: Edit, seen: Stored) -> Edit:
    """Raises Conflict where somebody has changed meanwhile what `edit` was made of."""

    def edit_what_was_seen(stored: Stored) -> Stored:
        for file in USER_KEYS:
            before, now = (each.configuration.get(file, "") for each in (seen, stored))
            if before != now:
                raise _overtaken("\n".join([f"{file}:", *_difference(file, before, now)]))
        if seen.settings != stored.settings:
            raise _overtaken("the settings")
        return edit(stored)

    return edit_what_was_seen


def _difference(file: str, before: str, now: str) -> Iterator[str]:
    old, new = masked_lines(file, before), masked_lines(file, now)
    lines = unified_diff(old, new, "as you opened it", "as it is now", n=1, lineterm="")
    return map(shortened, lines)


def _overtaken(what: str) -> Conflict:
    hint = "Run the same command again and put both together."
    return Conflict(f"Somebody else has changed meanwhile {what}", hint)


def value_of(layer: Layer, key: str) -> Any:
    """Of `notebook.memory`; raises SettingsError with the nearest for an unknown one."""
    value: Any = layer
    for number, part in enumerate(key.split("."), 1):
        if not isinstance(value, dict) or part not in value:
            raise _unknown(key, ".".join(key.split(".")[: number - 1]), value)
        value = value[part]
    return value


def without(layer: Layer, key: str) -> Layer:
    """What is unset is as if it had never been said. Raises SettingsError for an unknown one."""
    *sections, last = key.split(".")
    if not _names_are_free(sections):
        value_of(merge(defaults(), layer), key)
    made = deepcopy(layer)
    inner = made
    for section in sections:
        inner = inner.get(section) or {}
    inner.pop(last, None)
    return made


def _names_are_free(sections: list[str]) -> bool:
    """Return whether users choose the names there, as those of variables: any may be absent."""
    return bool(sections) and value_of(defaults(), ".".join(sections)) == {}


def _unknown(key: str, section: str, inner: Any) -> SettingsError:
    known = (
        [f"{section}.{each}" if section else each for each in inner]
        if isinstance(inner, dict)
        else []
    )
    near = nearest(key, [*known, *_paths(defaults())])
    hint = f"Did you mean {near}?" if near else f"There are: {', '.join(known)}."
    return SettingsError(f"There is no setting {key}.", hint)


def _paths(layer: Layer, prefix: str = "") -> list[str]:
    found = []
    for key, value in layer.items():
        found.append(prefix + key)
        found += _paths(value, f"{prefix}{key}.") if isinstance(value, dict) else []
    return found
