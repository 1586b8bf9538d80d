"""What runs inside the daemon: the API, the controllers, the router and the node's process."""

import asyncio
import logging
import os
import shutil
import signal
import socket
import ssl
import stat
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web

from jhos.sandbox import controllers, daemon, kubeconfig
from jhos.sandbox.api import create_app, runner
from jhos.sandbox.call import Cluster
from jhos.sandbox.client import ApiClient, Object
from jhos.sandbox.controllers import firsts
from jhos.sandbox.controllers.informers import Informers
from jhos.sandbox.controllers.loop import Control
from jhos.sandbox.controllers.meta import is_true, timestamp
from jhos.sandbox.controllers.nodes import NODES, mark_down
from jhos.sandbox.controllers.recorder import Recorder
from jhos.sandbox.errors import SandboxError
from jhos.sandbox.hooks import Hooks
from jhos.sandbox.layout import Layout
from jhos.sandbox.node_process import NodeProcess, reset_signals
from jhos.sandbox.pki import Pki
from jhos.sandbox.router import Router
from jhos.sandbox.sessions import Sessions
from jhos.sandbox.store import Store

APPS_DOMAIN = "apps.localhost"
PROJECT = "demo"  # of the developer's context: what is meant where none is named
LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"
log = logging.getLogger(__name__)


def main(where: Layout, *, api_only: bool = False, no_registry: bool = False) -> None:
    """Run until SIGTERM or SIGINT."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format=LOG_FORMAT)
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    reset_signals()
    try:
        asyncio.run(serve(where, api_only=api_only, no_registry=no_registry))
    except SandboxError as error:
        sys.exit(f"{error.message}\n{error.hint}".rstrip())


async def serve(where: Layout, *, api_only: bool = False, no_registry: bool = False) -> None:
    """Everything, in the order in which one part needs the other; undone backwards."""
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with AsyncExitStack() as stack:
        plane = ControlPlane(where, api_only=api_only, no_registry=no_registry)
        await plane.start(stack)
        stopping = asyncio.create_task(ended.wait())
        await asyncio.wait([stopping, *plane.tasks], return_when=asyncio.FIRST_COMPLETED)
        for task in plane.tasks:
            if task.done() and not task.cancelled():
                task.result()
    log.info("stopped")


class ControlPlane:
    """One running sandbox."""

    def __init__(self, where: Layout, *, api_only: bool = False, no_registry: bool = False) -> None:
        self.layout, self.pki = where, Pki(where.pki)
        self.tasks: list[asyncio.Task[None]] = []
        self.status = daemon.Status(
            pid=os.getpid(), started=timestamp(), api_only=api_only, no_registry=no_registry
        )
        self.before = daemon.read_status(where)

    async def start(self, stack: AsyncExitStack) -> None:
        _prepare(self.layout)
        self.pki.ensure()
        self.client = await stack.enter_async_context(ApiClient(self.layout.api_socket))
        informers = Informers(self.client)
        hooks = Hooks(self.layout, self.client, informers, api_only=self.status.api_only)
        api = await stack.enter_async_context(self._api(hooks))
        await mark_down(self.client)
        stack.push_async_callback(informers.close)
        router = ""
        if not self.status.api_only:
            router = await stack.enter_async_context(self._router(informers))
        self._report(state="starting", api=api, router=router)
        self._write_kubeconfigs()
        stack.push_async_callback(self._end_tasks)
        await firsts.ensure(self.client, self.layout)
        self._run(self._control(informers))
        if self.status.api_only:
            self._report(state="running")
        else:
            self._start_node(informers)

    def _start_node(self, informers: Informers) -> None:
        informers.of(NODES).listen(self._on_node)
        self.node = NodeProcess(self.layout, self._on_node_exit)
        self._run(self.node.run())

    @asynccontextmanager
    async def _api(self, hooks: Hooks) -> AsyncIterator[str]:
        """The API on its three sockets; gives its URL."""
        store = Store(self.layout.store)
        listener = _bind(urlsplit(self.before.api).port or 0)
        address = f"https://127.0.0.1:{listener.getsockname()[1]}"
        app = create_app(store, self._cluster(hooks, address))
        running = runner(app)
        await running.setup()
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(self.pki.certificate, self.pki.key)
        for path in (self.layout.api_socket, self.layout.api_tls_socket):
            path.unlink(missing_ok=True)
        await web.UnixSite(running, str(self.layout.api_socket)).start()
        self.layout.api_socket.chmod(0o600)
        await web.UnixSite(running, str(self.layout.api_tls_socket), ssl_context=tls).start()
        await web.SockSite(running, listener, ssl_context=tls).start()
        try:
            yield address
        finally:
            await running.cleanup()
            store.close()

    def _cluster(self, hooks: Hooks, address: str) -> Cluster:
        tokens = self.pki.tokens()
        authenticated = "system:authenticated"
        return Cluster(
            ca_pem=self.pki.ca_pem(),
            apps_domain=APPS_DOMAIN,
            has_registry=not self.status.no_registry,
            tokens={
                tokens["developer"]: ("developer", (authenticated, f"{authenticated}:oauth")),
                tokens["admin"]: ("admin", ("system:masters", authenticated)),
            },
            address=address,
            password=self.pki.password(),
            sessions=Sessions(self.layout.sessions),
            token_key=self.pki.signing_key(),
            pod_logs=hooks.pod_logs,
            exec_socket=self.layout.exec_socket,
            usage=None if self.status.api_only else self.layout.usage,
            build_logs=hooks.build_logs,
            instantiate_binary=hooks.instantiate_binary,
        )

    @asynccontextmanager
    async def _router(self, informers: Informers) -> AsyncIterator[str]:
        router = Router(informers, self.layout.ingress_socket)
        port = await router.start(urlsplit(f"//{self.before.router}").port or 0)
        try:
            yield f"127.0.0.1:{port}"
        finally:
            await router.stop()

    async def _control(self, informers: Informers) -> None:
        control = Control(
            client=self.client,
            informers=informers,
            record=Recorder(self.client),
            layout=self.layout,
        )
        await controllers.run(
            control, self.pki.ca_pem(), APPS_DOMAIN, api_only=self.status.api_only
        )

    def _run(self, coroutine: Coroutine[None, None, None]) -> None:
        self.tasks.append(asyncio.create_task(coroutine))

    async def _end_tasks(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self._report(state="stopped", pid=None, node_pid=None)

    def _on_node(self, _event: str, node: Object) -> None:
        if is_true(node, "Ready"):
            self._report(state="running", node_pid=self.node.pid, message="")

    async def _on_node_exit(self, code: int) -> None:
        self._report(state="degraded", node_pid=None, message=f"the node ended with code {code}")
        await mark_down(self.client)

    def _report(self, **changes: object) -> None:
        self.status = replace(self.status, **changes)  # type: ignore[arg-type] # fields of Status
        daemon.write_status(self.layout, self.status)

    def _write_kubeconfigs(self) -> None:
        tokens, ca_pem = self.pki.tokens(), self.pki.ca_pem()
        files = {
            self.layout.kubeconfig: ("sandbox", "developer", PROJECT),
            self.layout.admin_kubeconfig: ("sandbox-admin", "admin", ""),
        }
        for path, (context, user, namespace) in files.items():
            access = kubeconfig.Access(
                context=context, user=user, namespace=namespace, token=tokens[user],
                api=self.status.api, router=self.status.router, ca_pem=ca_pem,
            )  # fmt: skip
            kubeconfig.write(path, access)


def _prepare(where: Layout) -> None:
    """Directories, without what a run that was killed left behind."""
    for path in (where.root, where.sockets):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        owned = path.stat()
        if owned.st_uid != os.getuid() or stat.S_IMODE(owned.st_mode) & 0o022:
            raise SandboxError(f"{path} is not yours alone", "choose another --state-dir")
    for path in (where.volumes, where.builds, where.pods):
        path.mkdir(mode=0o700, exist_ok=True)
    for left in [*where.builds.glob("work-*"), *where.builds.glob("*/.upload-*")]:
        _remove(left)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(FileNotFoundError):
            path.unlink()


def _bind(port: int) -> socket.socket:
    """Listen on 127.0.0.1, on any port where that one is taken."""
    for wanted in (port, 0):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", wanted))
        except OSError:
            listener.close()
        else:
            return listener
    raise SandboxError("no free port on 127.0.0.1")
