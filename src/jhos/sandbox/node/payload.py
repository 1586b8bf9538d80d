"""The files of config map, secret, downwardAPI and projected volumes, computed from objects."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from jhos.sandbox.client import Object
from jhos.sandbox.node.downward import ConfigError, field, resource
from jhos.sandbox.node.env import Source, Sources, decoded
from jhos.sandbox.node.ownership import has_group

DEFAULT_MODE = 0o644
KINDS = ("configMap", "secret", "downwardAPI", "projected")


@dataclass(frozen=True)
class File:
    content: bytes
    mode: int


Files = Mapping[str, File]  # by path below the volume


def is_payload(volume: Object) -> bool:
    return any(kind in volume for kind in KINDS)


def parts(volume: Object) -> list[Object]:
    """The sources of a volume, each `{kind: source}` as in a projected one."""
    if "projected" in volume:
        return list(volume["projected"].get("sources") or [])
    kind = next(kind for kind in KINDS if kind in volume)
    source = volume[kind]
    if kind == "secret":
        source = {**source, "name": source["secretName"]}
    return [{kind: source}]


def sources(volume: Object) -> set[Source]:
    """The config maps and secrets that the volume shows."""
    return {
        (kind.lower(), source["name"])
        for part in parts(volume)
        for kind, source in part.items()
        if kind in ("configMap", "secret")
    }


def token_requests(volume: Object) -> list[Object]:
    return [part["serviceAccountToken"] for part in parts(volume) if "serviceAccountToken" in part]


def files(volume: Object, pod: Object, found: Sources, tokens: Mapping[str, str]) -> Files:
    """`tokens` by the path of their file. Raises ConfigError where something is missing."""
    mode = next(volume[kind] for kind in KINDS if kind in volume).get("defaultMode", DEFAULT_MODE)
    result: dict[str, File] = {}
    for part in parts(volume):
        ((kind, source),) = part.items()
        if kind == "serviceAccountToken":
            private = 0o600 if has_group(pod) else mode  # of which the group gets its own part
            result[source["path"]] = File(tokens[source["path"]].encode(), private)
        elif kind == "downwardAPI":
            result.update(_downward(source.get("items") or [], pod, mode))
        else:
            result.update(_entries(kind, source, found, mode))
    return result


def _downward(items: Sequence[Object], pod: Object, mode: int) -> Iterator[tuple[str, File]]:
    for item in items:
        if "fieldRef" in item:
            text = field(pod, item["fieldRef"]["fieldPath"])
        else:
            reference = item["resourceFieldRef"]
            name = reference["containerName"]
            container = next(c for c in pod["spec"]["containers"] if c["name"] == name)
            text = resource(container, reference)
        yield item["path"], File(text.encode(), item.get("mode", mode))


def _entries(kind: str, source: Object, found: Sources, mode: int) -> Iterator[tuple[str, File]]:
    held = found.get((kind.lower(), source["name"]))
    optional = source.get("optional", False)
    if held is None and not optional:
        raise ConfigError(f'{kind.lower()} "{source["name"]}" not found')
    entries = decoded(held, kind.lower()) if held else {}
    items = source.get("items") or [{"key": key, "path": key} for key in entries]
    for item in items:
        if item["key"] in entries:
            yield item["path"], File(entries[item["key"]], item.get("mode", mode))
        elif not optional:
            raise ConfigError(f"references non-existent {kind.lower()} key: {item['key']}")
