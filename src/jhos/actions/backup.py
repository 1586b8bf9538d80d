"""Write all that a hub knows into one file; what users keep in volumes is listed, not copied."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from jhos import __version__, archive, encryption
from jhos.actions import hub_database
from jhos.actions.edits import Stored
from jhos.actions.stored import existing
from jhos.cluster import lease
from jhos.cluster.client import Cluster
from jhos.configuration import parted
from jhos.events import Event, Report, State
from jhos.objects import timestamp
from jhos.settings.load import load
from jhos.settings.model import Settings
from jhos.volumes import Volume, volume_of

_CLAIM = "PersistentVolumeClaim"


@dataclass(frozen=True, kw_only=True)
class BackedUp:
    """`users` None: the database was left out. `database`: its type, and `schema`, where it is in.
    `secret_files`: of the user's configuration, which stand with the secrets. `own_secrets`: of the
    project, by name, which the settings use and the file has not.
    """

    name: str
    namespace: str
    path: Path
    size: int
    users: tuple[str, ...] | None
    database: str
    schema: str
    with_secrets: bool
    secret_files: tuple[str, ...]
    own_secrets: tuple[str, ...]
    volumes: tuple[Volume, ...]


def backup(
    cluster: Cluster,
    name: str,
    path: Path,
    *,
    passphrase: str | None,
    database: bool,
    timeout_s: float,
    report: Report,
) -> BackedUp:
    """`passphrase`: for the secrets; None: they are left out. Users go on working meanwhile.

    Raises SettingsError where there is no such deployment, or its database is elsewhere.
    """
    cluster.wire.keep_trying(timeout_s, report)
    with lease.held(cluster, name, f"Deployment {name}", timeout_s, report):
        stored = existing(cluster, name)
        return write(cluster, stored, path, passphrase=passphrase, database=database, report=report)


def write(
    cluster: Cluster,
    stored: Stored,
    path: Path,
    *,
    passphrase: str | None,
    database: bool,
    report: Report,
) -> BackedUp:
    """By whoever holds the lease already."""
    settings = load(stored.settings)
    name = settings.name
    source = hub_database.find(cluster, settings) if database else None
    volumes = tuple(sorted(map(volume_of, cluster.list(_CLAIM, f"app={name}")[0])))
    about = _about(cluster, settings, volumes, source, with_secrets=passphrase is not None)
    # A file of the user's that holds a secret is one.
    files = parted(name, stored.configuration)
    secrets = {**stored.secrets, **files.secret}
    with archive.writing(path) as file:
        file.add(archive.ABOUT, json.dumps(about, indent=2).encode())
        file.add(archive.SETTINGS, yaml.safe_dump(stored.settings, sort_keys=False).encode())
        for key, text in files.config.items():
            file.add(f"{archive.CONFIGURATION}{key}", text.encode())
        if passphrase is not None:
            file.add(archive.SECRETS, encryption.encrypt(secrets, passphrase))
        if source:
            chunks = _told(source.dump(), report)
            file.add_stream(source.kind.member, chunks, path.parent)
    return BackedUp(
        name=name,
        namespace=cluster.namespace,
        path=path,
        size=path.stat().st_size,
        users=tuple(about["users"]) if source else None,
        database=settings.database.type,
        schema=about["database"]["schema"] or "",
        with_secrets=passphrase is not None,
        secret_files=tuple(sorted(files.secret)),
        own_secrets=tuple(about["ownSecrets"]),
        volumes=volumes,
    )


def _about(
    cluster: Cluster,
    settings: Settings,
    volumes: tuple[Volume, ...],
    source: hub_database.HubDatabase | None,
    *,
    with_secrets: bool,
) -> dict[str, Any]:
    """The first member of the file."""
    found = source.look() if source else {"users": []}
    return {
        "kind": archive.KIND,
        "format": archive.FORMAT,
        "jhos": __version__,
        "time": timestamp(datetime.now(UTC)),
        "name": settings.name,
        "project": cluster.namespace,
        "database": {"type": settings.database.type, "included": bool(source),
                     **{key: found.get(key) for key in ("version", "schema")}},
        "secrets": "encrypted" if with_secrets else "left out",
        "ownSecrets": own_secrets(settings),
        "users": found["users"],
        "volumes": [{"name": each.name, "owner": each.owner, "size": each.size,
                     "storageClass": each.storage_class} for each in volumes],
    }  # fmt: skip


def own_secrets(settings: Settings) -> list[str]:
    """Secrets that are the user's: named by the settings, made by somebody else."""
    named = [settings.auth.secret, settings.database.secret, settings.route.certificate]
    mounted = [mount.partition("=")[0] for mount in settings.notebook.mount_secrets]
    return sorted({*filter(None, named), *mounted})


def _told(chunks: Iterator[bytes], report: Report) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        report(Event("Database", State.RUNNING, f"{size / 2**20:.1f} MiB"))
        yield chunk
    report(Event("Database", State.DONE, f"{size / 2**20:.1f} MiB"))
