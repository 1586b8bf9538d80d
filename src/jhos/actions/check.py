"""Find out what would stop a deployment, and change nothing."""

from contextlib import suppress
from dataclasses import dataclass

from jhos import checks
from jhos.checks import Finding, Verdict
from jhos.cluster.client import Cluster
from jhos.cluster.facts import read_kept
from jhos.cluster.premises import premises
from jhos.errors import Refused
from jhos.objects import Object, ObjectRef
from jhos.rights import check_project
from jhos.settings.load import Layer, check_alone, defaults, load, parse


@dataclass(frozen=True)
class Checked:
    """`servers`: how many notebook servers fit into the quota; None: it does not limit them."""

    name: str
    namespace: str
    findings: tuple[Finding, ...]
    servers: int | None

    @property
    def is_well(self) -> bool:
        return all(each.verdict is not Verdict.PROBLEM for each in self.findings)


def check(cluster: Cluster, wanted: Layer) -> Checked:
    """Of the deployment that `wanted` names: as it stands, or as it would be."""
    name = wanted.get("name") or defaults()["name"]
    check_alone(wanted)
    found = premises(cluster)
    check_project(cluster, found.rules)
    live = _live(cluster, name)
    name_found = checks.name(name, live)
    config = live.get(ObjectRef("ConfigMap", f"{name}-cfg"), {})
    own = config if name_found.verdict is Verdict.OK else {}
    settings = load(parse(own.get("data", {}).get("settings.yaml", ""), "the deployment"), wanted)
    quota, servers = checks.quota(found, settings, deployed=bool(own))
    findings = (
        name_found,
        *checks.rights(found),
        *checks.apis(found),
        *checks.streams(found),
        checks.storage(found, settings),
        checks.limits(found, settings),
        quota,
    )
    return Checked(name, cluster.namespace, findings, servers)


def _live(cluster: Cluster, name: str) -> dict[ObjectRef, Object]:
    """What is kept of it; nothing where the user may not see that, as `rights` says."""
    with suppress(Refused):
        return read_kept(cluster, name).live
    return {}
