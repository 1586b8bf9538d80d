"""Discovery, schemas and tables: what clients need before and beside the objects."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from jhos.sandbox import discovery, openapi, tables
from jhos.sandbox.kinds import BY_KEY, KINDS
from tests.sandbox.server import CORE, Api, config_map, pod, serving

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(tmp_path) as running:
        yield running


def test_every_kind_is_discovered_in_its_group() -> None:
    for kind in KINDS:
        found = discovery.resource_list(kind.group, kind.version)
        assert found is not None
        assert kind.plural in [resource["name"] for resource in found["resources"]]


def test_every_group_has_a_schema_document_whose_references_lead_somewhere() -> None:
    index = openapi.document(["v3"])
    assert index is not None
    for name in index["paths"]:
        document = openapi.document(["v3", *name.split("/")])
        assert document is not None
        schemas = document["components"]["schemas"]
        text = str(document)
        assert all(f"'#/components/schemas/{name}'" in text or name in schemas for name in schemas)


def test_every_table_is_of_a_kind_that_is_served() -> None:
    assert tables.COLUMNS.keys() <= BY_KEY.keys()


@pytest.mark.parametrize("path", ["/healthz", "/livez", "/readyz"])
async def test_health_is_plain_text(api: Api, path: str) -> None:
    assert await api.get(path) == "ok"


async def test_an_unknown_group_is_not_found_as_text(api: Api) -> None:
    assert await api.get("/apis/nonsense.example.com/v1") == "404 page not found\n"


async def test_pods_come_as_a_table(api: Api) -> None:
    await api.post(f"{CORE}/pods", pod("a"))
    answer = await api.get(f"{CORE}/pods", Accept=TABLE)
    assert answer["kind"] == "Table"
    assert [c["name"] for c in answer["columnDefinitions"]][:4] == [
        "Name", "Ready", "Status", "Restarts",
    ]  # fmt: skip
    assert answer["rows"][0]["cells"][:4] == ["a", "0/1", "Pending", "0"]


async def test_a_quota_is_shown_with_what_is_used_of_it(api: Api) -> None:
    hard = {"pods": "5", "limits.memory": "4Gi"}
    await api.post(f"{CORE}/resourcequotas", {"metadata": {"name": "q"}, "spec": {"hard": hard}})
    status = {"hard": hard, "used": {"pods": "2", "limits.memory": "1Gi"}}
    await api.patch(f"{CORE}/resourcequotas/q/status", {"status": status})
    answer = await api.get(f"{CORE}/resourcequotas", Accept=TABLE)
    assert answer["rows"][0]["cells"][:3] == ["q", "pods: 2/5", "limits.memory: 1Gi/4Gi"]


async def test_a_watch_of_tables_names_its_columns_once(api: Api) -> None:
    for name in "ab":
        await api.post(f"{CORE}/configmaps", config_map(name))
    url = f"{CORE}/configmaps?watch=1&timeoutSeconds=1"
    async with api.http.get(url, headers={"Accept": TABLE}) as answer:
        lines = [line async for line in answer.content]
    assert len(lines) == 2
    assert b'"columnDefinitions":null' in lines[1]
