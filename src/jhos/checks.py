"""What would stop a deployment, found before anything is changed: one function a check."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from jhos.cluster.client import Cluster
from jhos.cluster.facts import has_registry
from jhos.cluster.premises import Allowance, Premises, Quantities, quantity
from jhos.errors import Conflict, Refused, SettingsError
from jhos.kinds import KINDS
from jhos.objects import Object, ObjectRef
from jhos.plan import check_ownership
from jhos.quotas import Shortage, advice, how_often, shortages, shown, total, usage
from jhos.render import container_resources
from jhos.rights import (
    BUILD,
    DEPLOY,
    FIXED,
    METRICS,
    TEARDOWN,
    check_builds,
    check_rights,
    in_words,
    lacking,
    role_needed,
)
from jhos.settings.model import Resources, Settings, Storage

HOST_LABEL_LENGTH = 63


class Verdict(StrEnum):
    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Finding:
    """`hint`: what to do, where it is not ok."""

    check: str
    verdict: Verdict
    message: str
    hint: str = ""


def check_first(allowance: Allowance, settings: Settings, needed: Quantities) -> None:
    """Raises Refused where quota or limits keep the first deployment from running."""
    if found := shortages(allowance, needed):
        raise Refused(f"The project has no room: {_listed(found)}.", f"{advice(found)} {_ANYHOW}")
    room, _ = quota(allowance, settings, needed)
    for finding in (limits(allowance, settings), room):
        if finding.verdict is Verdict.PROBLEM:
            raise Refused(f"{finding.check}: {finding.message}.", f"{finding.hint} {_ANYHOW}")


def check_quotas(allowance: Allowance, needed: Quantities) -> None:
    """Raises Refused where a quota has no room for a change."""
    if found := shortages(allowance, needed):
        raise Refused(f"The project has no room: {_listed(found)}.", advice(found))


def project(premises: Premises, namespace: str) -> Finding:
    """Check whether the project accepts new objects."""
    if premises.phase == "Terminating":
        hint = "Choose another with -n PROJECT."
        problem = f"{namespace} is being deleted, with all that is in it"
        return Finding("Project", Verdict.PROBLEM, problem, hint)
    return Finding("Project", Verdict.OK, namespace)


def name(deployment: str, live: Mapping[ObjectRef, Object]) -> Finding:
    """Whether what is kept under its names is its own."""
    try:
        check_ownership(deployment, live, live.values())
    except Conflict as error:
        return Finding("Name", Verdict.PROBLEM, error.message.removesuffix("."), error.hint)
    return Finding("Name", Verdict.OK, f"{deployment} is nobody else's")


def rights(premises: Premises, *, deployed: bool = False) -> list[Finding]:
    """One for each of what jhos does. `deployed`: its Role is there already, and may stay."""
    done = (("deploy", DEPLOY), ("tear down", TEARDOWN), ("build images", BUILD))
    findings = []
    for purpose, needed in done:
        wanted = (right for right in needed if not deployed or right[1] not in FIXED)
        if missing := lacking(premises.rules, wanted):
            said, hint = f"you may not {in_words(missing)}", role_needed(missing)
            findings.append(Finding(f"Rights to {purpose}", Verdict.PROBLEM, said, hint))
        else:
            findings.append(Finding(f"Rights to {purpose}", Verdict.OK, "all that is needed"))
    return findings


def apis(premises: Premises) -> list[Finding]:
    """Routes are needed; without builds and image streams images come from a registry."""
    findings = []
    for group, verdict, hint in (
        ("route.openshift.io", Verdict.PROBLEM, "jhos needs OpenShift, or `--sandbox`."),
        ("image.openshift.io", Verdict.WARNING, _FROM_REGISTRY),
        ("build.openshift.io", Verdict.WARNING, _FROM_REGISTRY),
    ):
        if group in premises.groups:
            findings.append(Finding(f"API {group}", Verdict.OK, "there"))
        else:
            findings.append(Finding(f"API {group}", verdict, "not there", hint))
    return findings


def storage(premises: Premises, settings: Settings) -> Finding:
    """Whether the volumes of the database and of the users can be made."""
    wanted, classes = _classes(settings), premises.classes
    if not wanted:
        return Finding("Storage", Verdict.OK, "no volume is needed")
    if classes is None:
        return Finding("Storage", Verdict.WARNING, "you may not see the storage classes")
    there = f"There are: {', '.join(classes) or 'none'}."
    for setting, name in wanted.items():
        if name and name not in classes:
            problem = f"class {name} ({setting}) is not there"
            return Finding("Storage", Verdict.PROBLEM, problem, there)
        if not name and not premises.default_class:
            problem = "there is no default class"
            return Finding("Storage", Verdict.PROBLEM, problem, f"Set {setting}. {there}")
    default = f"default class {premises.default_class}"
    said = dict.fromkeys(f"class {name}" if name else default for name in wanted.values())
    return Finding("Storage", Verdict.OK, ", ".join(said))


def _classes(settings: Settings) -> dict[str, str | None]:
    """Of every volume that is needed, by the setting that chooses it."""
    classes = {}
    if settings.database.type != "external":
        classes["database.storage_class"] = settings.database.storage_class
    if settings.storage.size:
        classes["storage.storage_class"] = settings.storage.storage_class
    return classes


def streams(premises: Premises) -> list[Finding]:
    """The cluster's own images; what is used where they are absent."""
    findings = []
    for name, use in (("python", "builder"), ("postgresql", "database")):
        tags = ", ".join(sorted(premises.tags[name]))
        if tags:
            findings.append(Finding(f"Image of the {use}", Verdict.OK, f"{name}: {tags}"))
        else:
            said = f"the cluster has no image stream {name}: the public image is pulled"
            findings.append(Finding(f"Image of the {use}", Verdict.WARNING, said))
    return findings


def limits(allowance: Allowance, settings: Settings) -> Finding:
    """Whether every container lies within the project's LimitRanges."""
    wrong = _outside(allowance, _parts(settings))
    if wrong:
        hint = "Change these settings, or ask for another LimitRange."
        return Finding("Limits of a container", Verdict.PROBLEM, "; ".join(wrong), hint)
    return Finding("Limits of a container", Verdict.OK, "all parts lie within")


def _outside(allowance: Allowance, parts: Mapping[str, Resources]) -> list[str]:
    """Return what lies outside of the LimitRanges, each as a clause."""
    least, most = allowance.bounds
    wrong = []
    for name, part in parts.items():
        for key, request, limit in (("memory", part.memory_request, part.memory),
                                    ("cpu", part.cpu_request, part.cpu)):  # fmt: skip
            if key in most and quantity(limit) > most[key]:
                wrong.append(f"{name}.{key} is {limit} but may be {shown(key, most[key])} at most")
            if key in least and quantity(request) < least[key]:
                floor = shown(key, least[key])
                wrong.append(f"{name}.{key}_request is {request} but must be {floor} at least")
            ratio = allowance.ratios.get(key)
            if ratio and quantity(limit) > ratio * quantity(request):
                bound = f"more than {ratio:f} times {name}.{key}_request ({request})"
                wrong.append(f"{name}.{key} is {limit}, which is {bound}")
    return wrong


def check_building(cluster: Cluster, stream: str) -> None:
    """Raise Refused where no image can be built: an API, a right or the registry is missing.

    `stream`: what is built first, since a quota may admit no other image stream.
    """
    check_builds(cluster)
    check_rights(cluster, BUILD)
    _check(registry(has_registry(cluster, stream), needed=True))


def check_build_pod(allowance: Allowance, pod: Resources) -> None:
    """Raise Refused where LimitRanges or quotas reject the pod of a build now."""
    _check(build_pods(allowance, pod, needed=True))


def _check(finding: Finding) -> None:
    if finding.verdict is Verdict.PROBLEM:
        raise Refused(f"{finding.check}: {finding.message}.", finding.hint)


def registry(is_there: bool | None, *, needed: bool) -> Finding:
    """Check whether builds can push their images; `needed`: an image is to be built."""
    if is_there is False:
        verdict = Verdict.PROBLEM if needed else Verdict.WARNING
        message = "this cluster has no integrated image registry, so no image can be built"
        return Finding("Image registry", verdict, message, _FROM_REGISTRY)
    return Finding("Image registry", Verdict.OK, "there" if is_there else "not known")


def build_pods(allowance: Allowance, pod: Resources, *, needed: bool) -> Finding:
    """Check whether LimitRanges and quotas admit the pod of a build."""
    wrong = _outside(allowance, {"build": pod})
    wrong += map(str, shortages(allowance, _pod(pod)))
    if wrong:
        verdict = Verdict.PROBLEM if needed else Verdict.WARNING
        return Finding("Pods of builds", verdict, "; ".join(wrong), _SMALLER_BUILDS)
    return Finding("Pods of builds", Verdict.OK, f"{pod.memory} memory and {pod.cpu} cpu each")


def quota(
    allowance: Allowance, settings: Settings, needed: Quantities
) -> tuple[Finding, int | None]:
    """Check whether what is still to be created fits with one notebook, and how many notebooks do.

    None: as many as the cluster holds.
    """
    if found := shortages(allowance, needed):
        return Finding("Quota", Verdict.PROBLEM, _listed(found), advice(found)), 0
    fits = room(allowance, settings.notebook, settings.storage, needed)
    if fits is None:
        return Finding("Quota", Verdict.OK, "none that limits notebooks"), None
    said = f"room for {fits} notebook servers at once"
    if fits:
        return Finding("Quota", Verdict.OK, said), fits
    hint = "Ask for more, or make the servers smaller (--notebook-memory …)."
    return Finding("Quota", Verdict.PROBLEM, said, hint), 0


def _listed(found: list[Shortage]) -> str:
    return "; ".join(map(str, found))


def room(
    allowance: Allowance,
    notebook: Resources,
    storage: Storage | None = None,
    needed: Quantities | None = None,
) -> int | None:
    """Return how many more notebook servers fit, each with a new volume as `storage` says.

    `needed`: what is to be created first. None: no quota limits them.
    """
    server = _pod(notebook)
    if storage and storage.size:
        claim = {
            "resources": {"requests": {"storage": storage.size}},
            "storageClassName": storage.storage_class,
        }
        server = total([server, usage({"kind": "PersistentVolumeClaim", "spec": claim})])
    return how_often(allowance, server, needed or {})


def _pod(part: Resources) -> Quantities:
    container = {"resources": container_resources(part)}
    return usage({"kind": "Pod", "spec": {"containers": [container]}})


def check_metrics(cluster: Cluster, settings: Settings) -> None:
    """Raises Refused where metrics are wanted and cannot be had."""
    if not settings.metrics.enabled:
        return
    without = f"Leave it out: jhos deploy --name {settings.name} --no-metrics"
    if KINDS["ServiceMonitor"].api_version.partition("/")[0] not in cluster.groups():
        raise Refused(
            "This cluster has no monitoring of projects (monitoring.coreos.com).", without
        )
    if missing := lacking(cluster.rules(), METRICS):
        raise Refused(
            f"For metrics you may not: {in_words(missing)}.",
            "Who administers the cluster can grant it: oc policy add-role-to-user monitoring-edit "
            f"USER -n {cluster.namespace}. {without}",
        )


def check_host(settings: Settings, namespace: str) -> None:
    """Raises SettingsError where the address that a cluster makes would be too long."""
    label = f"{settings.name}-{namespace}"
    if not settings.route.host and len(label) > HOST_LABEL_LENGTH:
        raise SettingsError(
            f"The address would begin with {label}, {len(label)} characters; "
            f"{HOST_LABEL_LENGTH} are possible.",
            "Take a shorter --name, or choose the address with --route-host.",
        )


_ANYHOW = "To deploy nevertheless: jhos deploy --no-check"
_SMALLER_BUILDS = (
    "Ask for more, make builds smaller (jhos build-images --build-memory SIZE), or name images of "
    "a registry with --hub-image and --notebook-image."
)
_FROM_REGISTRY = "Name images of a registry with --hub-image and --notebook-image."


def _parts(settings: Settings) -> dict[str, Resources]:
    """What runs in a pod of its own."""
    database = {"database": settings.database} if settings.database.type == "postgresql" else {}
    return {
        "hub": settings.hub,
        "proxy": settings.proxy,
        **database,
        "notebook": settings.notebook,
    }
