"""User servers as pods: the defaults, and a thin class over KubeSpawner that refuses in words."""

import asyncio
import json
import re
from collections.abc import Awaitable, Mapping
from typing import Any, TypeVar

from jupyterhub.spawner import SpawnException
from kubernetes_asyncio.client.exceptions import ApiException
from kubespawner import KubeSpawner
from traitlets.config import Config

from jhos_hub.profiles import update_profiles
from jhos_hub.quantity import cpu_cores, memory_bytes
from jhos_hub.refusals import of_answer, of_delay, of_pod, refused
from jhos_hub.streams import resolve
from jhos_hub.volumes import fits, update_volumes

T = TypeVar("T")
PORT = 8888
LOOK_S = 1
KERNELS_S = 300  # between two looks at them, as Jupyter has it
MARGIN_S = 2  # before JupyterHub itself gives up, without saying why
PULL_S = 1800  # that the images of a server may take to arrive on a node, beside its own time
STACKS_GROUP = 100  # to whom the files in Jupyter's official images belong
_STACKS = re.compile(r"(?:.+/)?jupyter/[a-z0-9-]*notebook(?:[:@].+)?")


class NotebookSpawner(KubeSpawner):  # type: ignore[misc]  # KubeSpawner has no types
    """KubeSpawner, whose refusals by the cluster are shown to the user and are no hub failure."""

    def _render_options_form(self, profile_list: list[Any]) -> str:
        """Nothing to choose is no page: the server starts at once."""
        form: str = super()._render_options_form(profile_list) if profile_list else ""
        return form

    async def load_user_options(self) -> None:
        """A profile that is not offered is refused in words, however it was asked for."""
        try:
            await super().load_user_options()
        except ValueError as error:
            raise refused(f"What you chose cannot be had. {error}", "profile") from error

    def get_args(self) -> list[str]:
        """With the options of the hub's cookies for the server's `_xsrf` too.

        The environment gives them to its other cookies alone.
        """
        args: list[str] = super().get_args()
        if not self.cookie_options or any("tornado_settings" in each for each in args):
            return args
        path = self.server.base_url if self.server else "/"
        made = {"xsrf_cookie_kwargs": {**self.cookie_options, "path": path}}
        return [*args, f"--ServerApp.tornado_settings={made}"]

    def start(self) -> "asyncio.Future[tuple[str, int]]":
        before = self._seen().get("metadata", {}).get("uid")
        patience_s = self.start_timeout
        self.start_timeout += PULL_S  # for JupyterHub; how much of it is used is known here
        return asyncio.ensure_future(self._answered(super().start(), before, patience_s))

    async def _answered(
        self, starting: "asyncio.Future[T]", before: str | None, patience_s: int
    ) -> T:
        """What `starting` gives, unless it is in vain; `before`: the uid of an older pod."""
        doom = asyncio.ensure_future(self._doom(before))
        late = asyncio.ensure_future(self._late(max(patience_s - MARGIN_S, LOOK_S)))
        try:
            done, _ = await asyncio.wait(
                {starting, doom, late}, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            doom.cancel()
            late.cancel()
            self.start_timeout = patience_s
        if starting in done:
            return await readable_refusal(starting)
        starting.cancel()
        why = doom.result() if doom in done else await self._delay()
        # Here, since a page that asks while JupyterHub removes the pod is told nothing.
        await self.stop(now=True)
        raise why

    async def _late(self, patience_s: int) -> None:
        """Until the time is up, of which the pull of large images takes nothing."""
        pull_s = PULL_S
        while patience_s > 0:
            await asyncio.sleep(LOOK_S)
            if pull_s > 0 and self._is_pulling():
                pull_s -= LOOK_S
            else:
                patience_s -= LOOK_S

    def _is_pulling(self) -> bool:
        told = [each["reason"] for each in self.events]
        return [each for each in told if each in ("Pulling", "Pulled", "Failed")][-1:] == [
            "Pulling"
        ]

    async def _doom(self, before: str | None) -> SpawnException:
        """Once it is known that the pod will not run."""
        while True:
            pod = self._seen()
            meta = pod.get("metadata", {})
            is_new = meta.get("uid") != before and not meta.get("deletionTimestamp")
            if is_new and (why := of_pod(pod)):
                return why
            await asyncio.sleep(LOOK_S)

    async def _delay(self) -> SpawnException:
        found = await self.api.list_namespaced_event(
            self.namespace, field_selector="type=Warning", _preload_content=False
        )
        warnings = [
            each
            for each in json.loads(await found.read())["items"]
            if each["involvedObject"].get("name") in (self.pod_name, self.pvc_name)
        ]
        return of_delay(self._seen() or None, warnings, self.start_timeout)

    def _seen(self) -> Mapping[str, Any]:
        """The pod as it was last seen; {} where it was not."""
        reflector = self.pod_reflector
        pods = reflector.pods if reflector else {}
        found: Mapping[str, Any] = pods.get(f"{self.namespace}/{self.pod_name}", {})
        return found

    async def get_pod_manifest(self) -> Any:
        """Images of the project by the names that they are built under, and Jupyter's own."""
        pod = await super().get_pod_manifest()
        if is_docker_stacks(pod.spec.containers[0].image):
            context = pod.spec.security_context or {}
            groups = {*context.get("supplementalGroups", ()), STACKS_GROUP}
            pod.spec.security_context = {**context, "supplementalGroups": sorted(groups)}
        initial = [each for each in pod.spec.init_containers or [] if fits(each, pod)]
        pod.spec.init_containers = initial or None
        for container in [*pod.spec.containers, *initial]:
            container.image = await resolve(container.image, self.namespace)
        return pod


def is_docker_stacks(image: str) -> bool:
    """One of Jupyter's official images, of whatever registry: `…/jupyter/scipy-notebook:…`.

    Source: https://jupyter-docker-stacks.readthedocs.io/en/latest/using/selecting.html
    """
    return bool(_STACKS.fullmatch(image))


async def readable_refusal(starting: Awaitable[T]) -> T:
    try:
        return await starting
    except ApiException as error:
        if error.status not in (403, 422):
            raise
        raise of_answer(error) from error


def update_spawner(c: Config, settings: Mapping[str, Any]) -> None:
    c.JupyterHub.spawner_class = "jhos_hub.spawner.NotebookSpawner"
    _update_pod(c, settings["name"], settings["notebook"])
    _update_resources(c, settings["notebook"])
    _update_security(c)
    _update_timeouts(c, settings["notebook"])
    _update_kernels(c, settings["cull"]["idle"])
    update_volumes(c, settings)
    update_profiles(c)


def _update_pod(c: Config, name: str, notebook: Mapping[str, Any]) -> None:
    c.KubeSpawner.image = notebook["image"]
    c.KubeSpawner.cmd = ["start-singleuser.sh"]
    c.KubeSpawner.port = PORT
    c.KubeSpawner.environment = environment(notebook)
    # Else a Service named `jupyter` would set JUPYTER_PORT, which stops Jupyter from starting.
    c.KubeSpawner.extra_pod_config = {"enableServiceLinks": False}
    c.KubeSpawner.common_labels = labels(name)
    c.KubeSpawner.pod_name_template = f"{name}-nb-{{user_server}}"
    c.KubeSpawner.pvc_name_template = f"{name}-nb-{{user_server}}"
    # A user's files outlive the user's row in the hub's database.
    c.KubeSpawner.delete_pvc = False


def environment(notebook: Mapping[str, Any]) -> dict[str, str]:
    """KubeSpawner expands braces in values, which the settings do not mean."""
    given = {
        key: str(value).replace("{", "{{").replace("}", "}}")
        for key, value in notebook["environment"].items()
    }
    return {"JUPYTER_NOTEBOOK_INTERFACE": notebook["interface"], **given}


def labels(name: str) -> dict[str, str]:
    """Of all that the spawner makes; it adds the component itself."""
    return {
        "app": name,
        "app.kubernetes.io/name": "jupyterhub",
        "app.kubernetes.io/instance": name,
        "app.kubernetes.io/managed-by": "jhos",
        "app.kubernetes.io/part-of": name,
    }


def _update_resources(c: Config, notebook: Mapping[str, Any]) -> None:
    c.KubeSpawner.mem_limit = memory_bytes(notebook["memory"])
    c.KubeSpawner.mem_guarantee = memory_bytes(notebook["memory_request"])
    c.KubeSpawner.cpu_limit = cpu_cores(notebook["cpu"])
    c.KubeSpawner.cpu_guarantee = cpu_cores(notebook["cpu_request"])


def _update_security(c: Config) -> None:
    """As restricted-v2 asks; user and group ids are the cluster's to give."""
    c.KubeSpawner.automount_service_account_token = False
    c.KubeSpawner.allow_privilege_escalation = False
    c.KubeSpawner.container_security_context = {"capabilities": {"drop": ["ALL"]}}
    c.KubeSpawner.pod_security_context = {
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
        # Else each start opens the files of the volume to the group, SSH keys too.
        "fsGroupChangePolicy": "OnRootMismatch",
    }


def _update_timeouts(c: Config, notebook: Mapping[str, Any]) -> None:
    """Seconds."""
    c.KubeSpawner.start_timeout = notebook["start_timeout"]
    c.KubeSpawner.http_timeout = notebook["http_timeout"]
    # A pod created just after the time was up is found, killed and created once more.
    c.KubeSpawner.k8s_api_request_timeout = 10


def _update_kernels(c: Config, idle: int | None) -> None:
    """Kernels end by the rule that servers are stopped by, but not under an open notebook."""
    if idle:
        c.KubeSpawner.args = [
            f"--MappingKernelManager.cull_idle_timeout={idle}",
            f"--MappingKernelManager.cull_interval={min(idle, KERNELS_S)}",
        ]
