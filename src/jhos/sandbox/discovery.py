"""What clients ask first: groups, versions and resources, from the table of kinds."""

from functools import cache
from typing import Any

from jhos.sandbox.kinds import KINDS, Kind, Subresource, groups

Object = dict[str, Any]

VERSION = {
    "major": "1",
    "minor": "34",
    "gitVersion": "v1.34.2",
    "gitCommit": "jhos-sandbox",
    "gitTreeState": "clean",
    "buildDate": "2025-11-11T19:03:54Z",
    "goVersion": "go1.24.9",
    "compiler": "gc",
    "platform": "linux/amd64",
}


@cache
def core_versions() -> Object:
    address = {"clientCIDR": "0.0.0.0/0", "serverAddress": "172.30.0.1:443"}
    return {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [address],
    }


@cache
def group_list(without: str | None = None) -> Object:
    named = [(name, version) for name, version in groups() if name and name != without]
    listed = [_group(name, version) for name, version in named]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": listed}


@cache
def group(name: str) -> Object | None:
    found = next((version for other, version in groups() if other == name and name), None)
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(name, found)} if found else None


def _group(name: str, version: str) -> Object:
    entry = {"groupVersion": f"{name}/{version}", "version": version}
    return {"name": name, "versions": [entry], "preferredVersion": entry}


@cache
def resource_list(name: str, version: str) -> Object | None:
    """None where the group has no such version."""
    served = [kind for kind in KINDS if (kind.group, kind.version) == (name, version)]
    if not served:
        return None
    answer: Object = {"kind": "APIResourceList", "apiVersion": "v1"}
    if not name:
        del answer["apiVersion"]
    answer["groupVersion"] = f"{name}/{version}" if name else version
    answer["resources"] = [entry for kind in served for entry in _resources(kind)]
    return answer


def _resources(kind: Kind) -> list[Object]:
    entry: Object = {
        "name": kind.plural,
        "singularName": kind.singular,
        "namespaced": kind.namespaced,
        "kind": kind.kind,
        "verbs": list(kind.verbs),
    }
    if kind.short_names:
        entry["shortNames"] = list(kind.short_names)
    if kind.categories:
        entry["categories"] = list(kind.categories)
    return [entry, *(_subresource(kind, sub) for sub in kind.subresources.values())]


def _subresource(kind: Kind, sub: Subresource) -> Object:
    entry: Object = {
        "name": f"{kind.plural}/{sub.name}",
        "singularName": "",
        "namespaced": kind.namespaced,
        "kind": sub.kind,
        "verbs": list(sub.verbs),
    }
    if sub.group is not None:
        entry |= {"group": sub.group, "version": sub.version}
    return entry
