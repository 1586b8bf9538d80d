"""Reading what is stored: one object, lists by selector and page, the changes that a watch sees."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from jhos.sandbox import failure, selectors
from jhos.sandbox.call import Call
from jhos.sandbox.failure import Failure
from jhos.sandbox.store import Event, Expired

Object = dict[str, Any]


def get(call: Call) -> Object:
    """The object that the call names; raises Failure 404."""
    found = call.store.get(call.kind.key, call.namespace, call.name)
    if found is None:
        raise failure.not_found(call.kind.group, call.kind.plural, call.name)
    return found


def selected(call: Call) -> list[Object]:
    """All that the selectors of the call take, as it is now."""
    selector = _selector(call)
    objects = call.store.objects(call.kind.key, call.namespace)
    return [obj for obj in objects if selector is None or selector(obj)]


def _selector(call: Call) -> selectors.Predicate | None:
    query = call.query
    labels, fields = query.get("labelSelector", ""), query.get("fieldSelector", "")
    return selectors.matcher(labels, fields, call.kind.key)


def listing(call: Call) -> tuple[list[Object], Object]:
    """The selected objects and the metadata of the list, a page of them where `limit` says so."""
    selector = _selector(call)
    limit = _number(call.query.get("limit", ""))
    start, version = _continuation(call.query.get("continue", ""))
    at = version or _exact_version(call)
    objects = _objects(call, at)
    if start:
        objects = [obj for obj in objects if _place(obj) > start]
    page, rest = _page(objects, selector, limit)
    meta: Object = {"resourceVersion": str(at or call.store.version)}
    if rest:
        token = {"rv": int(meta["resourceVersion"]), "start": _place(page[-1])}
        meta["continue"] = urlsafe_b64encode(json.dumps(token).encode()).decode()
        if selector is None:
            meta["remainingItemCount"] = rest
    return page, meta


def _page(
    objects: list[Object], selector: selectors.Predicate | None, limit: int
) -> tuple[list[Object], int]:
    """The first selected objects, and how many follow the last, selected or not: as etcd's."""
    if not limit:
        return [obj for obj in objects if selector is None or selector(obj)], 0
    page: list[Object] = []
    for number, obj in enumerate(objects):
        if len(page) == limit:
            return page, len(objects) - number
        if selector is None or selector(obj):
            page.append(obj)
    return page, 0


def _objects(call: Call, at: int | None) -> list[Object]:
    try:
        return call.store.objects(call.kind.key, call.namespace, at)
    except Expired:
        raise Failure(
            410,
            "The provided continue parameter is too old to display a consistent list result. "
            "You can start a new list without the continue parameter.",
        ) from None


def _place(obj: Object) -> str:
    return f"{obj['metadata'].get('namespace', '')}/{obj['metadata']['name']}"


def _number(text: str) -> int:
    try:
        return int(text or 0)
    except ValueError:
        why = f'strconv.ParseInt: parsing "{text}": invalid syntax'
        raise failure.bad_request(why) from None


def _continuation(token: str) -> tuple[str, int | None]:
    if not token:
        return "", None
    try:
        fields = json.loads(urlsafe_b64decode(token))
        return str(fields["start"]), int(fields["rv"])
    except (ValueError, KeyError, TypeError):
        why = f"invalid continue token: continue key is not valid: {token}"
        raise failure.bad_request(why) from None


def _exact_version(call: Call) -> int | None:
    """The past version that is asked for, after a look at what else is said of versions."""
    text = call.query.get("resourceVersion", "")
    match = call.query.get("resourceVersionMatch", "")
    if match and not text:
        why = "resourceVersionMatch is forbidden unless resourceVersion is provided"
        cause = failure.forbidden_field("resourceVersionMatch", why)
        raise failure.invalid("meta.k8s.io", "ListOptions", "", [cause])
    version = parse_version(text)
    if version is None:
        why = f'resourceVersion: Invalid value: "{text}": strconv.ParseUint: parsing "{text}": '
        raise failure.bad_request(f"invalid resource version: {why}invalid syntax")
    check_not_future(call, version)
    return version if match == "Exact" and version else None


def parse_version(text: str) -> int | None:
    """0 for none; None where it cannot be read."""
    return int(text or 0) if text.isdecimal() or not text else None


def check_not_future(call: Call, version: int) -> None:
    if version > call.store.version:
        cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
        raise Failure(
            504,
            f"Timeout: Too large resource version: {version}, current: {call.store.version}",
            details={"causes": [cause], "retryAfterSeconds": 1},
        )


def matches(call: Call) -> Callable[[Event], Event | None]:
    """A filter of events: what leaves the selection becomes DELETED, what comes in ADDED."""
    selector = _selector(call)
    namespace = call.namespace

    def seen(event: Event) -> Event | None:
        if namespace and event.object["metadata"].get("namespace") != namespace:
            return None
        if selector is None:
            return event
        now = selector(event.object)
        unknown = event.before is None and event.type == "MODIFIED"
        before = unknown or (event.before is not None and selector(event.before))
        if event.type == "DELETED":
            return event if before or now else None
        if now:
            return event if before or event.type == "ADDED" else replace(event, type="ADDED")
        if before:
            last = event.before or event.object
            return replace(event, type="DELETED", object=_at_version(last, event))
        return None

    return seen


def _at_version(obj: Object, event: Event) -> Object:
    """The last selected state, under the version of the change that ended it."""
    meta = {**obj["metadata"], "resourceVersion": str(event.version)}
    return {**obj, "metadata": meta}
