"""What a deployment was at a time, kept as a Secret each, so that it can be brought back; purely.

Secrets, since a configuration may hold some. What tells of a revision stands in annotations, so
that a list of metadata is all that a history needs.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import yaml

from jhos.differences import Difference, differences
from jhos.objects import Object, annotations_of, digest, labels

TYPE = "jhos.dev/revision"
KEPT = 10
READY = "ready"
_SETTINGS, _IMAGES = "settings.yaml", "images.yaml"
_NOTE = "jhos.dev/revision-"  # prefix of the annotations
_PREFIX = f"data[{_SETTINGS}]."
_MOST_FIELDS = 4
_BACK_TO = "back to revision "


@dataclass(frozen=True, kw_only=True)
class Content:
    """`settings` whole; `configuration`: the user's files; `images`: pull specs by name."""

    settings: dict[str, Any]
    configuration: dict[str, str]
    images: dict[str, str]

    @property
    def files(self) -> dict[str, str]:
        return {
            _SETTINGS: yaml.safe_dump(self.settings, sort_keys=False),
            _IMAGES: yaml.safe_dump(self.images),
            **{name: text for name, text in self.configuration.items() if text},
        }

    @property
    def digest(self) -> str:
        return digest(self.files)


@dataclass(frozen=True, kw_only=True)
class Revision:
    """`outcome`: `ready`, why it did not become so, or empty while nobody knows. `schema`: that the
    database had when an upgrade ended this revision.
    """

    number: int
    at: str
    who: str
    what: str
    digest: str
    outcome: str = ""
    schema: str = ""


def secret_name(name: str, number: int) -> str:
    return f"{name}-revision-{number}"


def secret_of(name: str, revision: Revision, content: Content) -> Object:
    notes = {key: str(value) for key, value in vars(revision).items()}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": TYPE,
        "metadata": {
            "name": secret_name(name, revision.number),
            "labels": labels(name, "revision"),
            "annotations": {f"{_NOTE}{key}": value for key, value in notes.items()},
        },
        "data": {key: b64encode(text.encode()).decode() for key, text in content.files.items()},
    }


def note_patch(key: str, value: str) -> Object:
    """`key`: of a Revision."""
    return {"metadata": {"annotations": {f"{_NOTE}{key}": value}}}


def revision_of(secret: Object) -> Revision | None:
    """None for what is no revision. `secret` needs its metadata only."""
    notes = {
        key.removeprefix(_NOTE): value
        for key, value in annotations_of(secret).items()
        if key.startswith(_NOTE)
    }
    if not notes.get("number", "").isdigit():
        return None
    texts = {
        key: notes.get(key, "") for key in ("at", "who", "what", "digest", "outcome", "schema")
    }
    return Revision(number=int(notes["number"]), **texts)


def content_of(secret: Object) -> Content:
    files = {key: b64decode(value).decode() for key, value in secret["data"].items()}
    settings = yaml.safe_load(files.pop(_SETTINGS))
    images = yaml.safe_load(files.pop(_IMAGES))
    return Content(settings=settings, configuration=files, images=images)


def changes(before: Content | None, after: Content) -> str:
    """What somebody did, in few words: `notebook.memory: 512Mi → 1Gi, jupyterhub_config.py`."""
    if before is None:
        return "deployed"
    said = _settings_changed(before, after)
    files = dict.fromkeys([*before.configuration, *after.configuration])
    said += [
        name
        for name in files
        if before.configuration.get(name, "") != after.configuration.get(name, "")
    ]
    common = before.images.keys() & after.images.keys()
    said += [f"new image {name}" for name in sorted(common)
             if before.images[name] != after.images[name]]  # fmt: skip
    return ", ".join(said) or "nothing of its own"


def _settings_changed(before: Content, after: Content) -> list[str]:
    found = setting_changes(before.settings, after.settings)
    said = [_said(each) for each in found[:_MOST_FIELDS]]
    more = len(found) - _MOST_FIELDS
    return said + ([f"{more} more settings"] if more > 0 else [])


def setting_changes(before: dict[str, Any], after: dict[str, Any]) -> tuple[Difference, ...]:
    """Of whole settings; `path` as `notebook.memory` and `profiles[gpu].image`."""
    found = differences(*(_wrapped(each) for each in (before, after)))
    return tuple(replace(each, path=each.path.removeprefix(_PREFIX)) for each in found)


def _wrapped(settings: dict[str, Any]) -> Object:
    document = yaml.safe_dump(settings, sort_keys=False)
    return {"kind": "ConfigMap", "metadata": {}, "data": {_SETTINGS: document}}


def _said(found: Difference) -> str:
    if isinstance(found.before or found.after, dict) and None in (found.before, found.after):
        return f"{found.path} {'removed' if found.after is None else 'added'}"
    return f"{found.path}: {_word(found.before)} → {_word(found.after)}"


def _word(value: Any) -> str:
    if value is None or isinstance(value, dict | list):
        return "…" if value else "none"
    text = str(value).lower() if isinstance(value, bool) else str(value)  # as in YAML
    return text.splitlines()[0][:40] if text else "''"


def schema_at(revisions: Iterable[Revision], number: int) -> str:
    """Of the database when revision `number` ran; empty: the one that it has now.

    It changes with an upgrade only, which notes it on the last revision before.
    """
    noted = (each for each in revisions if each.number >= number and each.schema)
    return next((each.schema for each in sorted(noted, key=lambda each: each.number)), "")


def former(revisions: Iterable[Revision], current: Revision) -> Revision | None:
    """The newest that is known to have become ready and is another than `current`."""
    there = [each for each in revisions
             if each.outcome == READY and each.digest != current.digest]  # fmt: skip
    return max(there, key=lambda each: each.number, default=None)


def aim(current: Revision) -> int | None:
    """The revision that `current` brings back, while nobody has seen the outcome."""
    words = current.what.removeprefix(_BACK_TO)
    is_under_way = current.what != words and not current.outcome
    return int(words) if is_under_way and words.isdigit() else None


def back_to(number: int) -> str:
    """What is said of a revision that brings back another."""
    return f"{_BACK_TO}{number}"


def surplus(there: Sequence[Revision]) -> list[Revision]:
    """Those of all, the oldest first, that go as one more is made: the last that was ready stays,
    since it is the way back."""
    ready = [each for each in there if each.outcome == READY]
    old = there[: max(0, len(there) + 1 - KEPT)]
    return [each for each in old if each not in ready[-1:]]
