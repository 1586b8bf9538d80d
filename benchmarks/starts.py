"""Users who all start their servers at once: what becomes of each, and what a start costs.

    .venv/bin/python benchmarks/starts.py [USERS]

In the sandbox (JHOS_SANDBOX_DIR) runs a hub with proxy and database as `jhos deploy` makes them.
Its users' pods are placed on a node that only this program acts for: it calls them ready, and one
small pod answers for all. What is counted ends in words: a server that is ready, a refusal with
its reason, or lost.
"""

import asyncio
import base64
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
from kubernetes_asyncio import client, config, watch

NAME, PROJECT, NODE = "starts", "starts", "simulated"
WAIT_S = 300
CONFIGURATION = f"""
c.KubeSpawner.node_selector = {{"kubernetes.io/hostname": "{NODE}"}}
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
"""
SIZE = {"cpu": "1000", "memory": "4Ti", "pods": "5000"}
Json = dict[str, Any]


async def main() -> None:
    users = [f"user-{number}" for number in range(int(sys.argv[1]) if sys.argv[1:] else 200)]
    deployed = deploy()
    await config.load_kube_config(jhos("sandbox", "kubeconfig", "--admin").strip())
    async with client.ApiClient() as wire:
        api = client.CoreV1Api(wire)
        address = await answering(api)
        acting = asyncio.create_task(act_as_node(api, address))
        secret = await api.read_namespaced_secret(f"{NAME}-secrets", PROJECT)
        tokens = {key: base64.b64decode(value).decode() for key, value in secret.data.items()}
        async with Hub(deployed["url"], tokens) as hub:
            before = await hub.cpu_s()
            began = time.perf_counter()
            outcomes = await asyncio.gather(*(hub.start(user) for user in users))
            wall_s = time.perf_counter() - began
            cost_s = await hub.cpu_s() - before
        await asyncio.to_thread(
            jhos, "teardown", "--sandbox", NAME, "-n", PROJECT, "--yes", "--delete-storage", "-q"
        )
        acting.cancel()
        await api.delete_node(NODE)
    print(
        f"{len(users)} starts in {wall_s:.1f} s, {cost_s / len(users):.3f} s of the hub's CPU each"
    )
    for words, number in Counter(outcomes).most_common():
        print(f"{number:6} {words}")
    print(f"asked to come again meanwhile: {hub.asked_again}")


def deploy() -> Json:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "jupyterhub_config.py"
        file.write_text(CONFIGURATION)
        told = jhos("deploy", "--sandbox", "--name", NAME, "-n", PROJECT, "--auth", "custom",
                    "--config", str(file), "--hub-memory", "1Gi",
                    "-o", "json")  # fmt: skip
    found: Json = json.loads(told)
    return found


def jhos(*arguments: str) -> str:
    return subprocess.run(
        ["jhos", *arguments], check=True, stdout=subprocess.PIPE, text=True
    ).stdout


async def answering(api: client.CoreV1Api) -> str:
    """The address of the one pod that takes the place of all servers, and of the node."""
    image = f"image-registry.openshift-image-registry.svc:5000/{PROJECT}/jupyterhub:latest"
    container = {"name": "server", "image": image,
                 "command": ["python", "-m", "http.server", "8888"]}  # fmt: skip
    body: Any = {"metadata": {"name": "answering"}, "spec": {"containers": [container]}}
    node: Any = {"metadata": {"name": NODE, "labels": {"kubernetes.io/hostname": NODE}}}
    ready = [{"type": "Ready", "status": "True"}]
    status = {"status": {"conditions": ready, "allocatable": SIZE, "capacity": SIZE}}
    for made in (api.create_node(node), api.create_namespaced_pod(PROJECT, body)):
        try:
            await made
        except client.ApiException as error:
            if error.status != 409:
                raise
    await api.patch_node_status(NODE, status)
    while not (pod := await api.read_namespaced_pod("answering", PROJECT)).status.pod_ip:
        await asyncio.sleep(0.2)
    return str(pod.status.pod_ip)


async def act_as_node(api: client.CoreV1Api, address: str) -> None:
    """Calls each pod of the node ready at once, and lets each go that is deleted."""
    seen: set[str] = set()
    async with watch.Watch() as pods:
        stream = pods.stream(
            api.list_namespaced_pod, PROJECT, field_selector=f"spec.nodeName={NODE}"
        )
        async for event in stream:
            meta = event["object"].metadata
            if event["type"] != "DELETED" and meta.deletion_timestamp:
                await api.delete_namespaced_pod(meta.name, PROJECT, grace_period_seconds=0)
            elif meta.uid not in seen:
                seen.add(meta.uid)
                await api.patch_namespaced_pod_status(meta.name, PROJECT, running(address))


def running(address: str) -> Json:
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    kinds = ("PodScheduled", "Initialized", "ContainersReady", "Ready")
    state = {"name": "notebook", "ready": True, "restartCount": 0, "image": "", "imageID": "",
             "state": {"running": {"startedAt": now}}}  # fmt: skip
    conditions = [{"type": kind, "status": "True"} for kind in kinds]
    return {"status": {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}],
                       "conditions": conditions, "containerStatuses": [state]}}  # fmt: skip


class Hub:
    """Its REST API through the router."""

    def __init__(self, url: str, tokens: dict[str, str]) -> None:
        _, _, host = url.partition("://")
        self.address = f"http://127.0.0.1:{host.rpartition(':')[2]}/hub"
        self.host, self.tokens, self.asked_again = host, tokens, 0

    async def __aenter__(self) -> "Hub":
        # A POST on a connection that the proxy is just closing would be lost here, not at the hub.
        connector = aiohttp.TCPConnector(limit=0, force_close=True)
        self.http = aiohttp.ClientSession(headers={"Host": self.host}, connector=connector)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.close()

    async def start(self, user: str) -> str:
        """How it ended, in words."""
        async with self._ask("POST", f"/api/users/{user}", "admin-token") as answer:
            if answer.status not in (201, 409):
                return f"no user: {answer.status} {(await answer.text())[:200]}"
        deadline = time.monotonic() + WAIT_S
        while True:
            async with self._ask("POST", f"/api/users/{user}/server", "admin-token") as answer:
                if answer.status in (201, 202):
                    break
                told = (await answer.text())[:200]
                if answer.status != 429 or time.monotonic() > deadline:
                    return f"refused: {answer.status} {told}"
                self.asked_again += 1
                await asyncio.sleep(float(answer.headers.get("Retry-After", 5)))
        async with self._ask("GET", f"/api/users/{user}/server/progress", "admin-token") as lines:
            event: Json = {}
            async for line in lines.content:
                event = json.loads(line.removeprefix(b"data:")) if line.startswith(b"data:") else {}
                if event.get("ready"):
                    return "ready"
                if event.get("failed"):
                    return f"failed: {event.get('message')}"
            return f"lost: {lines.status} {event.get('message', lines.reason)}"

    async def cpu_s(self) -> float:
        async with self._ask("GET", "/metrics", "metrics-token") as answer:
            lines = (await answer.text()).splitlines()
        return next(float(x.split()[1]) for x in lines if x.startswith("process_cpu_seconds_total"))

    def _ask(self, method: str, path: str, token: str) -> Any:
        headers = {"Authorization": f"Bearer {self.tokens[token]}"}
        timeout = aiohttp.ClientTimeout(total=WAIT_S)
        return self.http.request(method, self.address + path, headers=headers, timeout=timeout)


if __name__ == "__main__":
    asyncio.run(main())
