"""The API server by HTTP: objects written, read, listed, watched, patched and deleted."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from jhos.sandbox.store import Store
from tests.sandbox.server import APPS, CORE, Api, config_map, deployment, pod, serving

MAPS = f"{CORE}/configmaps"


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(tmp_path) as running:
        yield running


def names(answer: Any) -> list[str]:
    return [item["metadata"]["name"] for item in answer["items"]]


async def test_a_created_object_has_what_the_server_gives_it(api: Api) -> None:
    made = await api.post(MAPS, config_map("a", x="1"))
    assert api.status == 201
    assert {"uid", "creationTimestamp", "resourceVersion"} <= made["metadata"].keys()
    assert await api.get(f"{MAPS}/a") == made


async def test_what_is_there_cannot_be_created_again(api: Api) -> None:
    await api.post(MAPS, config_map("a"))
    assert (await api.post(MAPS, config_map("a")))["reason"] == "AlreadyExists"


async def test_a_missing_object_is_not_found_by_name_and_group(api: Api) -> None:
    answer = await api.get(f"{APPS}/deployments/none")
    assert (api.status, answer["message"]) == (404, 'deployments.apps "none" not found')
    assert answer["details"] == {"name": "none", "group": "apps", "kind": "deployments"}


async def test_a_name_is_generated(api: Api) -> None:
    body = {"metadata": {"generateName": "notebook-"}}
    name = (await api.post(MAPS, body))["metadata"]["name"]
    assert name.startswith("notebook-")
    assert len(name) == len("notebook-") + 5


async def test_a_dry_run_keeps_nothing(api: Api) -> None:
    await api.post(f"{MAPS}?dryRun=All", config_map("a"))
    assert api.status == 201
    await api.get(f"{MAPS}/a")
    assert api.status == 404


async def test_a_stale_version_conflicts(api: Api) -> None:
    old = await api.post(MAPS, config_map("a", x="1"))
    await api.patch(f"{MAPS}/a", {"data": {"x": "2"}})
    answer = await api.put(f"{MAPS}/a", old)
    assert (api.status, answer["reason"]) == (409, "Conflict")


async def test_a_write_without_effect_keeps_the_version(api: Api) -> None:
    made = await api.post(MAPS, config_map("a", x="1"))
    same = await api.patch(f"{MAPS}/a", {"data": {"x": "1"}})
    assert same["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]


async def test_a_generation_counts_specs_and_not_labels(api: Api) -> None:
    await api.post(f"{APPS}/deployments", deployment("a"))
    labelled = await api.patch(f"{APPS}/deployments/a", {"metadata": {"labels": {"x": "y"}}})
    assert labelled["metadata"]["generation"] == 1
    scaled = await api.patch(f"{APPS}/deployments/a", {"spec": {"replicas": 3}})
    assert scaled["metadata"]["generation"] == 2


async def test_the_status_is_written_only_through_its_subresource(api: Api) -> None:
    await api.post(f"{APPS}/deployments", deployment("a"))
    change = {"status": {"replicas": 1}, "spec": {"replicas": 5}}
    whole = await api.patch(f"{APPS}/deployments/a", {"status": change["status"]})
    assert whole["status"] == {}
    half = await api.patch(f"{APPS}/deployments/a/status", change)
    assert half["status"] == {"replicas": 1}
    assert half["spec"]["replicas"] == 1


async def test_strict_validation_refuses_unknown_fields(api: Api) -> None:
    answer = await api.post(f"{MAPS}?fieldValidation=Strict", {**config_map("a"), "date": {}})
    assert answer["message"].endswith('strict decoding error: unknown field "date"')


async def test_items_of_a_list_have_no_kind_and_the_list_a_version(api: Api) -> None:
    await api.post(MAPS, config_map("a"))
    answer = await api.get(MAPS)
    assert (answer["kind"], "kind" in answer["items"][0]) == ("ConfigMapList", False)
    assert answer["metadata"]["resourceVersion"] == str(api.store.version)


async def test_a_list_comes_in_pages_of_one_version(api: Api) -> None:
    for name in "abc":
        await api.post(MAPS, config_map(name))
    first = await api.get(f"{MAPS}?limit=2")
    await api.delete(f"{MAPS}/c")
    rest = await api.get(f"{MAPS}?limit=2&continue={first['metadata']['continue']}")
    assert (names(first), names(rest)) == (["a", "b"], ["c"])
    assert first["metadata"]["remainingItemCount"] == 1
    assert "continue" not in rest["metadata"]


async def test_metadata_alone_can_be_asked_for(api: Api) -> None:
    await api.post(MAPS, config_map("a", x="1"))
    accept = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
    answer = await api.get(MAPS, Accept=accept)
    assert answer["kind"] == "PartialObjectMetadataList"
    assert "data" not in answer["items"][0]


async def test_yaml_is_taken_and_given(api: Api) -> None:
    body = b"{metadata: {name: a}, data: {x: y}}"
    text = await api.ask("POST", MAPS, body, Content_Type="application/yaml",
                         Accept="application/yaml")  # fmt: skip
    assert (api.status, "kind: ConfigMap" in text) == (201, True)


async def test_protobuf_is_refused_in_words(api: Api) -> None:
    media = "application/vnd.kubernetes.protobuf"
    answer = await api.ask("POST", MAPS, b"k8s\0", Content_Type=media)
    assert (api.status, answer["reason"]) == (415, "UnsupportedMediaType")


async def test_a_watch_goes_on_from_a_version(api: Api) -> None:
    version = (await api.get(MAPS))["metadata"]["resourceVersion"]
    await api.post(MAPS, config_map("a", x="1"))
    await api.patch(f"{MAPS}/a", {"data": {"x": "2"}})
    await api.delete(f"{MAPS}/a")
    events = await api.watch(MAPS, f"resourceVersion={version}")
    assert [event for event, _ in events] == ["ADDED", "MODIFIED", "DELETED"]
    versions = [int(obj["metadata"]["resourceVersion"]) for _, obj in events]
    assert versions == sorted(set(versions))


async def test_a_selecting_watch_sees_leaving_and_coming_back(api: Api) -> None:
    version = (await api.get(MAPS))["metadata"]["resourceVersion"]
    await api.post(MAPS, {**config_map("a"), "metadata": {"name": "a", "labels": {"app": "x"}}})
    await api.patch(f"{MAPS}/a", {"metadata": {"labels": {"app": None}}})
    await api.patch(f"{MAPS}/a", {"metadata": {"labels": {"app": "y"}}})
    events = await api.watch(MAPS, f"resourceVersion={version}&labelSelector=app")
    assert [event for event, _ in events] == ["ADDED", "DELETED", "ADDED"]


async def test_a_watch_from_long_ago_has_expired(api: Api) -> None:
    [(event, status)] = await api.watch(MAPS, "resourceVersion=1")
    assert (event, status["code"]) == ("ERROR", 410)


async def test_initial_events_end_with_a_bookmark(api: Api) -> None:
    await api.post(MAPS, config_map("a"))
    query = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    (first, _), (last, mark) = (await api.watch(MAPS, query))[:2]
    assert (first, last) == ("ADDED", "BOOKMARK")
    assert mark["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


async def test_a_watch_resumes_after_a_restart(tmp_path: Path) -> None:
    async with serving(tmp_path, Store(tmp_path / "store")) as before:
        made = await before.post(MAPS, config_map("a"))
        await before.patch(f"{MAPS}/a", {"data": {"x": "1"}})
    async with serving(tmp_path, Store(tmp_path / "store")) as after:
        version = made["metadata"]["resourceVersion"]
        events = await after.watch(MAPS, f"resourceVersion={version}")
    assert [(event, obj["data"]) for event, obj in events] == [("MODIFIED", {"x": "1"})]


async def test_apply_creates_then_changes_then_conflicts(api: Api) -> None:
    await api.patch(f"{MAPS}/a?fieldManager=one", config_map("a", x="1"), "apply")
    assert api.status == 201
    await api.patch(f"{MAPS}/a?fieldManager=one", config_map("a", x="2"), "apply")
    assert api.status == 200
    answer = await api.patch(f"{MAPS}/a?fieldManager=two", config_map("a", x="3"), "apply")
    assert api.status == 409
    assert answer["details"]["causes"][0]["field"] == ".data.x"


async def test_applying_a_deployment_again_leaves_it_as_it_is(api: Api) -> None:
    path = f"{APPS}/deployments/a?fieldManager=one"
    config = deployment("a", resources={"limits": {"memory": "1024Mi"}})
    first = await api.patch(path, config, "apply")
    assert await api.patch(path, config, "apply") == first


async def test_apply_refuses_a_field_that_is_not_declared(api: Api) -> None:
    config = {**config_map("a"), "nonsense": 1}
    answer = await api.patch(f"{MAPS}/a?fieldManager=one", config, "apply")
    assert answer["message"].endswith(".nonsense: field not declared in schema")


async def test_a_json_patch_that_fails_is_invalid(api: Api) -> None:
    await api.post(MAPS, config_map("a", x="1"))
    change = [{"op": "test", "path": "/data/x", "value": "2"}]
    await api.patch(f"{MAPS}/a", change, "json")
    assert api.status == 422


async def test_a_finalizer_holds_an_object_until_it_is_taken_off(api: Api) -> None:
    body = {"metadata": {"name": "a", "finalizers": ["example.com/wait"]}}
    await api.post(MAPS, body)
    assert "deletionTimestamp" in (await api.delete(f"{MAPS}/a"))["metadata"]
    await api.get(f"{MAPS}/a")
    assert api.status == 200
    await api.patch(f"{MAPS}/a", {"metadata": {"finalizers": None}})
    await api.get(f"{MAPS}/a")
    assert api.status == 404


@pytest.mark.parametrize(
    ("policy", "finalizer"), [("Foreground", "foregroundDeletion"), ("Orphan", "orphan")]
)
async def test_propagation_is_a_finalizer(api: Api, policy: str, finalizer: str) -> None:
    await api.post(MAPS, config_map("a"))
    answer = await api.delete(f"{MAPS}/a", propagationPolicy=policy)
    assert answer["metadata"]["finalizers"] == [finalizer]


async def test_a_deletion_heeds_its_preconditions(api: Api) -> None:
    await api.post(MAPS, config_map("a"))
    await api.delete(f"{MAPS}/a", preconditions={"uid": "other"})
    assert api.status == 409


async def test_a_pod_on_a_node_is_given_time_until_the_node_deletes_it(api: Api) -> None:
    await api.post(f"{CORE}/pods", pod("a", terminationGracePeriodSeconds=7))
    await api.post(f"{CORE}/pods/a/binding", {"target": {"name": "sandbox"}})
    marked = await api.delete(f"{CORE}/pods/a")
    assert marked["metadata"]["deletionGracePeriodSeconds"] == 7
    await api.delete(f"{CORE}/pods/a", gracePeriodSeconds=0)
    await api.get(f"{CORE}/pods/a")
    assert api.status == 404


async def test_a_collection_is_deleted_by_label(api: Api) -> None:
    for name, label in (("a", "x"), ("b", "y")):
        await api.post(MAPS, {"metadata": {"name": name, "labels": {"app": label}}})
    await api.delete(f"{MAPS}?labelSelector=app=x")
    assert names(await api.get(f"{MAPS}?labelSelector=app")) == ["b"]


async def test_nothing_new_comes_into_a_namespace_that_goes(api: Api) -> None:
    gone = await api.delete("/api/v1/namespaces/demo")
    assert gone["status"]["phase"] == "Terminating"
    answer = await api.post(MAPS, config_map("a"))
    assert "because it is being terminated" in answer["message"]


async def test_a_namespace_goes_when_it_is_finalized(api: Api) -> None:
    await api.delete("/api/v1/namespaces/demo")
    body = {"metadata": {"name": "demo"}, "spec": {"finalizers": []}}
    await api.put("/api/v1/namespaces/demo/finalize", body)
    await api.get("/api/v1/namespaces/demo")
    assert api.status == 404


async def test_a_wrong_object_names_every_wrong_field(api: Api) -> None:
    spec = {"template": {"spec": {"containers": [{"image": "y"}]}}}
    answer = await api.post(f"{APPS}/deployments", {"metadata": {"name": "x"}, "spec": spec})
    fields = [cause["field"] for cause in answer["details"]["causes"]]
    assert fields == [
        "spec.selector",
        "spec.template.metadata.labels",
        "spec.template.spec.containers[0].name",
    ]


async def test_nulls_in_a_status_never_come_back(api: Api) -> None:
    await api.post(f"{CORE}/pods", pod("a"))
    state = {"running": {"startedAt": "2026-01-01T00:00:00Z"}, "terminated": None}
    status = {"containerStatuses": [{"name": "main", "state": state}]}
    answer = await api.patch(f"{CORE}/pods/a/status", {"status": status})
    assert "terminated" not in answer["status"]["containerStatuses"][0]["state"]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/apis/rbac.authorization.k8s.io/v1/namespaces/demo/roles", ("rules",)),
        (f"{CORE}/limitranges", ("spec", "limits")),
    ],
)
async def test_a_list_of_nothing_is_null_where_its_go_type_keeps_it(
    api: Api, path: str, field: tuple[str, ...]
) -> None:
    made = await api.post(path, {"metadata": {"name": "empty"}})
    assert api.status == 201
    for key in field:
        made = made[key]
    assert made is None


async def test_metadata_of_no_objects_is_null(api: Api) -> None:
    accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
    for path in (f"{CORE}/configmaps", f"{APPS}/deployments"):
        listed = await api.get(path, Accept=accept)
        assert listed["items"] is None
        assert (await api.get(path))["items"] == []
