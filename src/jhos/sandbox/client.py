"""The API client of the sandbox's own controllers, router and node: an ordinary one.

Objects are plain dicts as on the wire. A resource is named by its path below the server,
`api/v1/pods` or `apis/apps/v1/deployments`.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import aiohttp

Object = dict[str, Any]
log = logging.getLogger(__name__)

PATCH_TYPES = {
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "json": "application/json-patch+json",
}


class ApiError(Exception):
    """An answer of the API that is not a success."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.code, self.reason = code, reason


class ApiClient:
    """Requests to one API server over a unix socket, `async with ApiClient(path) as client`."""

    def __init__(self, socket: Path, user_agent: str = "kube-controller-manager") -> None:
        self.socket, self.user_agent = socket, user_agent

    async def __aenter__(self) -> Self:
        self.http = aiohttp.ClientSession(
            "http://sandbox/",
            connector=aiohttp.UnixConnector(str(self.socket), limit=0),
            headers={"User-Agent": self.user_agent},
            timeout=aiohttp.ClientTimeout(total=60),
            read_bufsize=2**22,  # a watch event is one line
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.close()

    async def get(self, resource: str, namespace: str | None, name: str) -> Object:
        return await self._request("GET", path(resource, namespace, name))

    async def list(self, resource: str, namespace: str | None = None, **query: str) -> list[Object]:
        """Items only; `query` as on the wire, for example `labelSelector="app=x"`."""
        answer = await self._request("GET", path(resource, namespace), params=query)
        items: list[Object] = answer["items"]
        return items

    async def create(self, resource: str, obj: Object) -> Object:
        namespace = obj["metadata"].get("namespace")
        return await self._request("POST", path(resource, namespace), json=obj)

    async def post(self, resource: str, namespace: str | None, tail: str, body: Object) -> Object:
        """To a subresource, for example `post("api/v1/serviceaccounts", ns, "hub/token", …)`."""
        return await self._request("POST", f"{path(resource, namespace)}/{tail}", json=body)

    async def update(self, resource: str, obj: Object, subresource: str = "") -> Object:
        meta = obj["metadata"]
        where = path(resource, meta.get("namespace"), meta["name"], subresource)
        return await self._request("PUT", where, json=obj)

    async def patch(
        self,
        resource: str,
        namespace: str | None,
        name: str,
        body: Any,
        subresource: str = "",
        kind: str = "merge",
    ) -> Object:
        return await self._request(
            "PATCH",
            path(resource, namespace, name, subresource),
            data=json.dumps(body),
            headers={"Content-Type": PATCH_TYPES[kind]},
        )

    async def apply(self, resource: str, obj: Object, manager: str) -> Object:
        """Server-side apply that takes fields over, as controllers send it."""
        meta = obj["metadata"]
        return await self._request(
            "PATCH",
            path(resource, meta.get("namespace"), meta["name"]),
            params={"fieldManager": manager, "force": "true"},
            data=json.dumps(obj),
            headers={"Content-Type": "application/apply-patch+yaml"},
        )

    async def delete(self, resource: str, namespace: str | None, name: str, **options: Any) -> None:
        """Gone already is well; `options` are DeleteOptions, as `gracePeriodSeconds=0`."""
        with suppress_not_found():
            await self._request("DELETE", path(resource, namespace, name), json=options or None)

    async def watch(
        self, resource: str, namespace: str | None = None, **query: str
    ) -> AsyncIterator[tuple[str, Object]]:
        """Without end: every object as ADDED first, then each change; `("SYNCED", {})` between.

        After a lost connection it goes on where it was, after 410 it lists again: objects that
        went meanwhile come as DELETED.
        """
        known: dict[str, Object] = {}
        version: str | None = None
        where = path(resource, namespace)
        while True:
            try:
                if version is None:
                    answer = await self._request("GET", where, params=query)
                    listed = {item["metadata"]["uid"]: item for item in answer["items"]}
                    for uid in known.keys() - listed.keys():
                        yield "DELETED", known.pop(uid)
                    for uid, item in listed.items():
                        event = "MODIFIED" if uid in known else "ADDED"
                        known[uid] = item
                        yield event, item
                    version = answer["metadata"]["resourceVersion"]
                    yield "SYNCED", {}
                params = {**query, "watch": "1", "resourceVersion": version,
                          "allowWatchBookmarks": "true"}  # fmt: skip
                async with self.http.get(
                    where, params=params, timeout=aiohttp.ClientTimeout(total=None)
                ) as answer_stream:
                    if answer_stream.status == 410:
                        version = None
                        continue
                    answer_stream.raise_for_status()
                    async for line in answer_stream.content:
                        event_type, obj = (data := json.loads(line))["type"], data["object"]
                        if event_type == "ERROR":
                            version = None
                            break
                        version = obj["metadata"]["resourceVersion"]
                        if event_type == "BOOKMARK":
                            continue
                        if event_type == "DELETED":
                            known.pop(obj["metadata"]["uid"], None)
                        else:
                            known[obj["metadata"]["uid"]] = obj
                        yield event_type, obj
            except (aiohttp.ClientError, TimeoutError, ValueError) as error:
                log.debug("watch of %s broke: %s", where, error)
                await asyncio.sleep(0.5)

    async def _request(self, method: str, where: str, **arguments: Any) -> Object:
        async with self.http.request(method, where, **arguments) as answer:
            body: Object = await answer.json(content_type=None)
            if answer.status >= 400:
                raise ApiError(answer.status, body.get("reason", ""), body.get("message", ""))
            return body


def path(resource: str, namespace: str | None, name: str = "", subresource: str = "") -> str:
    """`api/v1/pods`, `ns`, `a`, `status` → `/api/v1/namespaces/ns/pods/a/status`."""
    group, plural = resource.rsplit("/", 1)
    scope = f"/namespaces/{namespace}" if namespace else ""
    return "/" + "/".join(part for part in (group + scope, plural, name, subresource) if part)


@contextmanager
def suppress_not_found() -> Iterator[None]:
    """Takes an ApiError 404 for success."""
    try:
        yield
    except ApiError as error:
        if error.code != 404:
            raise


async def keep_up(
    events: AsyncIterator[tuple[str, Object]], act: Callable[[str, Object], Awaitable[None]]
) -> None:
    """Call `act` for each event; an error in one is logged and does not stop the rest."""
    async for event, obj in events:
        try:
            await act(event, obj)
        except Exception:
            log.exception("while acting on %s %s", event, obj.get("metadata", {}).get("name"))
