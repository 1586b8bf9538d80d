"""Find out what would stop a deployment, and change nothing."""

from contextlib import suppress
from dataclasses import dataclass

from jhos import checks
from jhos.actions.stored import is_current
from jhos.actions.wanted import Wanted
from jhos.apply import read_live
from jhos.checks import Finding, Verdict
from jhos.cluster.client import Cluster
from jhos.cluster.facts import Kept, read_kept, resolve_all
from jhos.cluster.premises import Quantities, premises
from jhos.errors import Refused, SettingsError
from jhos.images import Wishes
from jhos.objects import Object, ObjectRef
from jhos.plan import plan_deploy
from jhos.quotas import demand
from jhos.rights import check_project
from jhos.settings.load import Layer, check_alone, defaults, load, parse
from jhos.settings.model import Settings
from jhos.settings.secrets import completed


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
    kept = _kept(cluster, name)
    name_found = checks.name(name, kept.live)
    own = kept if name_found.verdict is Verdict.OK else Kept(name, {}, {}, {})
    settings = settings_over(own, wanted)
    must_build = _must_build(cluster, settings)
    quota, servers = checks.quota(found, settings, estimate(cluster, own, settings))
    findings = (
        checks.project(found, cluster.namespace),
        name_found,
        *checks.rights(found, deployed=is_current(own)),
        *checks.apis(found),
        *checks.streams(found),
        checks.registry(found.has_registry, needed=must_build),
        checks.build_pods(found, Wishes().resources, needed=must_build),
        checks.storage(found, settings),
        checks.limits(found, settings),
        quota,
    )
    return Checked(name, cluster.namespace, findings, servers)


def _must_build(cluster: Cluster, settings: Settings) -> bool:
    """Return whether an image is absent, so that a deployment builds it first."""
    answers = resolve_all(cluster, [settings.hub.image, settings.notebook.image])
    return any(isinstance(answer, SettingsError) for answer in answers.values())


def _kept(cluster: Cluster, name: str) -> Kept:
    """What is kept of it; nothing where the user may not see that, as `rights` says."""
    with suppress(Refused):
        return read_kept(cluster, name)
    return Kept(name, {}, {}, {})


def settings_over(kept: Kept, wanted: Layer) -> Settings:
    """Return the settings of a deployment that is stored, with others over them."""
    stored = kept.config.get("data", {}).get("settings.yaml", "")
    return load(parse(stored, "the deployment"), wanted)


def estimate(cluster: Cluster, kept: Kept, settings: Settings) -> Quantities:
    """Return what a deployment with these settings still takes of the quotas.

    Which images, files and secrets it has makes no difference.
    """
    wanted = Wanted(
        settings=settings, configuration={}, secrets=completed({}), certificate={},
        namespace=cluster.namespace, images={},
    )  # fmt: skip
    images = (settings.hub.image, settings.notebook.image)
    objects = wanted.objects({image: image for image in images})
    plan = plan_deploy(kept.name, objects, _live(cluster, kept, objects), {}, ())
    return demand(plan, kept)


def _live(cluster: Cluster, kept: Kept, objects: list[Object]) -> dict[ObjectRef, Object]:
    with suppress(Refused):
        return read_live(cluster, kept, {ObjectRef.of(each) for each in objects})
    return kept.live
