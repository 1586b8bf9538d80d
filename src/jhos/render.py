"""(Settings, Facts) → the objects of a deployment, purely: one template, one object.

Everything is a JSON value when it reaches a template, so no setting can break out of its place.
"""

from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jinja2 import (
    BytecodeCache,
    Environment,
    FileSystemBytecodeCache,
    FileSystemLoader,
    StrictUndefined,
)
from jinja2.bccache import Bucket

from jhos import __version__
from jhos.alerts import alerts
from jhos.objects import KEEP, RENDERED, Object, digest, labels
from jhos.settings.model import Resources, Settings
from jhos.settings.rules import parse_network
from jhos.versions import VERSION

_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the cluster says, read once: pull specs with digests, and the user's configuration.

    `configuration`: the keys of ConfigMap `NAME-cfg` that belong to the user. `certificate`: of
    the route, as its fields `certificate` and `key`. `secrets_version` differs where the secrets
    do, and tells nothing of them; `credentials_version` alike, for those that database and proxy
    read when they start. `router_port`: of a router that speaks plain HTTP, as the
    sandbox's does; empty: TLS on the usual port.
    """

    namespace: str
    hub_image: str
    notebook_image: str
    database_image: str
    configuration: dict[str, str] = field(default_factory=dict)
    certificate: dict[str, str] = field(default_factory=dict, repr=False)
    secrets_version: str = ""
    credentials_version: str = ""
    router_port: str = ""


def render(settings: Settings, facts: Facts) -> list[Object]:
    """The objects in no particular order, without the generated Secret and the inventory."""
    document = yaml.safe_dump(settings.as_dict(), sort_keys=False)
    configuration = {
        "settings.yaml": document,
        **{key: "" for key in ("jupyterhub_config.py", "jupyterhub_config.sh")},
        **facts.configuration,
    }
    values = {
        "settings": settings,
        "facts": facts,
        "name": settings.name,
        "configuration": configuration,
        "restarts_hub": _restarts_hub(settings, facts, configuration),
        "connects_to": [f"{settings.name}-{part}" for part in _connected(settings)],
        "redirect": _redirect(settings.name),
        "alerts": alerts(settings.name, facts.namespace),
        "egress": [_peer(target) for target in settings.notebook.egress],
        "keep": KEEP,
        "version_key": VERSION,
        "version": __version__,
        "labels": lambda component: labels(settings.name, component),
        "selector": lambda component: selector(settings.name, component),
        "resources": container_resources,
        "pod_security": _POD_SECURITY,
        "container_security": _CONTAINER_SECURITY,
    }
    templates = [name for part in _parts(settings) for name in _names(part)]
    return [sealed(_object(name, values)) for name in templates]


def _parts(settings: Settings) -> tuple[str, ...]:
    databases = {"postgresql": ("database",), "sqlite": ("sqlite",), "external": ()}
    metrics = ("metrics",) if settings.metrics.enabled else ()
    return ("hub", "proxy", "singleuser", *databases[settings.database.type], *metrics)


def _connected(settings: Settings) -> list[str]:
    return [*(["db"] if settings.database.type == "postgresql" else []), "proxy"]


def _peer(target: str) -> Object:
    """Return a network or a project as network policies name it."""
    network = parse_network(target)
    if network:
        return {"ipBlock": {"cidr": network}}
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": target}}}


def _redirect(name: str) -> Object:
    """Lets the service account be an OAuth client whose users come back to the route.

    *source* https://docs.openshift.com/container-platform/latest/authentication/using-service-accounts-as-oauth-client.html
    """
    reference = {"group": "route.openshift.io", "kind": "Route", "name": name}
    return {"kind": "OAuthRedirectReference", "apiVersion": "v1", "reference": reference}


def _restarts_hub(settings: Settings, facts: Facts, configuration: dict[str, str]) -> str:
    """A hash of what the hub reads at its start only; profiles it reads whenever they are shown."""
    later = ("profiles", "metrics")
    read_once = {key: value for key, value in settings.as_dict().items() if key not in later}
    del read_once["notebook"]["egress"]
    files = {key: value for key, value in configuration.items() if key != "settings.yaml"}
    return digest([read_once, files, facts.secrets_version])


def render_one(template: str, **values: Any) -> Object:
    """One object of a template that stands outside a deployment."""
    return sealed(_object(template, values))


def secret(name: str, data: dict[str, str]) -> Object:
    """The Secret of what was generated; `data` in base64 as on the wire."""
    obj = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": f"{name}-secrets",
            "labels": labels(name, "secrets"),
            "annotations": {KEEP: "true", VERSION: __version__},
        },
        "data": data,
    }
    return sealed(obj)


def selector(name: str, component: str) -> dict[str, str]:
    """For Deployments, Services and policies: what never changes of the labels."""
    return {"app": name, "component": component}


def sealed(obj: Object) -> Object:
    """With the hash of its content as an annotation."""
    annotations = {**obj["metadata"].get("annotations", {}), RENDERED: digest(obj)}
    return {**obj, "metadata": {**obj["metadata"], "annotations": annotations}}


# Of a volume that was mounted before, the kubelet does not open every file to the group again.
_POD_SECURITY = {
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
    "fsGroupChangePolicy": "OnRootMismatch",
}
_CONTAINER_SECURITY = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def container_resources(part: Resources) -> Object:
    """Return requests and limits as a container has them."""
    return {
        "requests": {"memory": part.memory_request, "cpu": part.cpu_request},
        "limits": {"memory": part.memory, "cpu": part.cpu},
    }


def _object(template: str, values: dict[str, Any]) -> Object:
    text = _environment().get_template(template).render(values)
    obj: Object = yaml.load(text, Loader=_YAML)
    return obj


def _names(part: str) -> list[str]:
    return sorted(str(path.relative_to(_TEMPLATES)) for path in (_TEMPLATES / part).glob("*.j2"))


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
        bytecode_cache=_compiled(),
    )


def _compiled() -> BytecodeCache | None:
    """Compiled templates, in a folder that only the user may write; None where there can be none.

    To compile them takes longer than all else of rendering.
    """
    try:
        return _Compiled(pattern=f"jhos-{__version__}-%s.cache")
    except (OSError, RuntimeError):
        return None


class _Compiled(FileSystemBytecodeCache):
    """One that is full, or was taken away, is none."""

    def dump_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError):
            super().dump_bytecode(bucket)


_YAML: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
