"""The forms that names, labels and keys may have, and the words in which the API says so."""

import re

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_QUALIFIED = r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_CONFIG_KEY = r"[-._a-zA-Z0-9]+"

ALPHANUMERIC = "and must start and end with an alphanumeric character"


def label_problem(name: str) -> str:
    """What is wrong with a name of at most 63 characters without dots; empty when nothing."""
    if len(name) > 63:
        return "must be no more than 63 characters"
    if re.fullmatch(_LABEL, name):
        return ""
    return (
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
        f"{ALPHANUMERIC} (e.g. 'my-name',  or '123-abc', "
        f"regex used for validation is '{_LABEL}')"
    )


def subdomain_problem(name: str) -> str:
    if len(name) > 253:
        return "must be no more than 253 characters"
    if re.fullmatch(_SUBDOMAIN, name):
        return ""
    return (
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, "
        f"'-' or '.', {ALPHANUMERIC} (e.g. 'example.com', "
        f"regex used for validation is '{_SUBDOMAIN}')"
    )


def service_problem(name: str) -> str:
    """Service names are DNS labels."""
    return "must not contain dots" if "." in name else label_problem(name)


def label_value_problem(value: str) -> str:
    if len(value) > 63:
        return "must be no more than 63 bytes"
    if re.fullmatch(f"({_QUALIFIED})?", value):
        return ""
    return (
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' "
        f"or '.', {ALPHANUMERIC} (e.g. 'MyValue',  or 'my_value',  or '12345', "
        f"regex used for validation is '({_QUALIFIED})?')"
    )


def qualified_problem(key: str) -> str:
    """Keys of labels and annotations: an optional subdomain before the slash, then a name."""
    prefix, slash, name = key.rpartition("/")
    if slash and (why := subdomain_problem(prefix)):
        return f"prefix part {why}"
    if re.fullmatch(_QUALIFIED, name) and len(name) <= 63:
        return ""
    return (
        f"name part must consist of alphanumeric characters, '-', '_' or '.', {ALPHANUMERIC} "
        "(e.g. 'MyName',  or 'my.name',  or '123-abc', "
        f"regex used for validation is '{_QUALIFIED}')"
    )


def config_key_problem(key: str) -> str:
    if key in (".", ".."):
        return f"must not be '{key}'"
    if re.fullmatch(_CONFIG_KEY, key) and len(key) <= 253:
        return ""
    return (
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.' "
        f"(e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', "
        f"regex used for validation is '{_CONFIG_KEY}')"
    )
