"""Who may choose the host of a route, or bring a certificate of his own."""

from typing import Any

from jhos.sandbox import failure, rbac
from jhos.sandbox.call import Call

Object = dict[str, Any]
CERTIFICATE = ("certificate", "key", "caCertificate", "destinationCACertificate")


def check(call: Call, route: Object, live: Object | None) -> None:
    """Before a host is generated; raises Failure 422."""
    if call.kind.key != "routes.route.openshift.io":
        return
    spec, old = route["spec"], (live or {}).get("spec", {})
    host = bool(spec.get("host")) and spec["host"] != old.get("host")
    certificate = any(_certificate(spec)) and _certificate(spec) != _certificate(old)
    if not (host or certificate) or any(_may(call, verb) for verb in _verbs(live, host)):
        return
    if live is None:
        what, field = ("the host field of", "host") if host else ("certificate fields on", "tls")
        why = f"you do not have permission to set {what} the route"
        cause = failure.forbidden_field(f"spec.{field}", why)
    else:
        field, value = ("spec.host", spec["host"]) if host else ("spec.tls", spec["tls"])
        cause = failure.bad_value(field, value, "field is immutable")
    name = route["metadata"].get("name", "")
    raise failure.invalid(call.kind.group, call.kind.kind, name, [cause])


def _verbs(live: Object | None, host: bool) -> tuple[str, ...]:
    """Of which one will do: who may bring a certificate may also renew it."""
    if live is None:
        return ("create",)
    return ("update",) if host else ("update", "create")


def _may(call: Call, verb: str) -> bool:
    question = rbac.Question(verb, call.kind.group, "routes/custom-host", call.namespace)
    return rbac.allowed(call.store, call.user, question)


def _certificate(spec: Object) -> list[str]:
    return [(spec.get("tls") or {}).get(name, "") for name in CERTIFICATE]
