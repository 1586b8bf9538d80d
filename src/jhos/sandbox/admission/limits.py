"""Limit ranges: the default resources of containers, their least and most, and their ratio."""

from collections.abc import Iterator
from typing import Any

from jhos.sandbox import failure, quantity
from jhos.sandbox.call import Call
from jhos.sandbox.poddefaults import containers

Object = dict[str, Any]
NOTE = "kubernetes.io/limit-ranger"


def _items(call: Call, type_: str) -> Iterator[Object]:
    for limit_range in call.store.objects("limitranges", call.namespace):
        for item in limit_range.get("spec", {}).get("limits") or ():
            if item.get("type") == type_:
                yield item


def default(call: Call, pod: Object) -> None:
    """Fill in absent requests and limits, and note it in an annotation."""
    notes = []
    for item in _items(call, "Container"):
        for container in containers(pod["spec"]):
            resources = container["resources"]
            for kind, given in (("requests", "defaultRequest"), ("limits", "default")):
                absent = {k: v for k, v in item.get(given, {}).items()
                          if k not in resources.get(kind, {})}  # fmt: skip
                if absent:
                    resources[kind] = {**absent, **resources.get(kind, {})}
                    listed = ", ".join(sorted(absent))
                    notes.append(f"{listed} {kind[:-1]} for container {container['name']}")
    if notes:
        annotations = pod["metadata"].get("annotations", {})
        text = f"LimitRanger plugin set: {'; '.join(notes)}"
        pod["metadata"]["annotations"] = {**annotations, NOTE: text}


def check(call: Call, obj: Object) -> None:
    """Raises Failure that names every value out of bounds."""
    if call.kind.key not in ("pods", "persistentvolumeclaims"):
        return
    problems = list(_pod_problems(call, obj) if call.kind.key == "pods" else _claim(call, obj))
    if problems:
        why = problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]"
        name = obj["metadata"]["name"]
        raise failure.forbidden(call.kind.group, call.kind.plural, name, why)


def _pod_problems(call: Call, pod: Object) -> Iterator[str]:
    found = pod["spec"].get("containers", ())
    for item in _items(call, "Container"):
        for container in found:
            resources = container.get("resources", {})
            yield from _problems(
                item, "Container", resources.get("requests", {}), resources.get("limits", {})
            )
    for item in _items(call, "Pod"):
        yield from _problems(item, "Pod", _sum(found, "requests"), _sum(found, "limits"))


def _sum(found: list[Object], kind: str) -> Object:
    total: Object = {}
    for container in found:
        for name, value in container.get("resources", {}).get(kind, {}).items():
            added = quantity.parse(total.get(name, "0")) + quantity.parse(value)
            binary = str(value).endswith("i")
            total[name] = quantity.render(added, binary=binary)
    return total


def _claim(call: Call, claim: Object) -> Iterator[str]:
    requests = claim["spec"].get("resources", {}).get("requests", {})
    for item in _items(call, "PersistentVolumeClaim"):
        yield from _problems(item, "PersistentVolumeClaim", requests, requests, most="request")


def _problems(
    item: Object, type_: str, requests: Object, limits: Object, most: str = "limit"
) -> Iterator[str]:
    for name, least in item.get("min", {}).items():
        given = requests.get(name)
        if given is None:
            yield f"minimum {name} usage per {type_} is {least}.  No request is specified"
        elif quantity.parse(given) < quantity.parse(least):
            yield f"minimum {name} usage per {type_} is {least}, but request is {given}"
    for name, largest in item.get("max", {}).items():
        given = limits.get(name)
        if given is None:
            yield f"maximum {name} usage per {type_} is {largest}.  No limit is specified"
        elif quantity.parse(given) > quantity.parse(largest):
            yield f"maximum {name} usage per {type_} is {largest}, but {most} is {given}"
    for name, ratio in item.get("maxLimitRequestRatio", {}).items():
        if problem := _ratio_problem(ratio, requests.get(name), limits.get(name)):
            yield f"{name} max limit to request ratio per {type_} is {ratio}, but {problem}"


def _ratio_problem(ratio: str, request: Any, limit: Any) -> str:
    """Return what is wrong with a limit beside its request; empty where nothing is."""
    for given, word in ((request, "request"), (limit, "limit")):
        if given is None or not quantity.parse(given):
            return f"no {word} is specified or {word} is 0"
    provided = quantity.parse(limit) / quantity.parse(request)
    return f"provided ratio is {float(provided):f}" if provided > quantity.parse(ratio) else ""
