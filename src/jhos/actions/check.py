"""Find out what would stop a deployment, and change nothing."""

from contextlib import suppress
from dataclasses import dataclass

from jhos import checks
from jhos.checks import Finding, Verdict
from jhos.cluster.client import Cluster
from jhos.cluster.facts import read_kept, resolve_all
from jhos.cluster.premises import premises
from jhos.errors import Refused, SettingsError
from jhos.images import Wishes
from jhos.objects import Object, ObjectRef
from jhos.rights import check_project
from jhos.settings.load import Layer, check_alone, defaults, load, parse
from jhos.settings.model import Settings


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
    needed = _must_build(cluster, settings)
    quota, servers = checks.quota(found, settings, deployed=bool(own))
    findings = (
        name_found,
        *checks.rights(found),
        *checks.apis(found),
        *checks.streams(found),
        checks.registry(found.has_registry, needed=needed),
        checks.build_pods(found, Wishes().resources, needed=needed),
        checks.storage(found, settings),
        checks.limits(found, settings),
        quota,
    )
    return Checked(name, cluster.namespace, findings, servers)


def _must_build(cluster: Cluster, settings: Settings) -> bool:
    """Return whether an image is absent, so that a deployment builds it first."""
    answers = resolve_all(cluster, [settings.hub.image, settings.notebook.image])
    return any(isinstance(answer, SettingsError) for answer in answers.values())


def _live(cluster: Cluster, name: str) -> dict[ObjectRef, Object]:
    """What is kept of it; nothing where the user may not see that, as `rights` says."""
    with suppress(Refused):
        return read_kept(cluster, name).live
    return {}
