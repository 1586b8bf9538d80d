"""Take a deployment away; what users would miss stays unless they say otherwise."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from jhos.apply import remove
from jhos.checks import TEARDOWN, check_rights
from jhos.cluster import lease
from jhos.cluster.client import Cluster
from jhos.cluster.parallel import parallel
from jhos.events import Event, Report, State
from jhos.objects import Object, ObjectRef, labels_of
from jhos.plan import Action, Change, Plan, plan_teardown
from jhos.settings.load import check_name
from jhos.wait import until_gone

KINDS = (
    "BuildConfig",
    "ConfigMap",
    "Deployment",
    "ImageStream",
    "NetworkPolicy",
    "PersistentVolumeClaim",
    "Role",
    "RoleBinding",
    "Route",
    "Secret",
    "Service",
    "ServiceAccount",
)
_SERVERS = "component=singleuser-server"


@dataclass(frozen=True)
class Teardown:
    """What goes and what stays; `servers`: notebook servers that run now."""

    name: str
    namespace: str
    plan: Plan
    servers: int


def teardown(
    cluster: Cluster,
    name: str,
    *,
    delete_storage: bool,
    approve: Callable[[Teardown], bool],
    timeout_s: float,
    report: Report,
) -> Teardown | None:
    """None when `approve` said no; an empty plan when there is nothing to do."""
    check_name(name)
    cluster.wire.keep_trying(timeout_s, report)
    check_rights(cluster, TEARDOWN)
    deadline = time.monotonic() + timeout_s
    before = _found(cluster, name, delete_storage=delete_storage)
    going = before.plan.of(Action.DELETE)
    if not going:
        return before
    if not approve(before):
        return None
    with lease.held(cluster, name, f"Deployment {name}", timeout_s, report):
        # The hub first: it starts no server any more, and ends well while its database is there.
        _delete(cluster, name, [each for each in going if each.ref == _hub(name)], deadline, report)
        found = _found(cluster, name, delete_storage=delete_storage)
        _delete(cluster, name, found.plan.of(Action.DELETE), deadline, report)
    report(Event("Objects", State.DONE, f"{len(going)} deleted"))
    return replace(found, plan=Plan((*before.plan.of(Action.DELETE), *found.plan.of(Action.KEEP))))


def _delete(
    cluster: Cluster, name: str, going: list[Change], deadline: float, report: Report
) -> None:
    remove(cluster, going, report)
    left = max(deadline - time.monotonic(), 1)
    until_gone(cluster, [each.ref for each in going], f"app={name}", left, report)


def _hub(name: str) -> ObjectRef:
    return ObjectRef("Deployment", name)


def _found(cluster: Cluster, name: str, *, delete_storage: bool) -> Teardown:
    """All that bears the deployment's label and was made by jhos or by its hub."""
    listed = parallel(lambda kind: cluster.metadata(kind, f"app={name}"), KINDS)
    own = [obj for objects in listed for obj in objects if _is_ours(obj)]
    pods = _pods(cluster, name)
    plan = plan_teardown([*own, *pods], delete_data=delete_storage)
    return Teardown(name, cluster.namespace, plan, len(pods))


def _pods(cluster: Cluster, name: str) -> list[Object]:
    return cluster.metadata("Pod", f"app={name},{_SERVERS}")


def _is_ours(obj: Object) -> bool:
    return labels_of(obj).get("app.kubernetes.io/managed-by") in ("jhos", "kubespawner")
