"""Make a hub of a backup: its database first, the hub once that is whole.

A marker names the file from before the first object until the hub is ready, and says whether the
database is in: the same command goes on where it was interrupted, and overwrites nothing that was
done since.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from jhos.actions import history, hub_database
from jhos.actions.backup import BackedUp
from jhos.actions.edits import Given, Stored
from jhos.actions.load_database import load_without_hub
from jhos.actions.pipeline import Deployed, Manner, carry_out
from jhos.actions.wanted import Wanted
from jhos.archive import Backup
from jhos.cluster.client import Cluster
from jhos.cluster.facts import create_project
from jhos.configuration import USER_KEYS, joined
from jhos.errors import Conflict, SettingsError
from jhos.events import Event, Report, State
from jhos.objects import Object, ObjectRef, labels
from jhos.plan import Plan
from jhos.rights import DEPLOY, check_rights
from jhos.settings.load import load, merge, parse
from jhos.settings.model import Settings
from jhos.settings.rules import check_name
from jhos.volumes import owner_of

_CLAIM = "PersistentVolumeClaim"
_DIGEST, _STAGE = "digest", "stage"  # of the marker
_BEGUN, _LOADED = "begun", "loaded"


@dataclass(frozen=True, kw_only=True)
class Restored:
    """`missing`: the users whose volumes are listed in the file and are not in the project."""

    deployed: Deployed
    users: tuple[str, ...]
    missing: tuple[str, ...]
    with_secrets: bool


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What of a file, and what is laid over it. `secrets`: decrypted, in base64; None: none."""

    file: Backup
    given: Given
    secrets: dict[str, str] | None

    @property
    def name(self) -> str:
        name: str = self.given.settings.get("name") or self.file.about["name"]
        return name

    def __call__(self, stored: Stored) -> Stored:
        """An edit: all is the file's, but what an earlier try has generated."""
        settings = parse(self.file.settings, str(self.file.path))
        held = self.secrets or {}
        whole = replace(
            stored,
            settings=merge(settings, {"name": self.name}),
            configuration=joined(self.file.configuration, held),
            secrets={**stored.secrets, **{key: held[key] for key in held if key not in USER_KEYS}},
        )
        return self.given(whole)

    def moves_to(self, cluster: Cluster) -> bool:
        """Whether it becomes another deployment, where none of the old servers can run."""
        about = self.file.about
        return (about["name"], about["project"]) != (self.name, cluster.namespace)


def restore(
    cluster: Cluster, origin: Origin, *, create: bool, timeout_s: float, report: Report
) -> Restored:
    """Raises Conflict where there is a deployment of the name, SettingsError for what lacks."""
    name, deadline = origin.name, time.monotonic() + timeout_s
    check_name(name)
    if create and create_project(cluster):
        report(Event(f"Project {cluster.namespace}", State.DONE, "created"))
    check_rights(cluster, DEPLOY)

    def edit(stored: Stored) -> Stored:
        stage = _stage(cluster, name, origin.file)
        if stage == _LOADED:
            return origin.given(stored)
        if stage == _BEGUN:
            _check_unused(cluster, name)
        edited = origin(stored)
        settings = load(edited.settings)
        _check_free(cluster, stored, name, origin.file)
        _check_database(settings, origin.file)
        _check_own_secrets(cluster, origin.file)
        return edited

    def prepare(wanted: Wanted, plan: Plan, _: BackedUp | None) -> bool:
        if _stage(cluster, name, origin.file) == _LOADED:
            return False
        cluster.apply(_marker(name, origin.file, _BEGUN), force=True)
        has_database = (
            bool(origin.file.database) and wanted.settings.database.type in hub_database.KINDS
        )
        if has_database:
            load_without_hub(
                cluster, wanted.settings, plan, origin.file,
                forget=origin.moves_to(cluster), deadline=deadline, report=report,
            )  # fmt: skip
        cluster.apply(_marker(name, origin.file, _LOADED), force=True)
        return has_database

    manner = Manner(timeout_s=timeout_s, report=report, may_return=False, prepare=prepare)
    deployed = carry_out(cluster, name, edit, manner)
    cluster.delete(_marker_of(name))
    return Restored(
        deployed=deployed,
        users=tuple(origin.file.about["users"]),
        missing=_missing(cluster, name, origin.file.about["volumes"]),
        with_secrets=origin.secrets is not None,
    )


def _marker_of(name: str) -> ObjectRef:
    return ObjectRef("ConfigMap", f"{name}-restore")


def _stage(cluster: Cluster, name: str, file: Backup) -> str:
    """How far an earlier try with this file came; empty where there was none."""
    data = (cluster.get(_marker_of(name)) or {}).get("data", {})
    return str(data[_STAGE]) if data.get(_DIGEST) == file.digest else ""


def _check_free(cluster: Cluster, stored: Stored, name: str, file: Backup) -> None:
    """Raises Conflict unless nothing of the name is there, or an earlier try of this."""
    if _stage(cluster, name, file):
        return
    if stored.exists or stored.secrets or cluster.get(ObjectRef(_CLAIM, f"{name}-db")):
        raise Conflict(
            f"Project {cluster.namespace} has a deployment {name} already, or what a teardown "
            "left of one.",
            "Choose another name with --name, or remove that one with all its data first: "
            f"jhos teardown {name} -n {cluster.namespace} --delete-storage",
        )


def _check_unused(cluster: Cluster, name: str) -> None:
    """Raises Conflict where another command has finished the deployment, with a new database."""
    if history.revisions(cluster, name):
        raise Conflict(
            f"{name} was deployed or changed since this restore was interrupted, before its "
            "database was read in: users may have been at work, and would lose it.",
            "Take another name with --name, or remove that one with all its data first: "
            f"jhos teardown {name} -n {cluster.namespace} --delete-storage",
        )


def _check_database(settings: Settings, file: Backup) -> None:
    """Raises SettingsError where the file's database is of another type than is wanted."""
    had, wanted = file.about["database"]["type"], settings.database.type
    if file.database and had != wanted:
        raise SettingsError(
            f"{file.path} holds a database of type {had}, and the settings say {wanted}.",
            f"Leave out --database {wanted}: its type cannot be changed on the way.",
        )


def _marker(name: str, file: Backup, stage: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": _marker_of(name).name, "labels": labels(name, "restore")},
        "data": {_DIGEST: file.digest, _STAGE: stage},
    }


def _check_own_secrets(cluster: Cluster, file: Backup) -> None:
    """Raises SettingsError where a Secret of the user's is not in this project."""
    there = {each["metadata"]["name"] for each in cluster.metadata("Secret")}
    lacking = [name for name in file.about["ownSecrets"] if name not in there]
    if lacking:
        raise SettingsError(
            f"The settings use Secret {', '.join(lacking)}, which a backup does not hold and "
            f"project {cluster.namespace} does not have.",
            "Make it first, under the same name.",
        )


def _missing(cluster: Cluster, name: str, volumes: Iterable[dict[str, Any]]) -> tuple[str, ...]:
    owners = {each["owner"] for each in volumes if each["owner"]}
    there = cluster.metadata(_CLAIM, f"app={name}") if owners else []
    return tuple(sorted(owners - {owner_of(claim) for claim in there}))
