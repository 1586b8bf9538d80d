"""Many who write at once: no write is lost, every watch tells the same story, the file agrees."""

import asyncio
from pathlib import Path
from typing import Any

from jhos.sandbox.store import Store
from tests.sandbox.server import CORE, Api, config_map, serving

WRITERS, ROUNDS, NAMES = 8, 25, 5
MAPS = f"{CORE}/configmaps"


async def send(api: Api, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """`Api.status` would be that of whichever request ended last."""
    async with api.http.request(method, path, json=body) as answer:
        return answer.status, await answer.json()


async def count_up(api: Api) -> None:
    """As every client does: read, change, write, and again where another was quicker."""
    for _ in range(ROUNDS):
        status = 409
        while status == 409:
            _, counter = await send(api, "GET", f"{MAPS}/counter")
            counter["data"]["n"] = str(int(counter["data"]["n"]) + 1)
            status, _ = await send(api, "PUT", f"{MAPS}/counter", counter)
        assert status == 200


async def come_and_go(api: Api, number: int) -> None:
    for turn in range(ROUNDS):
        name = f"m{(number + turn) % NAMES}"
        await send(api, "POST", MAPS, config_map(name, by=str(number)))
        await send(api, "PUT", f"{MAPS}/{name}", config_map(name, by=str(number), turn=str(turn)))
        if turn % 2:
            await send(api, "DELETE", f"{MAPS}/{name}")


def replayed(events: list[tuple[str, Any]]) -> dict[str, Any]:
    """What there is after these events; versions must only grow."""
    found: dict[str, Any] = {}
    last = 0
    for kind, obj in events:
        name, version = obj["metadata"]["name"], int(obj["metadata"]["resourceVersion"])
        assert version > last
        last = version
        assert (kind == "ADDED") is (name not in found)
        if kind == "DELETED":
            del found[name]
        else:
            found[name] = obj
    return found


async def test_no_counted_write_is_lost(tmp_path: Path) -> None:
    async with serving(tmp_path) as api:
        await send(api, "POST", MAPS, config_map("counter", n="0"))
        await asyncio.gather(*(count_up(api) for _ in range(WRITERS)))
        _, counter = await send(api, "GET", f"{MAPS}/counter")
        assert counter["data"] == {"n": str(WRITERS * ROUNDS)}


async def test_a_watch_a_list_and_the_file_agree(tmp_path: Path) -> None:
    store = Store(tmp_path / "store.sqlite")
    async with serving(tmp_path, store) as api:
        _, before = await send(api, "GET", MAPS)
        start = before["metadata"]["resourceVersion"]
        query = f"resourceVersion={start}"
        watches = [asyncio.create_task(api.watch(MAPS, query)) for _ in range(3)]
        await asyncio.gather(*(come_and_go(api, number) for number in range(WRITERS)))
        stories = await asyncio.gather(*watches)
        whole = await api.watch(MAPS, query)
        _, after = await send(api, "GET", MAPS)
        listed = {item["metadata"]["name"]: item["data"] for item in after["items"]}
    known = {item["metadata"]["name"]: item for item in before["items"]}
    assert {n: o["data"] for n, o in (known | replayed(whole)).items()} == listed
    assert all(story == whole[: len(story)] for story in stories)
    again = Store(tmp_path / "store.sqlite")
    kept = {o["metadata"]["name"]: o["data"] for o in again.objects("configmaps", "demo")}
    again.close()
    assert kept == listed
