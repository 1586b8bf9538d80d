"""The user's own files of a hub, and where they lie: a file that holds a secret is one; purely."""

import ast
import re
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from typing import NamedTuple

USER_KEYS = ("jupyterhub_config.py", "jupyterhub_config.sh")
# What stands in the ConfigMap where the file is in the Secret. The hub reads both.
MOVED = (
    "# This file holds secrets, so it is in Secret {name}-secrets: jhos configure {name} --edit\n"
)

_MARK = MOVED.partition("{name}")[0]
_SECRET_NAME = re.compile(
    r"(secret|passw(or)?d|token|(api|access|private|crypt)_?key|CryptKeeper\.key)s?$", re.IGNORECASE
)
_SHELL = re.compile(r"^\s*(?:export\s+)?(\w+)=(?![\"']?\$)(\S+)")
# In a file that cannot be read as Python, and may be right for the hub's.
_ASSIGNED = re.compile(r"""([\w.]+)["'\]]*\s*[=:]\s*[bru]*["'][^"']""", re.IGNORECASE)
_URL = re.compile(r"[\w+.-]+://[^\s/:@]*:(?![%$<{])[^\s/@]+@")
_URL_NAME = "password of a URL"
_DECODERS = ("fromhex", "b64decode", "unhexlify", "bytes", "str", "SecretStr")
_WITH_DEFAULT = ("get", "getenv")


class Literal(NamedTuple):
    """A secret that is written out in a file, from `line` to `last`; `name` is what it is
    assigned to."""

    file: str
    line: int
    name: str
    last: int


class Parted(NamedTuple):
    """`config`: what a ConfigMap may hold; `secret`: base64, as the `data` of a Secret."""

    config: dict[str, str]
    secret: dict[str, str]


def parted(name: str, configuration: Mapping[str, str]) -> Parted:
    """Files of deployment `name` by where they go."""
    secret = {file for file, text in configuration.items() if any(literals(file, text))}
    moved = MOVED.format(name=name)
    return Parted(
        config={file: moved if file in secret else text for file, text in configuration.items()},
        secret={file: b64encode(configuration[file].encode()).decode() for file in secret},
    )


def joined(config: Mapping[str, str], secret: Mapping[str, str]) -> dict[str, str]:
    """The files as the hub reads them; what somebody wrote beside a moved one comes after it."""
    files = {}
    for file in USER_KEYS:
        hidden = b64decode(secret.get(file, "")).decode()
        shown = "" if is_moved(config.get(file, "")) else config.get(file, "")
        if file in config or hidden:
            files[file] = "\n".join(filter(None, (hidden, shown)))
    return files


def is_moved(text: str) -> bool:
    """Whether it stands for a file that is in the Secret."""
    return text.startswith(_MARK)


def literals(file: str, text: str) -> Iterator[Literal]:
    found = _in_python(text) if file.endswith(".py") else _in_shell(text)
    return (Literal(file, line, name, last) for line, name, last in found)


def masked_lines(file: str, text: str) -> list[str]:
    """The lines, without those that hold a secret."""
    secret = {line for each in literals(file, text) for line in range(each.line, each.last + 1)}
    return ["…" if number in secret else line for number, line in enumerate(text.splitlines(), 1)]


def _in_python(text: str) -> Iterator[tuple[int, str, int]]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        yield from _in_lines(text, _ASSIGNED)
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and _is_text(node) and _URL.search(str(node.value)):
            yield node.lineno, _URL_NAME, _last(node)
        for name, value in _given(node):
            if _SECRET_NAME.search(name) and _is_written_out(value):
                yield value.lineno, name, _last(value)


def _last(node: ast.expr) -> int:
    return node.end_lineno or node.lineno


def _given(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Names and what they get: by assignment, as an argument or a default, in a dict."""
    match node:
        case ast.Assign(targets=targets, value=value):
            yield from ((_name(target), value) for target in targets)
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            yield _name(target), value
        case ast.keyword(arg=str(name), value=value):
            yield name, value
        case ast.Call(func=ast.Attribute(attr="setdefault"), args=[ast.Constant() as key, value]):
            yield _name(key), value
        case ast.Dict(keys=keys, values=values):
            yield from ((_name(key), value) for key, value in zip(keys, values, strict=True) if key)


def _name(node: ast.expr) -> str:
    match node:
        case ast.Attribute(value=ast.Attribute(attr="CryptKeeper"), attr=name):
            return f"CryptKeeper.{name}"
        case ast.Attribute(attr=name) | ast.Name(id=name) | ast.Constant(value=str(name)):
            return name
        case ast.Subscript(slice=inner):
            return _name(inner)
    return ""


def _is_written_out(value: ast.expr) -> bool:
    """Whether the value, or what it falls back to, stands in the file itself."""
    match value:
        case ast.Constant():
            return _is_text(value)
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.BoolOp(values=parts):
            return any(map(_is_written_out, parts))
        case ast.BinOp(left=one, op=ast.Add(), right=other) | ast.IfExp(body=one, orelse=other):
            return _is_written_out(one) or _is_written_out(other)
        case ast.Call(func=ast.Attribute(value=ast.Constant() as text)):
            return _is_text(text)
        case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name), args=given):
            first = 0 if name in _DECODERS else 1 if name in _WITH_DEFAULT else len(given)
            return any(map(_is_written_out, given[first:]))
    return False


def _is_text(value: ast.Constant) -> bool:
    return isinstance(value.value, str | bytes) and bool(value.value)


def _in_shell(text: str) -> Iterator[tuple[int, str, int]]:
    return _in_lines(text, _SHELL)


def _in_lines(text: str, assigned: re.Pattern[str]) -> Iterator[tuple[int, str, int]]:
    for number, line in enumerate(text.splitlines(), 1):
        names = (found[1] for found in assigned.finditer(line))
        name = next(filter(_SECRET_NAME.search, names), "")
        if name or _URL.search(line):
            yield number, name or _URL_NAME, number
