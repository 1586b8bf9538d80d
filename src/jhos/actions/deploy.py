"""Put a JupyterHub into the project, or bring the one that is there to the given settings."""

import time
from typing import TYPE_CHECKING

from jhos.actions.checked import checked
from jhos.actions.edits import Given
from jhos.apply import TELLING
from jhos.cluster.client import Cluster
from jhos.cluster.facts import POSTGRESQL, SHARED, create_project, kept_refs
from jhos.cluster.foresight import ask_ahead
from jhos.events import Event, Report, State
from jhos.rights import STORED, check_rights

if TYPE_CHECKING:
    from jhos.actions.pipeline import Deployed
    from jhos.actions.precaution import Precaution


def deploy(
    cluster: Cluster,
    given: Given,
    *,
    create: bool,
    check: bool = True,
    run: bool = True,
    precaution: "Precaution | None" = None,
    force: bool,
    wait: bool,
    timeout_s: float,
    report: Report,
) -> "Deployed":
    """`create`: request the project when it is not there. `check`: that it can hold the hub.
    `run`: a new configuration here first. `precaution`: against a loss of the database.

    Raises the classes of `jhos.errors`. May be repeated after any interruption.
    """
    began = time.monotonic()
    if create and create_project(cluster):
        report(Event(f"Project {cluster.namespace}", State.DONE, "created"))
    _look_ahead(cluster, given.name)
    from jhos.actions.pipeline import Manner, carry_out  # while the answers are on their way

    check_rights(cluster, STORED)
    left_s = timeout_s - (time.monotonic() - began)
    manner = Manner(timeout_s=left_s, report=report, wait=wait, force=force, check=check,
                    precaution=precaution)  # fmt: skip
    edit = checked(given, report) if run else given
    return carry_out(cluster, given.name, edit, manner)


def _look_ahead(cluster: Cluster, name: str) -> None:
    """Ask for what `carry_out` will want to know in most cases."""
    ask_ahead(
        cluster,
        [
            ("rules", ()),
            *(("get", (ref,)) for ref in kept_refs(name)),
            ("get", (POSTGRESQL, SHARED)),
            ("list", ("ImageStream",)),
            *(("metadata", (kind,)) for kind in sorted(TELLING)),
        ],
    )
