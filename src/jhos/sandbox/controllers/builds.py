"""Builds: each from New over Pending and Running to its end, one after the other where asked."""

import asyncio
import shutil
from datetime import UTC, datetime
from pathlib import Path

from jhos.sandbox import build_secrets
from jhos.sandbox.build import BuildFailed, run_build
from jhos.sandbox.client import ApiError, Object, suppress_not_found
from jhos.sandbox.controllers import build_phases as phases
from jhos.sandbox.controllers import build_pods as pods
from jhos.sandbox.controllers.imagestreams import STREAMS, tag_image
from jhos.sandbox.controllers.informers import Key, key_of
from jhos.sandbox.controllers.loop import Control, Loop
from jhos.sandbox.controllers.meta import annotations, is_deleting, parse_time
from jhos.sandbox.controllers.pods import PODS, is_finished

BUILDS = "apis/build.openshift.io/v1/builds"
BUILD_CONFIGS = "apis/build.openshift.io/v1/buildconfigs"
STREAM_TAGS = "apis/image.openshift.io/v1/imagestreamtags"
CONFIG_ANNOTATION = "openshift.io/build-config.name"
LOOK_AGAIN_S = 0.2
SOURCE_TIMEOUT_S = 60
POD_RETRY_S = 5.0
SNIPPET_LINES = 5
COMPONENT = "build-controller"
NO_REGISTRY = (
    "an image stream cannot be used as build output because the integrated container image "
    "registry is not configured"
)


class Builds:
    """The controller. Builds that were under way when the sandbox stopped start again."""

    def __init__(self, control: Control) -> None:
        self.control, self.client = control, control.client
        self.builds, self.configs = control.informer(BUILDS), control.informer(BUILD_CONFIGS)
        self.streams, self.pods = control.informer(STREAMS), control.informer(PODS)
        self.loop = Loop("builds", self.reconcile)
        self.tasks: dict[Key, asyncio.Task[None]] = {}
        self.builds.listen(self._on_build)
        self.streams.listen(self._on_stream)
        self.pods.listen(self._on_pod)

    async def run(self) -> None:
        try:
            await self.loop.run()
        finally:
            await self._end(*self.tasks)

    def _on_build(self, _event: str, build: Object) -> None:
        """One that ends lets the next of its build config begin."""
        self.loop.add(key_of(build))
        for other in self._siblings(build):
            if not phases.is_done(other):
                self.loop.add(key_of(other))

    def _on_stream(self, _event: str, stream: Object) -> None:
        for build in self.builds.all(stream["metadata"]["namespace"]):
            if not phases.is_done(build):
                self.loop.add(key_of(build))

    def _on_pod(self, _event: str, pod: Object) -> None:
        if pods.is_build_pod(pod):
            self.loop.add((pod["metadata"]["namespace"], annotations(pod)[pods.BUILD_NAME]))

    def _siblings(self, build: Object) -> list[Object]:
        config = annotations(build).get(CONFIG_ANNOTATION)
        others = self.builds.all(build["metadata"]["namespace"]) if config else []
        return [other for other in others if annotations(other).get(CONFIG_ANNOTATION) == config]

    async def reconcile(self, key: Key) -> float | None:
        build, pod = self.builds.get(*key), self._pod(key)
        if pod and is_deleting(pod):
            await self._let_go(build, pod)
        if build is None:
            await self._end(key)
            await asyncio.to_thread(shutil.rmtree, self._directory(key), ignore_errors=True)
        elif is_deleting(build):
            await self._end(key)
        elif phases.is_done(build):
            await self._conclude(build, pod)
        elif build["status"].get("cancelled"):
            await self._cancel(build)
        elif key not in self.tasks:
            return await self._begin(build)
        return None

    async def _begin(self, build: Object) -> float | None:
        """Start the build unless something that it needs is not there yet."""
        now, siblings = datetime.now(UTC), self._siblings(build)
        if phases.is_overtaken(build, siblings):
            await self._write(build, phases.cancelled(build, now))
        elif phases.waits_for(build, siblings):
            pass
        elif not self._has_output(build):
            await self._reject_output(build, now)
        elif "binary" in build["spec"].get("source", {}) and self._source(build) is None:
            return await self._await_source(build, now)
        else:
            return await self._begin_in_pod(build, now)
        return None

    async def _reject_output(self, build: Object, now: datetime) -> None:
        """A build with an upload fails, as nobody would upload it again; another one waits."""
        if self._stream(build):
            await self.control.record(
                build, "InvalidOutput", f"Error starting build: {NO_REGISTRY}",
                component=COMPONENT, kind="Warning",
            )  # fmt: skip
        reason, message = "InvalidOutputReference", "Output image could not be resolved."
        if "binary" in build["spec"].get("source", {}):
            await self._write(build, phases.failed(build, reason, message, now))
        elif build["status"].get("reason") != reason:
            await self._write(build, {"reason": reason, "message": message})

    async def _begin_in_pod(self, build: Object, now: datetime) -> float | None:
        """Have a pod for it, and start once that has a node."""
        pod = self._pod(key_of(build))
        if pod is None and phases.phase(build) != "New":
            await self._write(build, phases.pod_deleted(build, now))
            return None
        if pod is None and (pod := await self._make_pod(build)) is None:
            return POD_RETRY_S
        if phases.phase(build) == "New":
            note = {"metadata": {"annotations": {pods.POD_NAME: pods.pod_name(build)}}}
            await self.client.patch(BUILDS, *key_of(build), note)
            pending = phases.pending(build, phases.output_reference(build), now)
            build = await self._write(build, pending)
        if pod["spec"].get("nodeName"):
            self._start(build)
        return None

    async def _make_pod(self, build: Object) -> Object | None:
        """None where it is refused, by a quota perhaps: the build says so and waits."""
        try:
            return self.pods.written(await self.client.create(PODS, pods.new_pod(build)))
        except ApiError as error:
            message = f"Failed creating build pod: {error}"
            if build["status"].get("message") != message:
                await self._write(build, {"reason": phases.POD_REJECTED, "message": message})
            await self.control.record(
                build, "FailedCreate", f"Error creating build pod: {error}", component=COMPONENT,
                kind="Warning",
            )  # fmt: skip
            return None

    async def _let_go(self, build: Object | None, pod: Object) -> None:
        """A pod that is to be deleted: its build ends with it, unless that is what ended it."""
        key = (pod["metadata"]["namespace"], annotations(pod)[pods.BUILD_NAME])
        await self._end(key)
        if build and not phases.is_done(build) and not build["status"].get("cancelled"):
            await self._write(build, phases.pod_deleted(build, datetime.now(UTC)))
        await self.client.delete(PODS, *key_of(pod), gracePeriodSeconds=0)

    async def _conclude(self, build: Object, pod: Object | None) -> None:
        """What is left to do for one that has ended."""
        if pod and not is_finished(pod) and not is_deleting(pod):
            code = 0 if phases.phase(build) == "Complete" else 1
            await self._write_pod(pod, pods.ended(pod, code, datetime.now(UTC)))
        await self._keep_history(build)

    def _start(self, build: Object) -> None:
        key = key_of(build)
        task = self.tasks[key] = asyncio.create_task(self._run(build), name=f"build {key}")
        task.add_done_callback(lambda _: self.tasks.pop(key, None))

    async def _await_source(self, build: Object, now: datetime) -> float | None:
        created = parse_time(build["metadata"]["creationTimestamp"])
        if (now - created).total_seconds() < SOURCE_TIMEOUT_S:
            return LOOK_AGAIN_S
        message = "The source of this build was not uploaded."
        await self._write(build, phases.failed(build, "FetchSourceFailed", message, now))
        return None

    async def _run(self, build: Object) -> None:
        """The build itself, from Running to its end."""
        directory = self._directory(key_of(build))
        directory.mkdir(parents=True, exist_ok=True)
        log = directory / "log"
        try:
            build = await self._write(build, phases.running(build, datetime.now(UTC)))
            if pod := self._pod(key_of(build)):
                await self._write_pod(pod, pods.running(pod, datetime.now(UTC)))
            await self._record(build, "BuildStarted", "is now running")
            digest = await self._make_image(build, log)
            ended = phases.complete(build, digest, datetime.now(UTC))
            await self._write(build, ended)
            await self._record(build, "BuildCompleted", "completed successfully")
        except BuildFailed as error:
            await self._fail(build, log, error.reason, error.message)
        except ApiError as error:
            await self._fail(build, log, "PushImageToRegistryFailed", str(error))
        except OSError as error:
            await self._fail(build, log, "GenericBuildFailed", str(error))

    async def _make_image(self, build: Object, log: Path) -> str:
        """Run the build and tag what it made; answers the digest."""
        resolved = await self._with_builder_image(build)
        with log.open("wb", buffering=0) as file:
            source = self._source(build)
            layout = self.control.layout
            secrets = await self._secrets(build)
            image = await run_build(
                layout, resolved, source=source, on_log=file.write, secrets=secrets
            )
        if stream := self._stream(build):
            tag = build["spec"]["output"]["to"]["name"].rpartition(":")[2]
            await tag_image(self.client, stream, tag, image)
        return image.digest

    async def _fail(self, build: Object, log: Path, reason: str, message: str) -> None:
        with log.open("a") as file:
            file.write(f"error: build error: {message}\n")
        snippet = "\n".join(log.read_text(errors="replace").splitlines()[-SNIPPET_LINES:])
        ended = phases.failed(build, reason, message, datetime.now(UTC), snippet)
        with suppress_not_found():
            await self._write(build, ended)
        await self._record(build, "BuildFailed", "failed", kind="Warning")

    async def _secrets(self, build: Object) -> build_secrets.Secrets:
        found = {}
        for name in build_secrets.names(build):
            try:
                secret = await self.client.get(
                    build_secrets.SECRETS, build["metadata"]["namespace"], name
                )
            except ApiError as error:
                raise BuildFailed("FetchSourceFailed", str(error)) from error
            found[name] = build_secrets.decoded(secret)
        return found

    async def _with_builder_image(self, build: Object) -> Object:
        """With its builder image as a pull specification."""
        strategy = build["spec"]["strategy"]
        for kind, chosen in strategy.items():
            source = chosen.get("from") if isinstance(chosen, dict) else None
            if source and source["kind"] != "DockerImage":
                reference = {"kind": "DockerImage", "name": await self._pull_spec(build, source)}
                changed = strategy | {kind: chosen | {"from": reference}}
                return build | {"spec": build["spec"] | {"strategy": changed}}
        return build

    async def _pull_spec(self, build: Object, source: Object) -> str:
        namespace = source.get("namespace", build["metadata"]["namespace"])
        try:
            tag = await self.client.get(STREAM_TAGS, namespace, source["name"])
        except ApiError as error:
            raise BuildFailed("PullBuilderImageFailed", str(error)) from error
        return str(tag["image"]["dockerImageReference"])

    async def _cancel(self, build: Object) -> None:
        await self._end(key_of(build))
        if pod := self._pod(key_of(build)):
            await self.client.delete(PODS, *key_of(pod), gracePeriodSeconds=0)
        await self._write(build, phases.cancelled(build, datetime.now(UTC)))
        await self._record(build, "BuildCancelled", "has been cancelled")

    async def _end(self, *keys: Key) -> None:
        """Stop the builds under way, all their processes with them."""
        tasks = [task for key in keys if (task := self.tasks.get(key))]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep_history(self, build: Object) -> None:
        namespace = build["metadata"]["namespace"]
        config = self.configs.get(namespace, annotations(build).get(CONFIG_ANNOTATION, ""))
        for old in phases.surplus(config, self._siblings(build)) if config else []:
            await self.client.delete(BUILDS, *key_of(old), propagationPolicy="Background")

    def _directory(self, key: Key) -> Path:
        return self.control.layout.builds / key[0] / key[1]

    def _source(self, build: Object) -> Path | None:
        path = self._directory(key_of(build)) / "source"
        return path if path.exists() else None

    def _stream(self, build: Object) -> Object | None:
        to = build["spec"].get("output", {}).get("to") or {}
        if to.get("kind") != "ImageStreamTag":
            return None
        namespace = to.get("namespace", build["metadata"]["namespace"])
        return self.streams.get(namespace, to["name"].rpartition(":")[0])

    def _has_output(self, build: Object) -> bool:
        """Return whether the integrated registry stores the output stream."""
        to = build["spec"].get("output", {}).get("to") or {}
        if to.get("kind") != "ImageStreamTag":
            return True
        stream = self._stream(build) or {}
        return bool(stream.get("status", {}).get("dockerImageRepository"))

    def _pod(self, key: Key) -> Object | None:
        """The build's own, of any build of that name."""
        pod = self.pods.get(key[0], f"{key[1]}-build")
        return pod if pod and pods.is_build_pod(pod) else None

    async def _write_pod(self, pod: Object, change: Object) -> None:
        with suppress_not_found():
            answer = await self.client.patch(PODS, *key_of(pod), {"status": change}, "status")
            self.pods.written(answer)

    async def _write(self, build: Object, change: Object) -> Object:
        """A merge patch, so that a cancellation that came meanwhile stays."""
        answer = await self.client.patch(BUILDS, *key_of(build), {"status": change})
        return self.builds.written(answer)

    async def _record(self, build: Object, reason: str, what: str, kind: str = "Normal") -> None:
        message = f"Build {'/'.join(key_of(build))} {what}"
        await self.control.record(build, reason, message, component=COMPONENT, kind=kind)
