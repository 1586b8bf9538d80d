"""The objects of a deployment, for whoever applies them in another way: GitOps, kustomize."""

from dataclasses import replace

from jhos.actions.checked import checked
from jhos.actions.edits import Given, Stored
from jhos.actions.pipeline import wanted_of
from jhos.actions.pull_specs import find
from jhos.actions.rendered import Rendered, without_secret
from jhos.actions.stored import read_stored
from jhos.cluster import lease
from jhos.cluster.client import Cluster
from jhos.configuration import parted
from jhos.events import Report
from jhos.objects import ObjectRef
from jhos.render import secret
from jhos.rights import check_project
from jhos.settings.secrets import completed, is_complete


def render(cluster: Cluster, given: Given, report: Report) -> Rendered:
    """Reads what the deployment has; writes nothing."""
    check_project(cluster, cluster.rules())
    stored = read_stored(cluster, given.name)
    wanted = wanted_of(cluster, checked(given, report)(stored))
    specs = find(cluster, wanted.settings, wanted.images)
    has_secret = is_complete(stored.secrets)
    wanted = replace(wanted, secrets=stored.secrets if has_secret else {})
    hidden, held = (parted(given.name, each.configuration).secret for each in (wanted, stored))
    objects = without_secret(wanted, specs.assumed)
    return Rendered(
        name=given.name,
        namespace=cluster.namespace,
        objects=objects,
        absent=tuple(specs.absent),
        has_secret=has_secret and hidden.items() <= held.items(),
    )


def make_secret(cluster: Cluster, given: Given, *, timeout_s: float, report: Report) -> None:
    """Secret `NAME-secrets` with what it lacks; what it has stays."""
    name = given.name
    with lease.held(cluster, name, f"Deployment {name}", timeout_s, report):
        edited = given(read_stored(cluster, name))
        live = cluster.get(ObjectRef("Secret", f"{name}-secrets")) or {}
        held = live.get("data") or {}
        data = secret_data(name, held, edited)
        if data != held:
            cluster.apply(secret(name, data), force=True)


def secret_data(name: str, held: dict[str, str], edited: Stored) -> dict[str, str]:
    """All that is `held`, since applying less would take the rest away; with the user's files
    that hold secrets."""
    return {**held, **completed(edited.secrets), **parted(name, edited.configuration).secret}
