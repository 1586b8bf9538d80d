"""The options of a write in its query, held to what there is of them."""

from collections.abc import Iterator

from jhos.sandbox import failure
from jhos.sandbox.call import Call
from jhos.sandbox.failure import Cause

KINDS = {"create": "CreateOptions", "update": "UpdateOptions", "patch": "PatchOptions"}
VALIDATIONS = ("", "Ignore", "Strict", "Warn")


def check(call: Call) -> None:
    """Raises Failure 422."""
    kind = KINDS.get(call.verb)
    if kind and (causes := list(_causes(call))):
        raise failure.invalid("meta.k8s.io", kind, "", causes)


def _causes(call: Call) -> Iterator[Cause]:
    dry_run = call.query.get("dryRun", "")
    if dry_run not in ("", "All"):
        text = f'Unsupported value: ["{dry_run}"]: supported values: "All"'
        yield Cause("FieldValueNotSupported", "dryRun", text)
    validation = call.query.get("fieldValidation", "")
    if validation not in VALIDATIONS:
        yield failure.not_supported("fieldValidation", validation, VALIDATIONS)
