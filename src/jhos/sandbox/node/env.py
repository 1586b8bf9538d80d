"""The environment of a container: its image's, envFrom, env, with $(NAME) expanded."""

import base64
import re
from collections.abc import Iterator, Mapping

from jhos.sandbox.client import Object
from jhos.sandbox.node.downward import ConfigError, field, resource

Source = tuple[str, str]  # kind, name
Sources = Mapping[Source, Object | None]
REFERENCE = re.compile(r"\$(\$|\(([^()]*)\))")
KINDS = {"secretKeyRef": "secret", "secretRef": "secret",
         "configMapKeyRef": "configmap", "configMapRef": "configmap"}  # fmt: skip
# what every container finds, so that the client libraries find the API server
ALWAYS = {
    "KUBERNETES_SERVICE_HOST": "172.30.0.1",
    "KUBERNETES_SERVICE_PORT": "443",
    "KUBERNETES_SERVICE_PORT_HTTPS": "443",
    "KUBERNETES_PORT": "tcp://172.30.0.1:443",
    "KUBERNETES_PORT_443_TCP": "tcp://172.30.0.1:443",
    "KUBERNETES_PORT_443_TCP_ADDR": "172.30.0.1",
    "KUBERNETES_PORT_443_TCP_PORT": "443",
    "KUBERNETES_PORT_443_TCP_PROTO": "tcp",
}


def sources(container: Object) -> set[Source]:
    """The config maps and secrets that the environment needs."""
    references = [entry for entry in container.get("envFrom") or []]
    references += [entry["valueFrom"] for entry in container.get("env") or [] if _is_ref(entry)]
    return {
        (KINDS[key], reference["name"])
        for entry in references
        for key, reference in entry.items()
        if key in KINDS
    }


def container_env(
    container: Object, pod: Object, found: Sources, image_env: Mapping[str, str]
) -> dict[str, str]:
    """`found` has each of `sources`, None where it does not exist. Raises ConfigError."""
    env = {**image_env, "HOSTNAME": pod["metadata"]["name"], **ALWAYS}
    for entry in container.get("envFrom") or []:
        env.update(_all_of(entry, found))
    for entry in container.get("env") or []:
        value = _value(entry, pod, container, found, env)
        if value is not None:
            env[entry["name"]] = value
    return env


def expand(text: str, env: Mapping[str, str]) -> str:
    """`$(NAME)` becomes its value, `$$(NAME)` stays as `$(NAME)`, unknown names stay."""

    def replaced(match: re.Match[str]) -> str:
        if match[1] == "$":
            return "$"
        return env.get(match[2], match[0])

    return REFERENCE.sub(replaced, text)


def decoded(source: Object, kind: str) -> dict[str, bytes]:
    """The entries of a config map or secret."""
    data = source.get("data") or {}
    if kind == "secret":
        return {key: base64.b64decode(value) for key, value in data.items()}
    binary = source.get("binaryData") or {}
    return {
        **{key: value.encode() for key, value in data.items()},
        **{key: base64.b64decode(value) for key, value in binary.items()},
    }


def _all_of(entry: Object, found: Sources) -> Iterator[tuple[str, str]]:
    for key, reference in entry.items():
        if key in KINDS:
            for name, value in _entries(KINDS[key], reference, found).items():
                yield entry.get("prefix", "") + name, value.decode(errors="replace")


def _value(
    entry: Object, pod: Object, container: Object, found: Sources, env: Mapping[str, str]
) -> str | None:
    if not _is_ref(entry):
        return expand(entry.get("value") or "", env)
    ((key, reference),) = entry["valueFrom"].items()
    if key == "fieldRef":
        return field(pod, reference["fieldPath"])
    if key == "resourceFieldRef":
        return resource(_named(pod, reference, container), reference)
    entries = _entries(KINDS[key], reference, found)
    if reference["key"] in entries:
        return entries[reference["key"]].decode(errors="replace")
    if reference.get("optional"):
        return None
    where = f"{pod['metadata']['namespace']}/{reference['name']}"
    kind = "Secret" if key == "secretKeyRef" else "ConfigMap"
    raise ConfigError(f"couldn't find key {reference['key']} in {kind} {where}")


def _entries(kind: str, reference: Object, found: Sources) -> dict[str, bytes]:
    source = found.get((kind, reference["name"]))
    if source is not None:
        return decoded(source, kind)
    if reference.get("optional"):
        return {}
    raise ConfigError(f'{kind} "{reference["name"]}" not found')


def _named(pod: Object, reference: Object, container: Object) -> Object:
    name = reference.get("containerName") or container["name"]
    spec = pod["spec"]
    every = [*(spec.get("initContainers") or []), *spec["containers"]]
    return next((found for found in every if found["name"] == name), container)


def _is_ref(entry: Object) -> bool:
    return bool(entry.get("valueFrom"))
