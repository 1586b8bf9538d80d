"""What users choose from when they start a server: read, changed, brought in from elsewhere."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import yaml

from jhos import hubconfig
from jhos.actions.configure import changeable, read
from jhos.actions.edits import Stored
from jhos.actions.pipeline import Deployed, Manner, carry_out
from jhos.actions.precaution import Precaution
from jhos.cluster.client import Cluster
from jhos.cluster.facts import resolve, tagged
from jhos.errors import SettingsError
from jhos.events import Event, Report, State
from jhos.settings.load import Layer, load, parse
from jhos.settings.profiles import Row, compact, of_kubespawner
from jhos.settings.rules import stream_of
from jhos.settings.secrets import completed

Rows = list[Row]
_OWN_LISTS = ("profile_list", "ProfilesSpawner")


def profiles(stored: Stored) -> Rows:
    return profiles_of(stored.settings)


def profiles_of(settings: Layer) -> Rows:
    return [compact(row) for row in load(settings).as_dict()["profiles"]]


def change(
    cluster: Cluster,
    name: str,
    edit: Callable[..., Rows],
    *new: Row,
    precaution: Precaution | None,
    wait: bool,
    timeout_s: float,
    report: Report,
) -> Deployed:
    """The hub reads them whenever it shows them, so it is not restarted.

    `edit` gets the profiles and `new`: whole profiles, or the fields of one that change, as they
    are stored. Raises SettingsError for an image of the project that is not there.
    """
    changeable(cluster, name)

    def edit_profiles(stored: Stored) -> Stored:
        before = profiles(stored)
        known = {row.get("image") for row in before}
        named = (row if row.get("image") in known else _named(cluster, row) for row in new)
        after = edit(before, *map(_as_stored, named))
        _warn(stored, report)
        return replace(stored, settings={**stored.settings, "profiles": after})

    manner = Manner(timeout_s=timeout_s, report=report, wait=wait, precaution=precaution)
    return carry_out(cluster, name, edit_profiles, manner)


def _named(cluster: Cluster, row: Row) -> Row:
    """With the image as the hub finds it when a server starts: with its tag, or its digest."""
    image = row.get("image")
    stream = stream_of(image) if image else None
    if not image or not stream:
        return row
    return {**row, "image": resolve(cluster, image) if stream[0] else tagged(cluster, image)}


def _as_stored(row: Row) -> Row:
    """A whole profile as it is read again, so that the same one is known by being equal."""
    return profiles_of({"profiles": [row]})[0] if "name" in row else row


def _warn(stored: Stored, report: Report) -> None:
    for file, text in stored.configuration.items():
        if any(word in text for word in _OWN_LISTS):
            words = "it has a list of its own, which takes the place of these profiles"
            report(Event(file, State.WARNING, words))


def read_file(cluster: Cluster, name: str, file: str, text: str) -> Rows:
    """Profiles of a YAML document, or of a jupyterhub_config.py, which is run here."""
    if file.endswith(".py"):
        return _of_configuration(read(cluster, name), text)
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise SettingsError(f"{file} is no YAML: {error}") from error
    return _rows(document, file)


def _rows(document: Any, file: str) -> Rows:
    listed = document.get("profiles") if isinstance(document, dict) else document
    if not isinstance(listed, list) or not all(isinstance(row, dict) for row in listed):
        raise SettingsError(f"{file} has no list of profiles.", "jhos profiles export shows one.")
    return [dict(row) if "name" in row else of_kubespawner(row) for row in listed]


def _of_configuration(stored: Stored, text: str) -> Rows:
    files = {"jupyterhub_config.py": text}
    settings: Layer = load(stored.settings).as_dict()
    keys = completed(stored.secrets)
    hubconfig.require(hubconfig.check(files, settings, keys))
    return [of_kubespawner(each) for each in hubconfig.profile_list(files, settings, keys)]


def row_of(text: str) -> Row:
    """One profile as somebody wrote it."""
    return parse(text, "the profile")
