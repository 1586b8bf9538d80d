"""What 5,000 pods cost the sandbox's API: lists, watches, memory, and each change of one.

    .venv/bin/python benchmarks/sandbox_pods.py [PODS]

The goals: a list within a second, and a change that costs as much beside 5,000 pods as beside 50.
The server runs in this process, so its memory is what is shown.
"""

import asyncio
import json
import resource
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from jhos.sandbox.api import Cluster, create_app, serve
from jhos.sandbox.store import Store

FEW, CHANGES, WATCHERS = 50, 200, 5
LIST_GOAL_S = 1.0
PODS = "/api/v1/namespaces/demo/pods"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


def pod(number: int) -> dict[str, Any]:
    """Of the size that a notebook server's has."""
    env = [{"name": f"VARIABLE_{n}", "value": f"value-{n}" * 4} for n in range(20)]
    size = {"cpu": "100m", "memory": "512Mi"}
    container: dict[str, Any] = {"name": "notebook", "image": "example.com/notebook:1", "env": env}
    container["resources"] = {"requests": size, "limits": size}
    labels = {"app": "hub", "component": "singleuser-server", "user": f"user-{number}"}
    return {
        "metadata": {"name": f"hub-nb-{number:05}", "labels": labels},
        "spec": {"containers": [container]},
    }


@asynccontextmanager
async def server() -> AsyncIterator[aiohttp.ClientSession]:
    with tempfile.TemporaryDirectory() as directory:
        socket = Path(directory) / "api.sock"
        store = Store(Path(directory) / "store.sqlite")
        running = await serve(create_app(store, Cluster(token_key=b"key")), socket)
        connector = aiohttp.UnixConnector(str(socket))
        async with aiohttp.ClientSession(
            "http://api/", connector=connector, read_bufsize=2**22
        ) as http:
            await send(http, "POST", "/api/v1/namespaces", {"metadata": {"name": "demo"}})
            account = {"metadata": {"name": "default"}}
            await send(http, "POST", "/api/v1/namespaces/demo/serviceaccounts", account)
            yield http
        await running.cleanup()
        store.close()


async def send(http: aiohttp.ClientSession, method: str, path: str, body: Any) -> None:
    async with http.request(method, path, json=body) as answer:
        assert answer.status < 300, await answer.text()


async def seconds_of(awaitable: Any) -> float:
    began = time.perf_counter()
    await awaitable
    return time.perf_counter() - began


async def fetch(http: aiohttp.ClientSession, query: str = "", accept: str = "") -> int:
    """How many bytes there are."""
    async with http.get(f"{PODS}?{query}", headers={"Accept": accept or "*/*"}) as answer:
        return len(await answer.read())


async def page_through(http: aiohttp.ClientSession) -> None:
    token = ""
    while True:
        async with http.get(PODS, params={"limit": "500", "continue": token}) as answer:
            token = json.loads(await answer.read())["metadata"].get("continue", "")
        if not token:
            return


async def change(http: aiohttp.ClientSession) -> float:
    """Seconds for each change of a pod until all watchers have it."""
    async with http.get(f"{PODS}?limit=1") as answer:
        version = json.loads(await answer.read())["metadata"]["resourceVersion"]
    watchers = [asyncio.create_task(follow(http, version)) for _ in range(WATCHERS)]
    began = time.perf_counter()
    for number in range(CHANGES):
        path, body = f"{PODS}/hub-nb-00001", {"metadata": {"labels": {"turn": str(number)}}}
        headers = {"Content-Type": "application/merge-patch+json"}
        async with http.patch(path, data=json.dumps(body), headers=headers) as answer:
            assert answer.status == 200
    await asyncio.gather(*watchers)
    return (time.perf_counter() - began) / CHANGES


async def follow(http: aiohttp.ClientSession, version: str) -> None:
    async with http.get(f"{PODS}?watch=1&resourceVersion={version}") as answer:
        for _ in range(CHANGES):
            await answer.content.readline()


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def main(count: int) -> None:
    async with server() as http:
        await make(http, range(FEW))
        beside_few, before = await change(http), peak_mib()
        began = time.perf_counter()
        await make(http, range(FEW, count))
        made_s = time.perf_counter() - began
        lists = {
            "list": min([await seconds_of(fetch(http)) for _ in range(3)]),
            "list of one label": await seconds_of(fetch(http, "labelSelector=user%3Duser-7")),
            "table": await seconds_of(fetch(http, "", TABLE)),
            "pages of 500": await seconds_of(page_through(http)),
            "watch from the start": await seconds_of(fetch(http, "watch=1&timeoutSeconds=0")),
        }
        beside_many = await change(http)
        print(f"{count} pods, {made_s / (count - FEW) * 1000:.1f} ms to make one")
        for name, time_s in lists.items():
            print(f"{name:22} {time_s * 1000:6.0f} ms")
        print(f"a change, {WATCHERS} watching: {beside_few * 1000:.1f} ms beside {FEW} pods, "
              f"{beside_many * 1000:.1f} ms beside {count}")  # fmt: skip
        print(f"memory {peak_mib():.0f} MiB at most, {before:.0f} MiB beside {FEW} pods")
        print(f"goal: a list within {LIST_GOAL_S:.0f} s")


async def make(http: aiohttp.ClientSession, numbers: range) -> None:
    for number in numbers:
        await send(http, "POST", PODS, pod(number))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000))
