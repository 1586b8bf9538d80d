"""What the API answers when it refuses: `Status` objects in the words of the real apiservers."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]

REASONS = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    406: "NotAcceptable",
    409: "Conflict",
    410: "Expired",
    413: "RequestEntityTooLarge",
    415: "UnsupportedMediaType",
    422: "Invalid",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
    504: "Timeout",
}


class Failure(Exception):
    """An answer that is not a success."""

    def __init__(
        self, code: int, message: str, *, reason: str | None = None, details: Object | None = None
    ) -> None:
        super().__init__(message)
        self.code, self.message = code, message
        self.reason = REASONS.get(code, "") if reason is None else reason
        self.details = details

    def status(self) -> Object:
        body: Object = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
        body["message"] = self.message
        if self.reason:
            body["reason"] = self.reason
        if self.details is not None:
            body["details"] = self.details
        return {**body, "code": self.code}


@dataclass(frozen=True)
class Cause:
    """One field that is wrong; `reason` as `FieldValueInvalid`."""

    reason: str
    field: str
    message: str


def required(field: str, detail: str = "") -> Cause:
    return Cause("FieldValueRequired", field, "Required value" + (f": {detail}" if detail else ""))


def bad_value(field: str, value: Any, detail: str) -> Cause:
    return Cause("FieldValueInvalid", field, f"Invalid value: {_shown(value)}: {detail}")


def forbidden_field(field: str, detail: str) -> Cause:
    return Cause("FieldValueForbidden", field, f"Forbidden: {detail}")


def not_supported(field: str, value: str, supported: Iterable[str]) -> Cause:
    names = ", ".join(f'"{name}"' for name in supported)
    message = f'Unsupported value: "{value}": supported values: {names}'
    return Cause("FieldValueNotSupported", field, message)


def too_long(field: str, most: int) -> Cause:
    return Cause("FieldValueTooLong", field, f"Too long: may not be more than {most} bytes")


def immutable(field: str, why: str = "field is immutable when `immutable` is set") -> Cause:
    return forbidden_field(field, why)


def duplicate(field: str, value: Any) -> Cause:
    return Cause("FieldValueDuplicate", field, f"Duplicate value: {_shown(value)}")


def invalid(group: str, kind: str, name: str, causes: Iterable[Cause]) -> Failure:
    """422 that names every wrong field."""
    found = list(causes)
    texts = list(dict.fromkeys(f"{cause.field}: {cause.message}" for cause in found))
    text = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    qualified = f"{kind}.{group}" if group else kind
    listed = [{"reason": c.reason, "message": c.message, "field": c.field} for c in found]
    details = {"name": name, "group": group, "kind": kind, "causes": listed}
    return Failure(422, f'{qualified} "{name}" is invalid: {text}', details=_present(details))


def not_found(group: str, resource: str, name: str) -> Failure:
    message = f'{_qualified(group, resource)} "{name}" not found'
    return Failure(404, message, details=named(group, resource, name))


def already_exists(group: str, resource: str, name: str) -> Failure:
    message = f'{_qualified(group, resource)} "{name}" already exists'
    details = named(group, resource, name)
    return Failure(409, message, reason="AlreadyExists", details=details)


def conflict(group: str, resource: str, name: str, why: str = "") -> Failure:
    why = why or (
        "the object has been modified; please apply your changes to the latest version and "
        "try again"
    )
    message = f'Operation cannot be fulfilled on {_qualified(group, resource)} "{name}": {why}'
    return Failure(409, message, details=named(group, resource, name))


def forbidden(group: str, resource: str, name: str, why: str) -> Failure:
    subject = f'{_qualified(group, resource)} "{name}"' if name else _qualified(group, resource)
    details = named(group, resource, name)
    return Failure(403, f"{subject} is forbidden: {why}", details=details)


def bad_request(message: str) -> Failure:
    return Failure(400, message)


def undecodable(kind: str, version: str, why: str, given: str = "") -> Failure:
    text = f'{given or kind} in version "{version}" cannot be handled as a {kind}: {why}'
    return bad_request(text)


def named(group: str, resource: str, name: str) -> Object:
    return _present({"name": name, "group": group, "kind": resource})


def _qualified(group: str, resource: str) -> str:
    return f"{resource}.{group}" if group else resource


def _present(details: Object) -> Object:
    return {key: value for key, value in details.items() if value}


def _shown(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
