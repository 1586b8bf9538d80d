"""Put a JupyterHub into the project, or bring the one that is there to the given settings."""

import time
from dataclasses import dataclass, field, replace

from jhos.actions.checked import checked
from jhos.actions.pipeline import Deployed, Manner, carry_out, look_ahead
from jhos.actions.precaution import Precaution
from jhos.actions.stored import Stored
from jhos.checks import DEPLOY, check_rights
from jhos.cluster.client import Cluster
from jhos.cluster.facts import create_project
from jhos.events import Event, Report, State
from jhos.settings.auth import secret_key
from jhos.settings.load import Layer, check_alone, defaults, merge
from jhos.settings.secrets import encoded


@dataclass(frozen=True, kw_only=True)
class Given:
    """What is laid over a deployment: an edit of what is stored.

    `configuration`: the user's files. `secrets`: values by their key in the deployment's Secret.
    `auth_secret`: for the way to log in that results, which may be the stored one.
    """

    settings: Layer
    configuration: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    auth_secret: str = field(default="", repr=False)

    @property
    def name(self) -> str:
        name: str = self.settings.get("name") or defaults()["name"]
        return name

    def __call__(self, stored: Stored) -> Stored:
        settings = merge(stored.settings, self.settings)
        way = merge(defaults(), settings)["auth"]["type"]
        own = {secret_key(way): self.auth_secret} if self.auth_secret else {}
        return replace(
            stored,
            settings=settings,
            configuration={**stored.configuration, **self.configuration},
            secrets={**stored.secrets, **encoded({**self.secrets, **own})},
        )


def deploy(
    cluster: Cluster,
    given: Given,
    *,
    create: bool,
    check: bool = True,
    run: bool = True,
    precaution: Precaution | None = None,
    force: bool,
    wait: bool,
    timeout_s: float,
    report: Report,
) -> Deployed:
    """`create`: request the project when it is not there. `check`: that it can hold the hub.
    `run`: a new configuration here first. `precaution`: against a loss of the database.

    Raises the classes of `jhos.errors`. May be repeated after any interruption.
    """
    began = time.monotonic()
    check_alone(given.settings)  # before anything is sent
    if create and create_project(cluster):
        report(Event(f"Project {cluster.namespace}", State.DONE, "created"))
    look_ahead(cluster, given.name)
    check_rights(cluster, DEPLOY)
    left_s = timeout_s - (time.monotonic() - began)
    manner = Manner(timeout_s=left_s, report=report, wait=wait, force=force, check=check,
                    precaution=precaution)  # fmt: skip
    edit = checked(given, report) if run else given
    return carry_out(cluster, given.name, edit, manner)
