"""The programs that a user runs, as functions of a test."""

import json
from collections.abc import Callable
from subprocess import CompletedProcess
from typing import Any

Run = Callable[..., CompletedProcess[str]]


def objects(kubectl: Run, project: str, what: str, selector: str = "") -> list[dict[str, Any]]:
    """The items of `kubectl get WHAT -o json`."""
    answer = kubectl("get", what, "-n", project, "-l", selector, "-o", "json").stdout
    items: list[dict[str, Any]] = json.loads(answer)["items"]
    return items


def crashing(words: str) -> str:
    """A configuration that passes the check before, and ends the hub with these words."""
    return f"""\
import os
if os.path.exists("/opt/app-root/etc/jupyterhub_config.py"):
    raise RuntimeError({words!r})
"""
