"""The programs that a user runs, as functions of a test."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

Run = Callable[..., CompletedProcess[str]]

DOCUMENTS = Path(__file__).parents[2] / "docs"


def how_to(page: str) -> list[str]:
    """The blocks of commands on a page of the documents."""
    return re.findall(r"^```\n(.*?)^```$", (DOCUMENTS / page).read_text(), re.M | re.S)


def shell(
    script: str, environment: dict[str, str], project: str, folder: Path
) -> CompletedProcess[str]:
    """As a user would run it in `folder`, for the project; fails the test where a line does."""
    done = subprocess.run(
        ["bash", "-euxc", script], env={**environment, "JHOS_NAMESPACE": project}, cwd=folder,
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def objects(kubectl: Run, project: str, what: str, selector: str = "") -> list[dict[str, Any]]:
    """The items of `kubectl get WHAT -o json`."""
    answer = kubectl("get", what, "-n", project, "-l", selector, "-o", "json").stdout
    items: list[dict[str, Any]] = json.loads(answer)["items"]
    return items


def crashing(words: str) -> str:
    """A configuration that passes the check before, and ends the hub with these words."""
    return _in_the_hub(f"raise RuntimeError({words!r})")


def sleeping() -> str:
    """A configuration that passes the check before, and keeps the hub from starting."""
    return _in_the_hub('__import__("time").sleep(900)')


def _in_the_hub(statement: str) -> str:
    return f"""\
import os
if os.path.exists("/opt/app-root/etc/jupyterhub_config.py"):
    {statement}
"""
