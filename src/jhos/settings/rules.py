"""What values of settings must look like, for those who read them and for the schema."""

import re

from jhos.errors import SettingsError

NAME_LENGTH = 40  # leaves room for `-singleuser` and for a project's name in a route's host
NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
PROFILE = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
HOST = re.compile(r"([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)+[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
SIZE = re.compile(r"(\d+(?:\.\d+)?)(Ki|Mi|Gi|Ti|k|M|G|T|)")
CPU = re.compile(r"(\d+(?:\.\d+)?)(m|)")
MOUNT = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?=/[^:]*(:ro)?")
EGRESS = re.compile(
    r"\d+(\.\d+){3}(/\d+)?|[\da-fA-F]*:[\da-fA-F:.]*(/\d+)?|[a-z0-9]([-a-z0-9]*[a-z0-9])?"
)
PATH = re.compile(r"/[^:]*")
VARIABLE = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")
ROUTER_TIME = re.compile(r"[1-9]\d*(us|ms|s|m|h|d)")  # by itself a number means milliseconds
DURATION = re.compile(r"(\d+)([smhd]?)")
DURATIONS = (
    ("cull", "idle"),
    ("cull", "max_age"),
    ("notebook", "start_timeout"),
    ("notebook", "http_timeout"),
)
NOTHING = ("never", "none")  # in place of null
INTERFACES = ("lab", "classic")
DATABASES = ("postgresql", "sqlite", "external")
ACCESS_MODES = ("ReadWriteOnce", "ReadWriteMany", "ReadWriteOncePod")
PUBLIC_DATABASE = "quay.io/sclorg/postgresql-16-c9s:latest"  # where the cluster has none


def stream_of(spec: str) -> tuple[str | None, str, str] | None:
    """`(namespace, stream, tag)`, or None where `spec` is a registry's pull spec."""
    match = re.fullmatch(r"(?:([a-z0-9-]+)/)?([a-z0-9._-]+)(?::([\w.-]+))?", spec)
    return (match[1], match[2], match[3] or "") if match else None


def parse_network(text: str) -> str | None:
    """Return a network in CIDR notation; None where `text` is the name of a project.

    Raises ValueError for neither, as for the name of a host.
    """
    if not EGRESS.fullmatch(text):
        raise ValueError(f"{text!r} is neither a network nor a project")
    if "." not in text and ":" not in text:
        return None
    from ipaddress import ip_network  # only where there is one

    return str(ip_network(text, strict=False))


def check_name(name: str) -> None:
    """Raises SettingsError unless `name` can prefix every object of a deployment."""
    if not NAME.fullmatch(name):
        raise SettingsError(
            f"Name {name!r} cannot be used: it must consist of lower-case letters, digits and "
            "hyphens, and begin with a letter.",
            f"For example: {_suggest_name(name)}",
        )
    if len(name) > NAME_LENGTH:
        raise SettingsError(
            f"Name {name!r} is too long: {len(name)} characters, {NAME_LENGTH} are possible.",
            f"For example: {_suggest_name(name)}",
        )


def _suggest_name(name: str) -> str:
    cleaned = re.sub(r"[^a-z0-9]+", "-", name.lower()).lstrip("-0123456789")[:NAME_LENGTH]
    return cleaned.strip("-") or "jupyterhub"
