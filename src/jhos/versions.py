"""Versions of jhos: the one at hand, and the one that a deployment or a backup was made by."""

import re

from jhos import __version__

VERSION = "jhos.dev/version"  # annotation of ConfigMap NAME-cfg


def is_newer(version: str) -> bool:
    """Than this jhos. What is no version is not."""
    return _numbers(version) > _numbers(__version__)


def skew(name: str, deployed: str | None) -> str:
    """One line where the deployment is another jhos's; empty where there is nothing to say."""
    if deployed == __version__:
        return ""
    if deployed and is_newer(deployed):
        return (
            f"{name} was deployed by jhos {deployed}, and this is {__version__}: install that one, "
            "since a change by this one may take back what it does not know."
        )
    by = f"jhos {deployed}" if deployed else "an older jhos"
    return f"{name} was deployed by {by}, and this is {__version__}: jhos upgrade {name}"


def _numbers(version: str) -> list[int]:
    found = re.match(r"\d+(\.\d+)*", version)
    return [int(part) for part in found[0].split(".")] if found else []
