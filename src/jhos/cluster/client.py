"""Requests to the cluster, addressed by the rows of `kinds.py` without any discovery."""

from collections.abc import Callable, Iterator
from copy import copy
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import urllib3
from kubernetes.client.exceptions import ApiException
from openshift.dynamic import Resource
from openshift.dynamic.exceptions import DynamicApiError

from jhos.cluster.decoding import decoded, lean, present
from jhos.cluster.errors import apply_conflict, cause_of, translated
from jhos.cluster.foresight import Question, foreseeable
from jhos.cluster.handshakes import CONNECT_S
from jhos.cluster.listing import outlines
from jhos.cluster.wire import Nature, Wire
from jhos.errors import BrokenOff, Conflict, Refused
from jhos.kinds import KINDS
from jhos.objects import Object, ObjectRef

if TYPE_CHECKING:
    from concurrent.futures import Future

FIELD_MANAGER = "jhos"

_CREATED = 201  # status of an apply to an object that did not exist; 200: of one that did
_UPLOAD_S = 600  # a cluster answers once the pod that takes the upload runs

Objects = list[Object]
Kept = TypeVar("Kept")
Keep = Callable[[Object], Kept]
Many = list[Kept]
# Metadata only, of one object or of a list, from whoever can tell it apart.
_WHOLE = "application/json"
_ONE = f"application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,{_WHOLE}"
_SEVERAL = f"application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,{_WHOLE}"


class Cluster:
    """One namespace of one cluster, as one user. Objects are plain dicts as on the wire.

    `router`: where the cluster's routes are reached over plain HTTP; None: at their own host.
    Every method raises the classes of `jhos.errors`, with the server's words. What may be sent
    again is, until `wire.deadline`. `told`: what need not be said a second time. `foreseen`: see
    `foresight`.
    """

    def __init__(
        self, wire: Wire, *, namespace: str, context: str, router: str | None = None
    ) -> None:
        self.wire, self.namespace, self.context, self.router = wire, namespace, context, router
        self.told: set[str] = set()
        self.foreseen: dict[Question, Future[Any]] = {}
        self._rules: Objects | None = None

    @property
    def server(self) -> str:
        return self.wire.server

    @property
    def phase(self) -> str:
        """Of the project, `Active` or `Terminating`; empty where it is not to be seen."""
        try:
            found = self._read("get", self._resource("Project").path(self.namespace), 404) or {}
        except (ApiException, urllib3.exceptions.HTTPError, OSError):
            return ""
        return str(found.get("status", {}).get("phase", ""))

    def sparing(self) -> "Cluster":
        """Return the same cluster, for what a command can do without: see `Wire.sparing`."""
        cluster = copy(self)
        cluster.wire = self.wire.sparing()
        return cluster

    def path(self, ref: ObjectRef) -> str:
        """Of the object, below `server`."""
        path: str = self._resource(ref.kind).path(ref.name, self._scope(ref.kind))
        return path

    @foreseeable
    @translated
    def get(self, ref: ObjectRef, namespace: str | None = None) -> Object | None:
        """None where there is no such object."""
        resource = self._resource(ref.kind)
        path = resource.path(ref.name, self._scope(ref.kind, namespace))
        answer: Object | None = self._read("get", path, 404)
        return answer

    @foreseeable
    @translated
    def list(self, kind: str, selector: str = "", fields: str = "") -> tuple[Objects, str]:
        """The items, and the version to watch from; ([], "") where the API is absent.

        `selector` is of labels.
        """
        path = self._resource(kind).path(namespace=self._scope(kind))
        query = _selection(selector, fields)
        answer = self._read("get", path, 404, query_params=query) or {}
        # Lists that are put together for each request have no version.
        return _items(kind, answer), answer.get("metadata", {}).get("resourceVersion", "")

    @foreseeable
    @translated
    def metadata(self, kind: str, selector: str = "") -> Objects:
        """Every object of the kind, but only its `metadata`; [] where the API is absent."""
        answer = self._read(
            "get",
            self._resource(kind).path(namespace=self._scope(kind)),
            404,
            header_params={"Accept": _SEVERAL},
            query_params=_selection(selector, ""),
        )
        return _items(kind, answer or {})

    @translated
    def census(
        self, kind: str, selector: str, keep: Keep[Kept], *, whole: bool = False
    ) -> tuple[Many[Kept], str]:
        """As `metadata`, of thousands: what `keep` makes of each; and the version to watch from.

        `whole`: `keep` gets not their metadata only. The version is empty where the API is absent.
        """
        shape = _WHOLE if whole else _SEVERAL
        return self._outlines("get", kind, selector, keep, shape)

    def apply(self, obj: Object, *, dry_run: bool = False, force: bool = False) -> Object:
        """Server-side apply; returns the object as it now is, or would be.

        Raises Conflict, with owner and field, where somebody else has set what is to be changed.
        """
        return self._apply(obj, dry_run=dry_run, force=force)[0]

    def apply_new(self, obj: Object) -> tuple[Object, bool]:
        """Apply as `apply` does; also return whether the last request has created the object."""
        return self._apply(obj)

    @translated
    def _apply(
        self, obj: Object, *, dry_run: bool = False, force: bool = False
    ) -> tuple[Object, bool]:
        ref = ObjectRef.of(obj)
        path = self._resource(ref.kind).path(ref.name, self._scope(ref.kind))
        query = [("fieldManager", FIELD_MANAGER)]
        query += [("dryRun", "All")] if dry_run else []
        query += [("force", "true")] if force else []
        content_type = "application/apply-patch+yaml"
        nature = Nature(versioned=_is_versioned(obj))
        try:
            answer = self.wire.request(
                "patch", path, nature, body=obj, content_type=content_type, query_params=query
            )
        except DynamicApiError as error:
            if conflict := apply_conflict(ref, error):
                raise conflict from error
            raise
        return _json(answer), answer.status == _CREATED

    def release(self, ref: ObjectRef) -> None:
        """Give up what we alone have set in it; what others have set stays."""
        self.apply(
            {
                "apiVersion": KINDS[ref.kind].api_version,
                "kind": ref.kind,
                "metadata": {"name": ref.name},
            }
        )

    @translated
    def create(self, obj: Object) -> Object:
        """Raises Conflict where another one exists already."""
        path = self._resource(obj["kind"]).path(namespace=self._scope(obj["kind"]))
        return self._write("post", path, obj)

    @translated
    def replace(self, obj: Object) -> Object:
        """Raises Conflict where `metadata.resourceVersion` is not the newest, or no more there."""
        ref = ObjectRef.of(obj)
        path = self._resource(ref.kind).path(ref.name, self._scope(ref.kind))
        try:
            return self._write("put", path, obj)
        except DynamicApiError as error:
            if error.status == 404 and _is_versioned(obj):
                raise Conflict(f"{ref} has been deleted.") from error
            raise

    def _write(self, method: str, path: str, obj: Object) -> Object:
        """The object as it is now. A conflict with what is just so already is none: the answer to
        an earlier try may have been lost."""
        try:
            query = [("fieldManager", FIELD_MANAGER)]
            answer: Object = self._read(method, path, body=obj, query_params=query)
            return answer
        except DynamicApiError as error:
            ref = ObjectRef.of(obj)
            if error.status != 409 or ref.kind not in _READABLE:
                raise
            path = self._resource(ref.kind).path(ref.name, self._scope(ref.kind))
            current: Object = self._read("get", path, 404) or {}
            if not _holds(current, obj):
                raise
            return current

    @translated
    def merge(self, ref: ObjectRef, patch: Object) -> Object:
        path = self._resource(ref.kind).path(ref.name, self._scope(ref.kind))
        content_type = "application/merge-patch+json"
        query = [("fieldManager", FIELD_MANAGER)]
        answer: Object = self._read(
            "patch", path, body=patch, content_type=content_type, query_params=query
        )
        return answer

    @translated
    def delete(
        self,
        ref: ObjectRef,
        *,
        uid: str = "",
        version: str = "",
        foreground: bool = False,
        at_once: bool = False,
    ) -> None:
        """Gone already is well. With `uid` nothing that only has the same name is deleted.

        With `version` nothing that has changed since; it raises Conflict. `at_once`: a pod gets no
        time to end, and goes also where its node does not answer.
        """
        path = self._resource(ref.kind).path(ref.name, self._scope(ref.kind))
        options: Object = {"propagationPolicy": "Foreground" if foreground else "Background"}
        if uid:
            options["preconditions"] = {"uid": uid}
        if version:
            options.setdefault("preconditions", {})["resourceVersion"] = version
        if at_once:
            options["gracePeriodSeconds"] = 0
        try:
            self._read("delete", path, 404, body=options)
        except DynamicApiError as error:
            if not _is_of_another(error):
                raise

    @translated
    def delete_all(
        self, kind: str, selector: str, keep: Keep[Kept], *, foreground: bool = False
    ) -> Many[Kept]:
        """Every object of the kind that the label selector picks, in one request.

        Returns what `keep` makes of each one's metadata.
        """
        assert selector, "without one all of the kind would go"
        options = {"propagationPolicy": "Foreground" if foreground else "Background"}
        return self._outlines("delete", kind, selector, keep, _SEVERAL, body=options)[0]

    @translated
    def upload(self, ref: ObjectRef, subresource: str, content: bytes) -> Object:
        """POST of bytes, for example a binary build's source to `instantiatebinary`."""
        path = self._resource(ref.kind).path(ref.name, self._scope(ref.kind))
        answer: Object = self._read(
            "post",
            f"{path}/{subresource}",
            body=content,
            nature=_ONCE,
            content_type="application/octet-stream",
            _request_timeout=(CONNECT_S, _UPLOAD_S),
        )
        return answer

    @translated
    def post(self, ref: ObjectRef, subresource: str, body: Object) -> Object:
        """For example a BuildRequest to `instantiate`."""
        path = self._resource(ref.kind).path(ref.name, self._scope(ref.kind))
        answer: Object = self._read("post", f"{path}/{subresource}", nature=_ONCE, body=body)
        return answer

    def lines(self, ref: ObjectRef, subresource: str, **query: str) -> Iterator[str]:
        """The lines of a log as they come, until it ends. Raises BrokenOff where it did not."""
        rest, answer = b"", self._stream(ref, subresource, **query)
        try:
            for chunk in answer.stream(decode_content=False):
                *whole, rest = (rest + chunk).split(b"\n")
                yield from (line.decode(errors="replace") for line in whole)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            words = f"The log of {ref} broke off: {cause_of(error)}."
            raise BrokenOff(words, "Run the same command again.") from error
        finally:
            answer.close()
        if rest:
            yield rest.decode(errors="replace")

    @translated
    def _stream(self, ref: ObjectRef, subresource: str, **query: str) -> Any:
        path = self._resource(ref.kind).path(ref.name, self._scope(ref.kind))
        return self.wire.request(
            "get",
            f"{path}/{subresource}",
            _STREAM,
            query_params=list(query.items()),
            header_params={"Accept": "text/plain, application/json"},
            _request_timeout=(CONNECT_S, _UPLOAD_S),
        )

    @translated
    def text(self, ref: ObjectRef, subresource: str, **query: str) -> str:
        path = self._resource(ref.kind).path(ref.name, self._scope(ref.kind))
        answer = self.wire.request(
            "get",
            f"{path}/{subresource}",
            Nature(),
            query_params=list(query.items()),
            header_params={"Accept": "text/plain, application/json"},
        )
        content: bytes = answer.data
        return content.decode(errors="replace")

    @foreseeable
    @translated
    def rules(self) -> Objects:
        """What the user may do in the namespace: `{verbs, apiGroups, resources, resourceNames}`.

        Asked once. Source: https://kubernetes.io/docs/reference/access-authn-authz/authorization/
        """
        if self._rules is not None:
            return self._rules
        review = {
            "apiVersion": KINDS["SelfSubjectRulesReview"].api_version,
            "kind": "SelfSubjectRulesReview",
            "spec": {"namespace": self.namespace},
        }
        answer = self._read("post", self._resource("SelfSubjectRulesReview").path(), body=review)
        found: Objects = answer.get("status", {}).get("resourceRules", [])
        self._rules = found
        return found

    @translated
    def groups(self) -> set[str]:
        """The names of the API groups that the cluster has."""
        return {group["name"] for group in self._read("get", "/apis").get("groups", [])}

    @translated
    def watch(
        self,
        kind: str,
        version: str,
        selector: str = "",
        fields: str = "",
        timeout_s: float = 300,
        *,
        whole: bool = True,
    ) -> Iterator[tuple[str, Object]]:
        """`(type, object)` from `version` on, until the server ends it or `timeout_s` passed.

        ERROR: the server does not know the version any more; list again. Unless `whole`: only the
        metadata, without managed fields.
        """
        path = self._resource(kind).path(namespace=self._scope(kind))
        query = [("watch", "1"), ("resourceVersion", version), ("allowWatchBookmarks", "true"),
                 ("timeoutSeconds", str(max(1, round(timeout_s)))),
                 *_selection(selector, fields)]  # fmt: skip
        patience = (CONNECT_S, timeout_s + CONNECT_S)
        try:
            answer = self.wire.request(
                "get",
                path,
                _STREAM,
                query_params=query,
                _request_timeout=patience,
                header_params={"Accept": _WHOLE if whole else _ONE},
            )
        except DynamicApiError as error:
            if error.status != 410:
                raise
            return iter([("ERROR", {"code": 410})])
        return _events(answer, present if whole else lean)

    def _scope(self, kind: str, namespace: str | None = None) -> str | None:
        return (namespace or self.namespace) if KINDS[kind].namespaced else None

    def _resource(self, kind: str) -> Resource:
        row = KINDS[kind]
        group, _, version = row.api_version.rpartition("/")
        return Resource(
            prefix="apis" if group else "api",
            group=group or None,
            api_version=version,
            kind=kind,
            namespaced=row.namespaced,
            name=row.plural,
            client=self.wire.client,
        )

    def _outlines(
        self, method: str, kind: str, selector: str, keep: Keep[Kept], shape: str, **given: Any
    ) -> tuple[Many[Kept], str]:
        """Also where there are thousands; ([], "") where the API is absent."""
        common = {"apiVersion": KINDS[kind].api_version, "kind": kind}
        try:
            kept, meta = self.wire.request(
                method,
                self._resource(kind).path(namespace=self._scope(kind)),
                Nature(take=partial(_outlined, lambda item: keep({**item, **common}))),
                header_params={"Accept": shape},
                query_params=_selection(selector, ""),
                **given,
            )
        except DynamicApiError as error:
            if error.status == 404:
                return [], ""
            raise
        except ValueError as error:
            raise _no_api() from error
        return kept, meta.get("resourceVersion", "")

    def _read(
        self,
        method: str,
        path: str,
        absent: int = 0,
        nature: Nature | None = None,
        **given: Any,
    ) -> Any:
        """The decoded answer; None where the status is `absent`."""
        nature = nature or Nature(versioned=_is_versioned(given.get("body")))
        try:
            return _json(self.wire.request(method, path, nature, **given))
        except DynamicApiError as error:
            if error.status == absent:
                return None
            raise


_ONCE = Nature(repeatable=False)
_STREAM = Nature(take=lambda answer: answer)
_READABLE = {name for name, row in KINDS.items() if row.namespaced}


def _is_versioned(body: Any) -> bool:
    metadata = body.get("metadata", {}) if isinstance(body, dict) else {}
    return "resourceVersion" in metadata


def _is_of_another(error: DynamicApiError) -> bool:
    """Whether what was to be deleted is gone, and another object has its name."""
    words = ("UID in precondition", "UID in the precondition")
    return error.status == 409 and any(each in str(error.body) for each in words)


def _holds(current: Any, sent: Any) -> bool:
    """Whether the object has all that was sent, but for its version."""
    if not isinstance(sent, dict):
        return bool(current == sent)
    return isinstance(current, dict) and all(
        key == "resourceVersion" or _holds(current.get(key), value) for key, value in sent.items()
    )


def _json(answer: Any) -> Object:
    try:
        return decoded(answer.data)
    except ValueError as error:
        raise _no_api() from error


def _outlined(keep: Keep[Kept], answer: Any) -> tuple[list[Kept], Object]:
    try:
        found = outlines(answer.stream(decode_content=True), keep)
        answer.drain_conn()
    finally:
        answer.close()
    return found


def _no_api() -> Refused:
    return Refused(
        "The server did not answer as a Kubernetes API does.",
        "Is there a login page or a proxy in between?",
    )


def _selection(labels: str, fields: str) -> list[tuple[str, str]]:
    query = (("labelSelector", labels), ("fieldSelector", fields))
    return [(key, value) for key, value in query if value]


def _items(kind: str, answer: Object) -> Objects:
    """Items of a list leave out what the list says for all of them."""
    common = {"apiVersion": KINDS[kind].api_version, "kind": kind}
    return [{**item, **common} for item in answer.get("items") or []]


def _events(answer: Any, shape: Keep[Object]) -> Iterator[tuple[str, Object]]:
    rest = b""
    try:
        for chunk in answer.stream(decode_content=False):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in filter(None, lines):
                event = decoded(line, shape)
                yield event["type"], event["object"]
    except (ValueError, KeyError) as error:
        raise _no_api() from error
    except urllib3.exceptions.HTTPError:
        return  # whoever watches goes on from the last version
    finally:
        answer.close()
