"""Resources with a way of their own: projects, reviews, scales, images, builds, templates."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.server import APPS, CORE, Api, deployment, pod, serving, serving_over_tls

IMAGES = "/apis/image.openshift.io/v1/namespaces/demo"
BUILDS = "/apis/build.openshift.io/v1/namespaces/demo"
PROJECTS = "/apis/project.openshift.io/v1"
AUTHORIZATION = "/apis/authorization.k8s.io/v1"
DIGEST = "sha256:" + "1" * 64
REFERENCE = f"registry/x/hub@{DIGEST}"


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(tmp_path) as running:
        yield running


@pytest.fixture
async def alice(tmp_path: Path) -> AsyncIterator[Api]:
    """An ordinary user, by token over TLS."""
    async with serving_over_tls(tmp_path) as running:
        yield running


def request(name: str) -> dict[str, Any]:
    return {"metadata": {"name": name}, "displayName": "Mine"}


async def test_a_requested_project_belongs_to_who_asked(alice: Api) -> None:
    made = await alice.post(f"{PROJECTS}/projectrequests", request("mine"))
    assert (alice.status, made["kind"]) == (201, "Project")
    assert made["metadata"]["annotations"]["openshift.io/requester"] == "alice"
    await alice.post("/api/v1/namespaces/mine/configmaps", {"metadata": {"name": "a"}})
    assert alice.status == 201


async def test_projects_have_ranges_of_user_ids_of_their_own(alice: Api) -> None:
    note = "openshift.io/sa.scc.uid-range"
    made = [await alice.post(f"{PROJECTS}/projectrequests", request(n)) for n in ("a", "b")]
    first, second = (m["metadata"]["annotations"][note] for m in made)
    assert first != second
    assert first.endswith("/10000")


async def test_only_own_projects_are_listed(alice: Api) -> None:
    await alice.post(f"{PROJECTS}/projectrequests", request("mine"))
    listed = await alice.get(f"{PROJECTS}/projects")
    assert [item["metadata"]["name"] for item in listed["items"]] == ["mine"]


async def test_only_own_projects_are_watched(alice: Api) -> None:
    await alice.post(f"{PROJECTS}/projectrequests", request("mine"))
    events = await alice.watch(f"{PROJECTS}/projects", "resourceVersion=0")
    assert [(event, o["kind"], o["metadata"]["name"]) for event, o in events] == [
        ("ADDED", "Project", "mine")
    ]


async def test_an_ordinary_user_sees_nothing_of_others(alice: Api) -> None:
    answer = await alice.get("/api/v1/namespaces/default/pods")
    assert (alice.status, answer["reason"]) == (403, "Forbidden")


async def test_over_tls_a_bad_token_is_unauthorized(alice: Api) -> None:
    await alice.get("/api/v1", Authorization="Bearer wrong")
    assert alice.status == 401


async def test_one_may_ask_for_ones_rights(alice: Api) -> None:
    await alice.post(f"{PROJECTS}/projectrequests", request("mine"))
    path = f"{AUTHORIZATION}/selfsubjectaccessreviews"
    answers = []
    for namespace in ("mine", "default"):
        wanted = {"namespace": namespace, "verb": "create", "resource": "pods"}
        answers.append(await alice.post(path, {"spec": {"resourceAttributes": wanted}}))
    assert [answer["status"]["allowed"] for answer in answers] == [True, False]


async def test_a_service_account_token_is_accepted(alice: Api) -> None:
    await alice.post(f"{PROJECTS}/projectrequests", request("mine"))
    accounts = "/api/v1/namespaces/mine/serviceaccounts"
    await alice.post(accounts, {"metadata": {"name": "hub"}})
    answer = await alice.post(f"{accounts}/hub/token", {"spec": {}})
    headers = {"Authorization": f"Bearer {answer['status']['token']}"}
    path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    me = await alice.ask("POST", path, {}, Content_Type="application/json", **headers)
    assert me["status"]["userInfo"]["username"] == "system:serviceaccount:mine:hub"


async def test_a_scale_reads_and_writes_the_replicas(api: Api) -> None:
    await api.post(f"{APPS}/deployments", deployment("a"))
    scale = await api.patch(f"{APPS}/deployments/a/scale", {"spec": {"replicas": 3}})
    assert (scale["kind"], scale["spec"], scale["status"]["selector"]) == (
        "Scale",
        {"replicas": 3},
        "app=a",
    )
    assert (await api.get(f"{APPS}/deployments/a"))["spec"]["replicas"] == 3


async def test_a_pod_without_a_node_has_no_log(api: Api) -> None:
    await api.post(f"{CORE}/pods", pod("a"))
    await api.get(f"{CORE}/pods/a/log")
    assert api.status == 204


@pytest.mark.parametrize(
    ("statuses", "why"),
    [
        ([], "is not available"),
        ([{"waiting": {"reason": "ContainerCreating"}}],
         "is waiting to start: ContainerCreating"),
        ([{"waiting": {"reason": "ErrImagePull"}}],
         "is waiting to start: image can't be pulled"),
        ([{"waiting": {"reason": "ImagePullBackOff"}}],
         "is waiting to start: trying and failing to pull image"),
    ],
)  # fmt: skip
async def test_a_container_that_has_not_started_has_no_log(
    api: Api, statuses: list[dict[str, Any]], why: str
) -> None:
    await api.post(f"{CORE}/pods", pod("a"))
    await api.post(f"{CORE}/pods/a/binding", {"target": {"name": "sandbox"}})
    told = [status("main", state=state) for state in statuses]
    await api.patch(f"{CORE}/pods/a/status", {"status": {"containerStatuses": told}})
    answer = await api.get(f"{CORE}/pods/a/log")
    assert (api.status, answer["reason"]) == (400, "BadRequest")
    assert answer["message"] == f'container "main" in pod "a" {why}'


def status(name: str, **states: Any) -> dict[str, Any]:
    """Of a container."""
    always = {"ready": True, "restartCount": 1, "image": "i", "imageID": ""}
    return {"name": name, **always, **states}


async def test_the_log_comes_from_the_hook(tmp_path: Path) -> None:
    async def lines(namespace: str, name: str, container: str, _: Any) -> AsyncIterator[bytes]:
        yield f"{namespace}/{name}/{container}\n".encode()

    async with serving(tmp_path, pod_logs=lines) as api:
        await api.post(f"{CORE}/pods", pod("a"))
        await api.post(f"{CORE}/pods/a/binding", {"target": {"name": "sandbox"}})
        running = status("main", state={"running": {}})
        await api.patch(f"{CORE}/pods/a/status", {"status": {"containerStatuses": [running]}})
        assert await api.get(f"{CORE}/pods/a/log") == "demo/a/main\n"
        told = await api.get(f"{CORE}/pods/a/log?previous=true")
        assert (api.status, told["message"]) == (
            400,
            'previous terminated container "main" in pod "a" not found',
        )
        ended = status("main", lastState={"terminated": {"exitCode": 1}})
        await api.patch(f"{CORE}/pods/a/status", {"status": {"containerStatuses": [ended]}})
        assert await api.get(f"{CORE}/pods/a/log?previous=true") == "demo/a/main\n"


async def tag(api: Api, name: str = "hub", digest: str = DIGEST, **spec: Any) -> None:
    await api.post(f"{IMAGES}/imagestreams", {"metadata": {"name": name}, "spec": spec})
    config = {"Labels": {"io.openshift.s2i.scripts-url": "image:///usr/libexec/s2i"}}
    image = {
        "metadata": {"name": digest},
        "dockerImageReference": f"registry/x/hub@{digest}",
        "dockerImageMetadata": {"Config": config},
    }
    body = {"metadata": {"name": name}, "tag": "latest", "image": image}
    await api.post(f"{IMAGES}/imagestreammappings", body)


async def test_a_mapping_tags_an_image_with_its_metadata(api: Api) -> None:
    await tag(api)
    found = await api.get(f"{IMAGES}/imagestreamtags/hub:latest")
    assert found["image"]["dockerImageReference"] == REFERENCE
    assert "Labels" in found["image"]["dockerImageMetadata"]["Config"]


async def test_a_newer_image_comes_first_and_pointing_tags_follow(api: Api) -> None:
    await tag(api)
    pointer = {"name": "stable", "from": {"kind": "ImageStreamTag", "name": "latest"}}
    await api.patch(f"{IMAGES}/imagestreams/hub", {"spec": {"tags": [pointer]}})
    newer = "sha256:" + "2" * 64
    await tag(api, digest=newer)
    stream = await api.get(f"{IMAGES}/imagestreams/hub")
    items = {t["tag"]: [i["image"] for i in t["items"]] for t in stream["status"]["tags"]}
    assert items == {"latest": [newer, DIGEST], "stable": [newer, DIGEST]}


async def test_a_tag_is_made_and_deleted_by_its_own_resource(api: Api) -> None:
    await tag(api)
    source = {"kind": "ImageStreamImage", "name": f"hub@{DIGEST}"}
    body = {"metadata": {"name": "hub:old"}, "tag": {"from": source}}
    made = await api.post(f"{IMAGES}/imagestreamtags", body)
    assert made["image"]["metadata"]["name"] == DIGEST
    await api.delete(f"{IMAGES}/imagestreamtags/hub:old")
    await api.get(f"{IMAGES}/imagestreamtags/hub:old")
    assert api.status == 404


async def test_a_local_lookup_pins_the_image_of_a_deployment(api: Api) -> None:
    await tag(api, lookupPolicy={"local": True})
    made = await api.post(f"{APPS}/deployments", deployment("a", image="hub:latest"))
    assert made["spec"]["template"]["spec"]["containers"][0]["image"] == REFERENCE


def build_config(name: str, **source: Any) -> dict[str, Any]:
    strategy = {"sourceStrategy": {"from": {"kind": "ImageStreamTag", "name": "hub:latest"}}}
    spec = {"source": source or {"git": {"uri": "https://example.com/r.git"}}, "strategy": strategy}
    return {"metadata": {"name": name, "labels": {"app": "x"}}, "spec": spec}


async def test_instantiating_makes_numbered_builds_from_the_resolved_image(api: Api) -> None:
    await tag(api)
    await api.post(f"{BUILDS}/buildconfigs", build_config("b"))
    body = {"metadata": {"name": "b"}, "env": [{"name": "A", "value": "a"}]}
    first = await api.post(f"{BUILDS}/buildconfigs/b/instantiate", body)
    second = await api.post(f"{BUILDS}/buildconfigs/b/instantiate", body)
    assert [b["metadata"]["name"] for b in (first, second)] == ["b-1", "b-2"]
    assert first["spec"]["strategy"]["sourceStrategy"] == {
        "from": {"kind": "DockerImage", "name": REFERENCE},
        "env": [{"name": "A", "value": "a"}],
    }
    assert first["status"]["phase"] == "New"


async def test_an_image_that_cannot_be_resolved_is_said(api: Api) -> None:
    await api.post(f"{BUILDS}/buildconfigs", build_config("b"))
    answer = await api.post(f"{BUILDS}/buildconfigs/b/instantiate", {"metadata": {"name": "b"}})
    assert answer["message"].startswith("Error resolving ImageStreamTag hub:latest in namespace")


async def test_an_upload_goes_to_the_hook_as_it_comes(tmp_path: Path) -> None:
    received = []

    async def hook(_namespace: str, name: str, _: Any, upload: AsyncIterator[bytes]) -> Any:
        received.append(b"".join([chunk async for chunk in upload]))
        return {"kind": "Build", "metadata": {"name": f"{name}-1"}}

    async with serving(tmp_path, instantiate_binary=hook) as api:
        await api.post(f"{BUILDS}/buildconfigs", build_config("b", binary={}))
        path = f"{BUILDS}/buildconfigs/b/instantiatebinary"
        made = await api.ask("POST", path, b"archive", Content_Type="application/gzip")
    assert (received, made["metadata"]["name"]) == ([b"archive"], "b-1")


async def test_a_template_is_processed(api: Api) -> None:
    parameters = [
        {"name": "APP", "value": "hub"},
        {"name": "COUNT", "value": "2"},
        {"name": "KEY", "generate": "expression", "from": "[a-f]{8}"},
    ]
    data = {"a": "${APP}-x", "k": "${KEY}", "u": "${UNKNOWN}"}
    obj = {"kind": "X", "metadata": {"name": "${APP}"}, "n": "${{COUNT}}", "data": data}
    body = {"metadata": {"name": "t"}, "parameters": parameters, "objects": [obj],
            "labels": {"app": "${APP}"}}  # fmt: skip
    path = "/apis/template.openshift.io/v1/namespaces/demo/processedtemplates"
    [made] = (await api.post(path, body))["objects"]
    assert made["metadata"] == {"name": "hub", "labels": {"app": "hub"}}
    assert (made["n"], made["data"]["a"], made["data"]["u"]) == (2, "hub-x", "${UNKNOWN}")
    assert len(made["data"]["k"]) == 8
