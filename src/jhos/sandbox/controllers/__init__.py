"""The controllers: each brings what there is where the objects say it should be.

They are ordinary clients of the API, and share one watch a resource.
"""

import asyncio

from jhos.sandbox.controllers import resources
from jhos.sandbox.controllers.buildconfigs import BuildConfigs
from jhos.sandbox.controllers.builds import Builds
from jhos.sandbox.controllers.deployments import Deployments
from jhos.sandbox.controllers.endpoints import Endpoints
from jhos.sandbox.controllers.garbage import Garbage
from jhos.sandbox.controllers.imagestreams import ImageStreams
from jhos.sandbox.controllers.loop import Control, Controller
from jhos.sandbox.controllers.namespaces import Namespaces
from jhos.sandbox.controllers.old_events import OldEvents
from jhos.sandbox.controllers.pull_secrets import AccountPullSecrets, PullTokens
from jhos.sandbox.controllers.quotas import ClusterQuotas, Quotas
from jhos.sandbox.controllers.replicasets import ReplicaSets
from jhos.sandbox.controllers.routes import Routes
from jhos.sandbox.controllers.scheduler import Scheduler
from jhos.sandbox.controllers.statefulsets import StatefulSets
from jhos.sandbox.controllers.templateinstances import TemplateInstances
from jhos.sandbox.controllers.triggers import Triggers
from jhos.sandbox.controllers.volumes import Volumes


def controllers(
    control: Control, ca_pem: str, apps_domain: str, *, api_only: bool = False
) -> list[Controller]:
    """`api_only`: without those that need a node or a router."""
    everywhere: list[Controller] = [
        Namespaces(control, ca_pem, resources.namespaced()),
        Garbage(control, resources.stored()),
        AccountPullSecrets(control),
        PullTokens(control),
        Deployments(control),
        ReplicaSets(control),
        StatefulSets(control),
        Quotas(control),
        ClusterQuotas(control),
        TemplateInstances(control),
        Triggers(control),
        Endpoints(control),
        Volumes(control),
        ImageStreams(control),
        BuildConfigs(control),
        Builds(control),
        OldEvents(control),
    ]
    return (
        everywhere if api_only else [*everywhere, Scheduler(control), Routes(control, apps_domain)]
    )


async def run(control: Control, ca_pem: str, apps_domain: str, *, api_only: bool = False) -> None:
    """Until cancelled. None acts before all have seen everything that exists."""
    started = controllers(control, ca_pem, apps_domain, api_only=api_only)
    await control.informers.synced()
    await asyncio.gather(*(controller.run() for controller in started))
