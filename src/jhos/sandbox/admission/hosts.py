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
    verb = "create" if live is None else "update"
    question = rbac.Question(verb, call.kind.group, "routes/custom-host", call.namespace)
    if not (host or certificate) or rbac.allowed(call.store, call.user, question):
        return
    if live is not None:
        field, value = ("spec.host", spec["host"]) if host else ("spec.tls", spec["tls"])
        cause = failure.bad_value(field, value, "field is immutable")
    elif host:
        why = "you do not have permission to set the host field of the route"
        cause = failure.forbidden_field("spec.host", why)
    else:
        why = "you do not have permission to set certificate fields on the route"
        cause = failure.forbidden_field("spec.tls", why)
    name = route["metadata"].get("name", "")
    raise failure.invalid(call.kind.group, call.kind.kind, name, [cause])


def _certificate(spec: Object) -> list[str]:
    return [(spec.get("tls") or {}).get(name, "") for name in CERTIFICATE]
