"""Errors of the API and of the connection, translated once into those of `jhos.errors`."""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import urllib3
from kubernetes.client.exceptions import ApiException

from jhos.cluster.decoding import decoded, message_in
from jhos.cluster.retry import passes
from jhos.errors import (
    ApiUnavailable,
    BeingDeleted,
    ClusterUnreachable,
    Conflict,
    Immutable,
    JhosError,
    LoginNeeded,
    NotFound,
    OutOfTime,
    Refused,
)
from jhos.objects import ObjectRef
from jhos.stalls import refusal

# Refusals repeat what was sent, also the key of a route's certificate.
_PRIVATE_KEY = re.compile("-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*KEY-----|$)", re.S)
Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


def translated(method: Callable[Arguments, Answer]) -> Callable[Arguments, Answer]:
    """Of a method of Cluster: what it raises is a JhosError."""

    @wraps(method)
    def call(*arguments: Arguments.args, **keywords: Arguments.kwargs) -> Answer:
        cluster: Any = arguments[0]
        try:
            return method(*arguments, **keywords)
        except ApiException as error:
            raise _of_status(cluster, error) from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise _of_connection(cluster.server, error) from error

    return call


def _of_connection(server: str, error: Exception) -> ClusterUnreachable:
    cause = cause_of(error)
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return ClusterUnreachable(
            f"The certificate of the cluster at {server} is not trusted: {cause}.",
            "The kubeconfig should name the cluster's certificate authority; log in again.",
        )
    return ClusterUnreachable(
        f"The cluster at {server} does not answer: {cause}.",
        "Is it up, and is the kubeconfig the right one? (--context, --kubeconfig)",
    )


def api_unavailable(server: str, api: str) -> ApiUnavailable:
    """`api` as in `apiVersion`."""
    return ApiUnavailable(
        f"The API {api} is not available: the cluster at {server} does not reach its server.",
        "Run the same command again later. The cluster's administrators see why: oc get apiservice",
    )


def being_deleted(namespace: str) -> BeingDeleted:
    return BeingDeleted(
        f"Project {namespace} is being deleted, with all that is in it.",
        "Choose another with -n PROJECT.",
    )


def _of_status(cluster: Any, error: ApiException) -> JhosError:
    message = _message(error)
    match error.status:
        case 401:
            return LoginNeeded(
                "The cluster does not know who is asking: the login has expired or is wrong.",
                "Log in again (`jhos login SERVER`), then run the same command.",
            )
        case 403 if 'User "system:anonymous"' in message:
            return LoginNeeded("You are not logged in.", "Log in: jhos login SERVER")
        case 403 if "exceeded quota" in message:
            found = refusal(message)
            return Refused(f"The project has no room: {found.words}.", found.hint)
        case 403 if "being terminated" in message:
            return BeingDeleted(
                f"The project is being deleted: {message}", "Choose another with -n PROJECT."
            )
        case 403 if message.endswith('in the namespace "default"'):
            return Refused(
                "You have no rights in the project default, which is taken where none is named.",
                "Name yours with -n PROJECT, or in the variable JHOS_NAMESPACE.",
            )
        case 403:
            return _forbidden(cluster, message)
        case 404:
            return NotFound(
                f"An object does not exist, or was deleted meanwhile: {message}",
                "Somebody else may have deleted it meanwhile: jhos list",
            )
        case 409:
            return Conflict(f"Conflict: {message}")
        case 422 if "immutable" in message and re.search(r"spec\.(host|tls)", message):
            return Immutable(
                f"The cluster refuses it: {message}",
                "A route's host and certificate are chosen when it is made: jhos teardown NAME, "
                "which keeps the data, then jhos deploy with --route-host.",
            )
        case 422 if "spec.host" in message and "permission" in message:
            return Refused(
                f"The cluster refuses it: {message}",
                "Ask for the right to create routes/custom-host, or leave --route-host out: the "
                "cluster chooses a host.",
            )
        case 422 | 400:
            return Refused(f"The cluster refuses it: {message}")
        case 413 | 500 if "too large" in message:
            return Refused(
                f"The object is larger than the cluster accepts: {message}",
                "Make the largest file or setting smaller.",
            )
        case 500 if not passes(message):
            return JhosError(f"The cluster failed: {message}")
        case 429 | 500 | 502 | 503 | 504:
            return OutOfTime(
                f"The cluster is overloaded or restarting: {message}", "Run the same command again."
            )
    return JhosError(f"The cluster answered {error.status}: {message}")


def _forbidden(cluster: Any, message: str) -> Refused:
    """The rights in a project go early where it is deleted, and with them the sight of it."""
    role = "admin" if re.search(r'resource "role(binding)?s"', message) else "edit"
    hint = f"Someone who administers the project can grant you the role `{role}`."
    if message.endswith(f'in the namespace "{cluster.namespace}"'):
        phase = cluster.phase
        if phase == "Terminating":
            return being_deleted(cluster.namespace)
        if not phase:
            hint = (
                f"Nor may you see project {cluster.namespace}: it is being deleted, is not there, "
                f"or is somebody else's. Name yours with -n PROJECT. {hint}"
            )
    return Refused(f"Not allowed: {message}", hint)


def apply_conflict(ref: ObjectRef, error: ApiException) -> Conflict | None:
    """Where fields of the object are somebody else's: whose, and which."""
    try:
        causes = decoded(error.body or "").get("details", {}).get("causes", [])
    except ValueError:
        return None
    fields: dict[str, list[str]] = {}
    for cause in causes:
        if cause.get("reason") == "FieldManagerConflict":
            found = re.search(r'"([^"]*)"', cause.get("message", ""))
            owner = found[1] if found else "somebody else"
            fields.setdefault(owner, []).append(cause.get("field", ""))
    if not fields:
        return None
    words = "; ".join(f"{owner} has set {', '.join(each)}" for owner, each in fields.items())
    return Conflict(
        f"{ref} is not ours alone: {words}.",
        "Undo that there, or take the fields over with --force-conflicts.",
    )


def _message(error: ApiException) -> str:
    message = message_in(error.body) or str(error.reason)
    return _PRIVATE_KEY.sub("(a private key)", message)


def cause_of(error: Exception) -> str:
    """The innermost words: `Connection refused` rather than a chain of class names."""
    reason: Any = getattr(error, "reason", None) or error
    if isinstance(reason, urllib3.exceptions.ProxyError):
        return f"the proxy (HTTPS_PROXY, or of the kubeconfig): {cause_of(reason.original_error)}"
    while isinstance(reason, Exception) and isinstance(
        reason.__cause__ or reason.__context__, OSError
    ):
        reason = reason.__cause__ or reason.__context__
    if isinstance(reason, OSError) and reason.strerror:
        return reason.strerror
    words = str(reason).rsplit(": ", 1)[-1].partition(" (_ssl.c:")[0]
    return " ".join(words.split())  # OpenSSL may say it in two lines
