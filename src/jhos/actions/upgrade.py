"""Bring a deployment to this jhos: images, objects and schema; all as before where that fails.

The way back is what was there, object by object, not what this jhos would make of the settings:
an old image is started as it was started before.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from jhos import __version__, archive
from jhos.actions import hub_database
from jhos.actions.backup import BackedUp
from jhos.actions.build_images import build_images
from jhos.actions.edits import Stored
from jhos.actions.load_database import load_without_hub
from jhos.actions.missing_images import is_replaceable, ours
from jhos.actions.notice import need_not
from jhos.actions.pipeline import RETURN_S, Deployed, Manner, carry_out, propose
from jhos.actions.precaution import Precaution
from jhos.actions.stored import existing
from jhos.actions.wanted import Wanted
from jhos.apply import apply
from jhos.cluster import lease
from jhos.cluster.client import Cluster
from jhos.cluster.parallel import parallel
from jhos.errors import ClusterUnreachable, JhosError, Refused, SettingsError, gave_way
from jhos.events import Event, Report, State
from jhos.images import Image, Wishes
from jhos.objects import Object, ObjectRef
from jhos.plan import Action, Plan, undoing
from jhos.rights import STORED, check_rights
from jhos.settings.load import load
from jhos.settings.model import Settings
from jhos.versions import is_newer
from jhos.wait import until_ready


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is to be approved. `former` None: a jhos that did not say its version.

    `images`: those that are built anew where their sources changed. `foreign`: those that were
    pushed or imported, which stay. `file`: of the backup.
    """

    name: str
    namespace: str
    former: str | None
    images: tuple[str, ...]
    foreign: tuple[str, ...]
    plan: Plan
    file: Path | None


@dataclass(frozen=True, kw_only=True)
class Upgraded:
    """`former`: the version before; None: it was not noted."""

    former: str | None
    deployed: Deployed


@dataclass(kw_only=True)
class _Taken:
    """What the way back needs, from just before the upgrade changed anything."""

    settings: Settings
    plan: Plan | None = None
    whole: dict[ObjectRef, Object] = field(default_factory=dict)
    backup: BackedUp | None = None


def upgrade(
    cluster: Cluster,
    name: str,
    *,
    file: Path | None,
    passphrase: str | None,
    approve: Callable[[Question], bool],
    timeout_s: float,
    report: Report,
) -> Upgraded | None:
    """`file`: of the backup that comes first; None: no backup. Returns None when not approved.

    Raises the error that the upgrade failed by, once all is as it was before.
    """
    deadline = time.monotonic() + timeout_s
    cluster.wire.keep_trying(timeout_s, report)
    check_rights(cluster, STORED)
    stored = _upgradable(cluster, name)
    settings = load(stored.settings)
    _check_backup(settings, file)
    images, foreign = _images(cluster, settings)
    question = Question(
        name=name,
        namespace=cluster.namespace,
        former=stored.version,
        images=tuple(image.name for image in images),
        foreign=tuple(foreign),
        plan=propose(cluster, name, _unchanged).plan,
        file=file,
    )
    if not approve(question):
        return None
    for spec in foreign:
        words = f"not built by jhos, so it stays; push or import one for jhos {__version__}"
        report(Event(f"Image {spec}", State.WARNING, words))
    if images:
        build_images(cluster, images, Wishes(), timeout_s=timeout_s, report=report)
    taken = _Taken(settings=settings)

    def prepare(_: Wanted, plan: Plan, backup: BackedUp | None) -> bool:
        _take(cluster, plan, taken, backup)
        return False

    try:
        manner = Manner(
            timeout_s=max(deadline - time.monotonic(), 1),
            report=report,
            may_return=False,
            precaution=Precaution(file=file, passphrase=passphrase, always=True) if file else None,
            prepare=prepare,
        )
        deployed = carry_out(cluster, name, _unchanged, manner)
    except JhosError as error:
        if taken.plan is None or isinstance(error, ClusterUnreachable):
            raise
        raise _returned(cluster, name, taken, error, report) from error
    return Upgraded(former=stored.version, deployed=deployed)


def _unchanged(stored: Stored) -> Stored:
    return stored


def _upgradable(cluster: Cluster, name: str) -> Stored:
    """Raises Refused for the deployment of a newer jhos."""
    need_not(cluster, name)
    stored = existing(cluster, name)
    if stored.version and is_newer(stored.version):
        raise Refused(
            f"{name} was deployed by jhos {stored.version}, and this is {__version__}.",
            f"Install jhos {stored.version} or a later one.",
        )
    return stored


def _check_backup(settings: Settings, file: Path | None) -> None:
    if file and settings.database.type not in hub_database.KINDS:
        raise SettingsError(
            f"The database of {settings.name} is not in the cluster, but where its URL leads.",
            "Back it up there, then say --no-backup.",
        )


def _images(cluster: Cluster, settings: Settings) -> tuple[list[Image], list[str]]:
    """Return the images of the catalog that are built again, and those that were not built here."""
    specs = [spec for spec in (settings.hub.image, settings.notebook.image) if ours([spec])]
    replaceable = parallel(partial(is_replaceable, cluster), specs)
    foreign = [spec for spec, is_ours in zip(specs, replaceable, strict=True) if not is_ours]
    found = ours(spec for spec in specs if spec not in foreign)
    return list({image.name: image for image in found}.values()), foreign


def _take(cluster: Cluster, plan: Plan, taken: _Taken, backup: BackedUp | None) -> None:
    if not plan.differs:
        return
    going = [change.ref for change in plan.of(Action.DELETE)]
    live = zip(going, parallel(cluster.get, going), strict=True)
    taken.whole = {ref: obj for ref, obj in live if obj}
    taken.plan, taken.backup = plan, backup


def _returned(
    cluster: Cluster, name: str, taken: _Taken, error: JhosError, report: Report
) -> JhosError:
    """The error that ends the command, once all is as it was."""
    going = f"All goes back, for which there are {RETURN_S // 60} min more."
    report(Event("Upgrade", State.WARNING, f"{error.message.splitlines()[0]} {going}"))
    backup = f" Its backup is {taken.backup.path}." if taken.backup else ""
    try:
        _go_back(cluster, name, taken, report)
    except JhosError as second:
        return type(error)(
            f"{error.message}\nGoing back failed too: {second.message}",
            f"{second.hint}{backup}".strip(),
        )
    return gave_way(
        error,
        f"So {name} is as it was before, and its hub is ready; running servers went on.",
        f"Mend the cause and upgrade again.{backup}",
    )


def _go_back(cluster: Cluster, name: str, taken: _Taken, report: Report) -> None:
    deadline = time.monotonic() + RETURN_S
    cluster.wire.keep_trying(RETURN_S, report)
    plan = taken.plan or Plan(())
    created = [change.ref for change in plan.of(Action.CREATE)]
    live = zip(created, parallel(cluster.get, created), strict=True)
    back = undoing(plan, taken.whole | {ref: obj for ref, obj in live if obj})
    with lease.held(cluster, name, f"Deployment {name}", RETURN_S, report):
        if taken.backup:
            load_without_hub(
                cluster, taken.settings, back, archive.read(taken.backup.path), forget=False,
                force=True, other_schema_only=True, deadline=deadline, report=report,
            )  # fmt: skip
        else:
            apply(cluster, name, back, report, force=True)
    until_ready(cluster, name, [ObjectRef("Deployment", name)], RETURN_S, deadline, report)
