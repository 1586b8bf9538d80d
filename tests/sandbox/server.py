"""An API server of its own for a test, asked over a unix socket as the cluster's admin."""

import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from jhos.sandbox.api import Cluster, create_app, runner, serve
from jhos.sandbox.pki import Pki
from jhos.sandbox.store import Store

Object = dict[str, Any]
CORE, APPS = "/api/v1/namespaces/demo", "/apis/apps/v1/namespaces/demo"
MEDIA = {
    "merge": "application/merge-patch+json",
    "json": "application/json-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "apply": "application/apply-patch+yaml",
}


@dataclass
class Api:
    """Requests to the server; `status` is that of the last answer."""

    http: aiohttp.ClientSession
    store: Store
    status: int = 0

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        data = body if body is None or isinstance(body, bytes) else json.dumps(body)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.http.request(method, path, data=data, headers=named) as answer:
            self.status = answer.status
            text = await answer.text()
            return json.loads(text) if "json" in answer.content_type else text

    async def get(self, path: str, **headers: str) -> Any:
        return await self.ask("GET", path, **headers)

    async def post(self, path: str, body: Any) -> Any:
        return await self.ask("POST", path, body, Content_Type="application/json")

    async def put(self, path: str, body: Any) -> Any:
        return await self.ask("PUT", path, body, Content_Type="application/json")

    async def patch(self, path: str, body: Any, kind: str = "merge") -> Any:
        return await self.ask("PATCH", path, body, Content_Type=MEDIA[kind])

    async def delete(self, path: str, **options: Any) -> Any:
        return await self.ask("DELETE", path, options or None, Content_Type="application/json")

    async def watch(self, path: str, query: str) -> list[tuple[str, Object]]:
        """The events of a watch that ends within a second."""
        url = f"{path}?watch=1&timeoutSeconds=1&{query}"
        async with self.http.get(url) as answer:
            events = [json.loads(line) async for line in answer.content]
        return [(event["type"], event["object"]) for event in events]


@asynccontextmanager
async def serving(directory: Path, store: Store | None = None, **known: Any) -> AsyncIterator[Api]:
    """A server with the namespace `demo` and its default service account."""
    store = store or Store()
    socket = directory / "api.sock"
    running = await serve(create_app(store, Cluster(token_key=b"key", **known)), socket)
    connector = aiohttp.UnixConnector(str(socket))
    agent = {"User-Agent": "tests/1"}
    try:
        async with aiohttp.ClientSession("http://api/", connector=connector, headers=agent) as http:
            api = Api(http, store)
            await api.post("/api/v1/namespaces", {"metadata": {"name": "demo"}})
            await api.post(f"{CORE}/serviceaccounts", {"metadata": {"name": "default"}})
            yield api
    finally:
        await running.cleanup()
        store.close()


@asynccontextmanager
async def serving_over_tls(directory: Path) -> AsyncIterator[Api]:
    """As the ordinary user `alice`, by token; the cluster's admin has the token `root-token`."""
    pki = Pki(directory / "pki")
    pki.ensure()
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(pki.certificate, pki.key)
    trusted = ssl.create_default_context(cafile=str(pki.ca))
    store = Store()
    tokens = {"alice-token": ("alice", ()), "root-token": ("root", ("system:masters",))}
    running = runner(create_app(store, Cluster(tokens=tokens, token_key=b"key")))
    await running.setup()
    await web.TCPSite(running, "127.0.0.1", 0, ssl_context=server).start()
    address = f"https://127.0.0.1:{running.addresses[0][1]}/"
    headers = {"Authorization": "Bearer alice-token"}
    connector = aiohttp.TCPConnector(ssl=trusted)
    async with aiohttp.ClientSession(address, headers=headers, connector=connector) as http:
        yield Api(http, store)
    await running.cleanup()
    store.close()


def config_map(name: str, **data: str) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def deployment(name: str, **container: Any) -> Object:
    labels = {"app": name}
    template = {
        "metadata": {"labels": labels},
        "spec": {"containers": [{"name": "main", "image": "example.com/i:1", **container}]},
    }
    spec = {"selector": {"matchLabels": labels}, "template": template}
    meta = {"name": name}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec}


def pod(name: str, **spec: Any) -> Object:
    containers = [{"name": "main", "image": "example.com/i:1"}]
    meta = {"name": name}
    return {"kind": "Pod", "metadata": meta, "spec": {"containers": containers, **spec}}
