"""The API server as an aiohttp application: who asks, for what, may they, and the answer.

Over the plain unix socket everybody is `system:admin`; over TLS bearer tokens are asked for.
"""

import json
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from jhos.sandbox import (
    authentication,
    bootstrap,
    discovery,
    dispatch,
    forms,
    impersonation,
    kinds,
    openapi,
    openapi_v2,
    options,
    paths,
    rbac,
)
from jhos.sandbox.answers import Answer
from jhos.sandbox.call import ANONYMOUS, SYSTEM_ADMIN, Call, Cluster, Object, User
from jhos.sandbox.failure import Failure
from jhos.sandbox.faults import Faults
from jhos.sandbox.faulty import Faulty
from jhos.sandbox.forms import Form
from jhos.sandbox.oauth import Login
from jhos.sandbox.paths import ResourcePath
from jhos.sandbox.store import Store

__all__ = ["Cluster", "create_app", "runner", "serve"]

LARGEST_BODY = 2**30  # uploads of sources
LARGEST_OBJECT = 3 * 2**20
HEALTH = ("/healthz", "/livez", "/readyz")
OPEN_TO_ALL = (*HEALTH, "/version", "/version/")
UNKNOWN_RESOURCE = "the server could not find the requested resource"
STREAMED = {"instantiatebinary"}  # subresources whose body is not an object
log = logging.getLogger(__name__)


def create_app(store: Store, cluster: Cluster) -> web.Application:
    """The application; objects that every cluster has are made where they are missing."""
    bootstrap.ensure(store, cluster)
    server = _Server(store, cluster)
    faulty = Faulty(Faults(), server.user)
    app = web.Application(client_max_size=LARGEST_BODY, middlewares=[faulty.middleware])
    app.add_routes(faulty.routes())
    if cluster.sessions:
        app.add_routes(Login(store, cluster, cluster.sessions).routes())
    app.router.add_route("*", "/{path:.*}", server.answer)

    async def end_watches(_: web.Application) -> None:
        store.end_watches()

    app.on_shutdown.append(end_watches)
    return app


def runner(app: web.Application) -> web.AppRunner:
    """A runner that ends with the clients that go, and does not wait for streams at the end."""
    return web.AppRunner(app, handler_cancellation=True, shutdown_timeout=1.0, access_log=None)


async def serve(
    app: web.Application, socket: Path, tls: tuple[str, int, ssl.SSLContext] | None = None
) -> web.AppRunner:
    """Answer on a unix socket and, where given, on a TLS address; `cleanup()` ends it."""
    running = runner(app)
    await running.setup()
    await web.UnixSite(running, str(socket)).start()
    if tls:
        await web.TCPSite(running, tls[0], tls[1], ssl_context=tls[2]).start()
    return running


@dataclass(frozen=True)
class _Server:
    store: Store
    cluster: Cluster

    async def answer(self, request: web.Request) -> web.StreamResponse:
        try:
            user = impersonation.user_of(request.headers, self.user(request), self.store)
            if (path := paths.parse(request.path)) is not None:
                return await self._resource(request, user, path)
            return self._elsewhere(request, user)
        except Failure as error:
            return _json(error.code, error.status())
        except ConnectionError:
            raise
        except Exception as error:
            log.exception("while answering %s %s", request.method, request.path)
            problem = Failure(500, f"Internal error occurred: {error}", reason="InternalError")
            return _json(500, problem.status())

    def user(self, request: web.Request) -> User:
        """Who asks; raises Failure 401 for a token that is not good."""
        transport = request.transport
        if transport is None or transport.get_extra_info("sslcontext") is None:
            return SYSTEM_ADMIN
        header = request.headers.get("Authorization", "")
        return authentication.user_of(header, self.cluster, self.store)

    async def _resource(
        self, request: web.Request, user: User, path: ResourcePath
    ) -> web.StreamResponse:
        watch = request.query.get("watch", "false") not in ("", "0", "false")
        verb = paths.verb(request.method, path, watch=watch)
        _authorize(self.store, user, verb, path)
        kind = kinds.find(path.group, path.version, path.resource)
        if kind is None or kind.group == self.missing:
            raise Failure(404, UNKNOWN_RESOURCE, details={})
        streamed = path.subresource in STREAMED
        call = Call(
            store=self.store,
            cluster=self.cluster,
            user=user,
            verb=verb,
            path=path,
            kind=kind,
            query=dict(request.query),
            body=b"" if streamed else await _body(request),
            content_type=request.headers.get("Content-Type", "").partition(";")[0].strip(),
            accept=request.headers.get("Accept", ""),
            user_agent=request.headers.get("User-Agent", ""),
            upload=request.content.iter_chunked(2**16) if streamed else None,
        )
        options.check(call)
        form = forms.negotiate(call.accept if path.subresource != "log" else "")
        if verb == "watch":
            return await _stream(request, _watch(call, form), "application/json")
        answer = await dispatch.perform(call)
        if answer.connection is not None:
            return await answer.connection(request)
        return await _respond(request, call, form, answer)

    @property
    def missing(self) -> str | None:
        """The group that is not served, if any."""
        return None if self.cluster.usage else kinds.METRICS

    def _elsewhere(self, request: web.Request, user: User) -> web.Response:
        path = request.path
        if path not in OPEN_TO_ALL and not path.startswith(HEALTH) and user == ANONYMOUS:
            rbac.check_path(self.store, user, "get", path)
        if path.startswith(HEALTH):
            return web.Response(text="ok")
        if path == "/openapi/v2" and openapi_v2.ASKED_FOR in request.headers.get("Accept", ""):
            headers = {"Content-Type": openapi_v2.MEDIA}
            return web.Response(body=openapi.v2_as_protobuf(), headers=headers)
        body = _document(path, self.missing)
        if body is None:
            return web.Response(status=404, text="404 page not found\n")
        return _json(200, body)


async def _body(request: web.Request) -> bytes:
    body = await request.read()
    if len(body) > LARGEST_OBJECT:
        raise Failure(413, f"Request entity too large: limit is {LARGEST_OBJECT}")
    return body


def _authorize(store: Store, user: User, verb: str, path: ResourcePath) -> None:
    resource = f"{path.resource}/{path.subresource}".rstrip("/")
    question = rbac.Question(verb, path.group, resource, path.namespace, path.name)
    rbac.check(store, user, question)


def _document(path: str, missing: str | None) -> Object | None:
    """Discovery, version and schemas; None where there is nothing."""
    parts = path.strip("/").split("/")
    match parts:
        case ["version"]:
            return discovery.VERSION
        case ["api"]:
            return discovery.core_versions()
        case ["api", version]:
            return discovery.resource_list("", version)
        case ["apis"]:
            return discovery.group_list(missing)
        case ["apis", group] if group != missing:
            return discovery.group(group)
        case ["apis", group, version] if group != missing:
            return _versioned(group, version)
        case ["openapi", *rest]:
            return openapi.document(rest)
        case [""]:
            return {"paths": ["/api", "/apis", "/healthz", "/openapi/v2", "/openapi/v3"]}
    return None


def _versioned(group: str, version: str) -> Object | None:
    found = discovery.resource_list(group, version)
    if found is None and discovery.group(group) is not None:
        raise Failure(404, UNKNOWN_RESOURCE, details={})
    return found


def _watch(call: Call, form: Form) -> AsyncIterator[bytes]:
    include = call.query.get("includeObject", "Metadata")
    return dispatch.watch(call, forms.for_watch(call.kind, form, include))


async def _respond(
    request: web.Request, call: Call, form: Form, answer: Answer
) -> web.StreamResponse:
    if answer.stream is not None:
        return await _stream(request, answer.stream, "text/plain")
    if answer.status == 204:
        return web.Response(status=204)
    include = call.query.get("includeObject", "Metadata")
    if answer.objects is not None:
        encoded = forms.encode_list(call.kind, answer.objects, answer.body, form, include)
    else:
        body = forms.one(call.kind, answer.body, form, include)
        encoded = forms.encode(body, form.media)
    response = web.Response(status=answer.status, body=encoded, content_type=form.media)
    for warning in dict.fromkeys(call.warnings):
        response.headers.add("Warning", f"299 - {json.dumps(warning)}")
    return response


async def _stream(
    request: web.Request, chunks: AsyncIterator[bytes], media: str
) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": media})
    await response.prepare(request)
    with suppress(ConnectionError):  # whoever listened has gone: that is how watches end
        async for chunk in chunks:
            if chunk:
                await response.write(chunk)
            elif request.transport is None or request.transport.is_closing():
                break
    return response


def _json(status: int, body: Any) -> web.Response:
    encoded = json.dumps(body, separators=(",", ":")).encode() + b"\n"
    return web.Response(status=status, body=encoded, content_type="application/json")
