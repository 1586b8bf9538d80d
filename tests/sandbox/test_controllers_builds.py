"""Builds with an API: their order, their ends, and what hinders them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from jhos.sandbox.client import ApiError, Object
from jhos.sandbox.controllers import build_phases as phases
from jhos.sandbox.controllers.build_pods import POD_NAME
from jhos.sandbox.controllers.buildconfigs import instantiate, instantiate_binary
from jhos.sandbox.controllers.firsts import ensure
from jhos.sandbox.controllers.imagestreams import STREAMS
from jhos.sandbox.controllers.old_events import remove_old
from jhos.sandbox.hooks import Hooks
from tests.sandbox.control import PODS, Plane, control_plane

BUILDS = "apis/build.openshift.io/v1/builds"
CONFIGS = "apis/build.openshift.io/v1/buildconfigs"
EVENTS = "api/v1/events"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
async def plane(tmp_path: Path) -> AsyncIterator[Plane]:
    async with control_plane(tmp_path) as running:
        await running.add_node()
        yield running


async def add_config(plane: Plane, builder: str = "example.com/none:1", **spec: Any) -> None:
    strategy = {"sourceStrategy": {"from": {"kind": "DockerImage", "name": builder}}}
    config: Object = {"apiVersion": "build.openshift.io/v1", "kind": "BuildConfig"}
    config["metadata"] = {"name": "app", "namespace": "demo"}
    config["spec"] = {"source": {"binary": {}}, "strategy": strategy}
    config["spec"] |= {"output": {"to": {"kind": "ImageStreamTag", "name": "app:latest"}}, **spec}
    await plane.client.create(CONFIGS, config)


async def add_stream(plane: Plane) -> None:
    stream: Object = {"apiVersion": "image.openshift.io/v1", "kind": "ImageStream"}
    stream["metadata"] = {"name": "app", "namespace": "demo"}
    await plane.client.create(STREAMS, stream)


async def until_phase(plane: Plane, name: str, *wanted: str) -> Object:
    async def reached() -> Object | None:
        build = await plane.client.get(BUILDS, "demo", name)
        return build if build["status"]["phase"] in wanted else None

    build: Object = await plane.until(reached)
    return build


async def until_reason(plane: Plane, wanted: str) -> None:
    async def reached() -> bool:
        build = await plane.client.get(BUILDS, "demo", "app-1")
        return bool(build["status"].get("reason") == wanted)

    await plane.until(reached)


async def upload(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def start(plane: Plane, data: bytes = b"no archive") -> Object:
    return await instantiate_binary(plane.client, plane.layout, "demo", "app", {}, upload(data))


async def send(plane: Plane) -> Object:
    """As the API server does: the answer comes once the build runs."""
    hooks = Hooks(plane.layout, plane.client, plane.informers)
    return await hooks.instantiate_binary("demo", "app", {}, upload(b"no archive"))


async def test_an_unknown_builder_image_fails_the_build_and_says_so(plane: Plane) -> None:
    await add_stream(plane)
    await add_config(plane)
    await start(plane)
    build = await until_phase(plane, "app-1", "Failed")
    assert build["status"]["reason"] == "PullBuilderImageFailed"
    log = plane.layout.builds / "demo/app-1/log"
    assert "example.com/none:1" in log.read_text()


GIT = {"type": "Git", "git": {"uri": "https://git.example.com/notebooks.git"}}


async def test_a_missing_output_stream_holds_a_build_from_git_up(plane: Plane) -> None:
    await add_config(plane, source=GIT)
    await instantiate(plane.client, "demo", "app", {})
    await until_reason(plane, "InvalidOutputReference")
    await add_stream(plane)
    await until_phase(plane, "app-1", "Failed")


async def test_a_missing_output_stream_fails_a_build_of_an_upload(plane: Plane) -> None:
    await add_config(plane)
    with pytest.raises(ApiError) as caught:
        await send(plane)
    assert caught.value.code == 400
    words = "build app-1 failed: InvalidOutputReference: Output image could not be resolved."
    assert str(caught.value) == words


async def test_without_a_registry_no_build_has_a_place_for_its_image(tmp_path: Path) -> None:
    async with control_plane(tmp_path, has_registry=False) as plane:
        await add_stream(plane)
        stream = await plane.client.get(STREAMS, "demo", "app")
        assert stream["status"]["dockerImageRepository"] == ""
        await add_config(plane, source=GIT)
        await instantiate(plane.client, "demo", "app", {})
        await until_reason(plane, "InvalidOutputReference")
        assert (await plane.client.get(BUILDS, "demo", "app-1"))["status"]["phase"] == "New"
        events = await plane.client.list(EVENTS, "demo")
        (event,) = [each for each in events if each["reason"] == "InvalidOutput"]
        assert "registry is not configured" in event["message"]


async def test_a_build_without_its_source_does_not_begin(plane: Plane) -> None:
    await add_stream(plane)
    await add_config(plane)
    await instantiate(plane.client, "demo", "app", {})
    await start(plane)
    assert (await plane.client.get(BUILDS, "demo", "app-2"))["status"]["phase"] == "New"


async def test_a_cancelled_build_ends_and_lets_the_next_begin(plane: Plane) -> None:
    await add_stream(plane)
    await add_config(plane)
    await instantiate(plane.client, "demo", "app", {})
    await start(plane)
    await plane.client.patch(BUILDS, "demo", "app-1", {"status": {"cancelled": True}})
    build = await until_phase(plane, "app-1", "Cancelled")
    assert build["status"]["reason"] == "CancelledBuild"
    await until_phase(plane, "app-2", "Failed")


async def test_a_build_has_a_pod_that_ends_as_it_does(plane: Plane) -> None:
    await add_stream(plane)
    await add_config(plane, resources={"limits": {"memory": "1Gi"}})
    await start(plane)
    build = await until_phase(plane, "app-1", "Failed")
    assert build["metadata"]["annotations"][POD_NAME] == "app-1-build"

    async def failed() -> Object | None:
        pod = await plane.client.get(PODS, "demo", "app-1-build")
        return pod if pod["status"]["phase"] == "Failed" else None

    pod = await plane.until(failed)
    assert pod["spec"]["nodeName"] == "sandbox"
    assert pod["spec"]["containers"][0]["resources"]["limits"] == {"memory": "1Gi"}


async def add_quota(plane: Plane) -> None:
    quota = {"metadata": {"name": "q", "namespace": "demo"}, "spec": {"hard": {"pods": "0"}}}
    await plane.client.create("api/v1/resourcequotas", quota)


async def test_a_quota_holds_a_build_up_and_is_told(plane: Plane) -> None:
    await add_quota(plane)
    await add_stream(plane)
    await add_config(plane)
    await start(plane)

    async def told() -> bool:
        events = await plane.client.list(EVENTS, "demo")
        return any("exceeded quota: q" in event["message"] for event in events)

    await until_reason(plane, "CannotCreateBuildPod")
    build = await plane.client.get(BUILDS, "demo", "app-1")
    assert (
        'Failed creating build pod: pods "app-1-build" is forbidden' in build["status"]["message"]
    )
    await plane.until(told)
    await plane.client.delete("api/v1/resourcequotas", "demo", "q")
    await until_phase(plane, "app-1", "Failed")


async def test_an_upload_is_answered_once_its_build_runs(plane: Plane) -> None:
    await add_stream(plane)
    await add_config(plane)
    assert phases.has_run(await send(plane))


async def test_an_upload_whose_build_gets_no_pod_times_out_and_is_cancelled(plane: Plane) -> None:
    await add_quota(plane)
    await add_stream(plane)
    await add_config(plane)
    with pytest.raises(ApiError, match="timed out waiting for build app-1 to start") as caught:
        await send(plane)
    assert caught.value.code == 504
    build = await until_phase(plane, "app-1", "Cancelled")
    assert build["status"]["message"] == "The build was cancelled by the user."


async def test_a_build_ends_with_its_pod(tmp_path: Path) -> None:
    async with control_plane(tmp_path) as without_node:
        await add_stream(without_node)
        await add_config(without_node)
        await start(without_node)
        await until_phase(without_node, "app-1", "Pending")
        await without_node.client.delete(PODS, "demo", "app-1-build")
        build = await until_phase(without_node, "app-1", "Error")
        assert build["status"]["reason"] == "BuildPodDeleted"


async def test_old_builds_go_with_their_files(plane: Plane) -> None:
    await add_stream(plane)
    await add_config(plane, failedBuildsHistoryLimit=1)
    for number in (1, 2):
        await start(plane)
        await until_phase(plane, f"app-{number}", "Failed")
    await plane.gone(BUILDS, "demo", "app-1")

    async def no_files() -> bool:
        return not (plane.layout.builds / "demo/app-1").exists()

    await plane.until(no_files)


async def test_a_config_that_asks_for_it_builds_at_once(plane: Plane) -> None:
    await add_stream(plane)
    await add_config(plane, triggers=[{"type": "ConfigChange"}])
    build = await plane.until(lambda: plane.client.get(BUILDS, "demo", "app-1"))
    assert build["spec"]["triggeredBy"] == [{"message": "Build configuration change"}]


async def test_the_base_images_are_offered_in_namespace_openshift(plane: Plane) -> None:
    await ensure(plane.client, plane.layout)
    streams = await plane.client.list(STREAMS, "openshift")
    assert {"python", "postgresql"} <= {stream["metadata"]["name"] for stream in streams}
    first = [stream["metadata"]["resourceVersion"] for stream in streams]
    await ensure(plane.client, plane.layout)
    again = await plane.client.list(STREAMS, "openshift")
    assert [stream["metadata"]["resourceVersion"] for stream in again] == first


async def test_a_tag_of_an_image_that_the_sandbox_has_is_imported(plane: Plane) -> None:
    tag = {"name": "3", "from": {"kind": "DockerImage", "name": "openshift/python:latest"}}
    stream: Object = {"apiVersion": "image.openshift.io/v1", "kind": "ImageStream"}
    stream |= {"metadata": {"name": "app", "namespace": "demo"}, "spec": {"tags": [tag]}}
    await plane.client.create(STREAMS, stream)

    async def items() -> Any:
        found = await plane.client.get(STREAMS, "demo", "app")
        return [t for t in found["status"].get("tags") or [] if t.get("items")]

    assert [held["tag"] for held in await plane.until(items)] == ["3"]


async def test_a_tag_of_a_foreign_image_says_that_it_cannot_be_had(plane: Plane) -> None:
    tag = {"name": "3", "from": {"kind": "DockerImage", "name": "quay.io/jupyter/base:latest"}}
    stream: Object = {"apiVersion": "image.openshift.io/v1", "kind": "ImageStream"}
    stream |= {"metadata": {"name": "app", "namespace": "demo"}, "spec": {"tags": [tag]}}
    await plane.client.create(STREAMS, stream)

    async def conditions() -> Any:
        found = await plane.client.get(STREAMS, "demo", "app")
        return [c for t in found["status"].get("tags") or [] for c in t.get("conditions") or []]

    (condition,) = await plane.until(conditions)
    assert "the sandbox has no such image" in condition["message"]


async def test_old_events_go(plane: Plane) -> None:
    for name in ("old", "new"):
        event: Object = {"apiVersion": "v1", "kind": "Event", "reason": "R", "message": "m"}
        event["metadata"] = {"name": name, "namespace": "demo"}
        event["involvedObject"] = {"kind": "Pod", "name": "a", "namespace": "demo"}
        event["lastTimestamp"] = "2026-01-01T00:00:00Z" if name == "old" else "2026-01-01T02:00:00Z"
        await plane.client.create(EVENTS, event)
    await remove_old(plane.client, NOW + timedelta(hours=1))
    assert [e["metadata"]["name"] for e in await plane.client.list(EVENTS, "demo")] == ["new"]


def build(number: int, phase: str = "New", policy: str = "Serial") -> Object:
    return {
        "metadata": {
            "name": f"app-{number}",
            "namespace": "demo",
            "labels": {phases.POLICY: policy},
            "annotations": {phases.NUMBER: str(number)},
        },
        "spec": {},
        "status": {"phase": phase},
    }


@pytest.mark.parametrize(
    ("policy", "earlier", "waits"),
    [("Serial", "Running", True), ("Serial", "New", True), ("Serial", "Complete", False),
     ("Parallel", "Running", False)],
)  # fmt: skip
def test_the_policy_says_which_builds_wait(policy: str, earlier: str, waits: bool) -> None:
    second = build(2, policy=policy)
    siblings = [build(1, earlier, policy), second, build(3, policy=policy)]
    assert bool(phases.waits_for(second, siblings)) is waits


def test_only_the_latest_is_built_where_that_is_asked_for() -> None:
    siblings = [build(1, "Running", "SerialLatestOnly")]
    siblings += [build(n, policy="SerialLatestOnly") for n in (2, 3)]
    assert [phases.is_overtaken(s, siblings) for s in siblings] == [True, True, False]


def test_the_duration_counts_from_the_start() -> None:
    running = build(1, "Running")
    running["status"]["startTimestamp"] = "2026-01-01T00:00:00Z"
    change = phases.complete(running, "sha256:a", NOW + timedelta(seconds=90))
    assert change["duration"] == 90 * 10**9
