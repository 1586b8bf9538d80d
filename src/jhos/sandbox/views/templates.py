"""Templates processed: parameters generated, put into the objects, labels added."""

import json
import re
import secrets
import string
from typing import Any

from jhos.sandbox import failure, registry
from jhos.sandbox.answers import Answer
from jhos.sandbox.call import Call
from jhos.sandbox.failure import Cause

Object = dict[str, Any]

_WHOLE = re.compile(r"^\$\{\{([a-zA-Z0-9_]+)\}\}$")
_PART = re.compile(r"\$\{([a-zA-Z0-9_]+)\}")
_NAME = re.compile(r"^[a-zA-Z0-9_]+$")
_GENERATED = re.compile(r"\[([^\]]+)\]\{(\d+)\}|\[([^\]]+)\]")
_CLASSES = {
    "\\w": string.ascii_letters + string.digits + "_",
    "\\d": string.digits,
    "\\a": string.ascii_letters + string.digits,
    "\\A": "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
}


def process(call: Call) -> Answer:
    template = registry.decode(call, call.object())
    parameters = [_valued(call, template, n) for n in range(len(template.get("parameters", ())))]
    values = {p["name"]: p.get("value", "") for p in parameters}
    labels = _substituted(template.get("labels", {}), values)
    objects = [_object(obj, values, labels) for obj in template.get("objects", ())]
    done = {**template, "objects": objects}
    if parameters:
        done["parameters"] = parameters
    if labels:
        done["labels"] = labels
    if "message" in template:
        done["message"] = _substituted(template["message"], values)
    return Answer(done, 201)


def _valued(call: Call, template: Object, number: int) -> Object:
    """The parameter with its value, generated where it asks for that; raises Failure."""
    parameter = template["parameters"][number]
    name, where = parameter.get("name", ""), f"template.parameters[{number}]"
    if not _NAME.match(name):
        field, why = f"parameters[{number}].name", f"does not match {_NAME.pattern}"
        raise _invalid(call, template, failure.bad_value(field, name, why))
    if not parameter.get("value") and (generator := parameter.get("generate")):
        if generator != "expression":
            why = f"Unknown generator name '{generator}' for parameter {name}"
            raise _invalid(call, template, failure.bad_value(where, generator, why))
        parameter = {**parameter, "value": generate(parameter.get("from", ""))}
    if parameter.get("required") and not parameter.get("value"):
        why = f"{where}: parameter {name} is required and must be specified"
        raise _invalid(call, template, failure.required(where, why))
    return dict(parameter)


def _invalid(call: Call, template: Object, cause: Cause) -> failure.Failure:
    name = template["metadata"].get("name", "")
    return failure.invalid(call.kind.group, "Template", name, [cause])


def generate(expression: str) -> str:
    """A random text of the form of `[a-z]{8}-[0-9]{2}`."""

    def chosen(match: re.Match[str]) -> str:
        letters = _letters(match[1] or match[3])
        return "".join(secrets.choice(letters) for _ in range(int(match[2] or 1)))

    return _GENERATED.sub(chosen, expression)


def _letters(class_: str) -> str:
    for name, letters in _CLASSES.items():
        class_ = class_.replace(name, letters)
    ranges = re.compile(r"([a-zA-Z0-9])-([a-zA-Z0-9])")
    return ranges.sub(lambda m: "".join(map(chr, range(ord(m[1]), ord(m[2]) + 1))), class_)


def _object(obj: Object, values: dict[str, str], labels: dict[str, str]) -> Object:
    """A namespace that is written out goes; one that a parameter gives stays."""
    result = _substituted(obj, values)
    meta = dict(result.get("metadata", {}))
    namespace = obj.get("metadata", {}).get("namespace", "")
    if namespace and not _PART.search(namespace):
        del meta["namespace"]
    if labels:
        meta["labels"] = {**meta.get("labels", {}), **labels}
    return {**result, "metadata": meta}


def _substituted(value: Any, values: dict[str, str]) -> Any:
    """`${A}` as text; `${{A}}` on its own as JSON where it is some. Unknown names stay."""
    if isinstance(value, dict):
        return {_substituted(k, values): _substituted(v, values) for k, v in value.items()}
    if isinstance(value, list):
        return [_substituted(entry, values) for entry in value]
    if not isinstance(value, str):
        return value
    if (whole := _WHOLE.match(value)) and whole[1] in values:
        return _as_json(values[whole[1]])
    return _PART.sub(lambda match: values.get(match[1], match[0]), value)


def _as_json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
