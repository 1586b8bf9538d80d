"""A login to the sandbox as to any OpenShift cluster, which kubectl uses too."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.e2e.programs import Run

pytestmark = pytest.mark.e2e


@pytest.fixture
def ask(environment: dict[str, str], tmp_path: Path) -> Callable[..., Any]:
    """A command with an own kubeconfig and `typed` on standard input."""
    own = {**environment, "KUBECONFIG": str(tmp_path / "config")}

    def run(*command: str, typed: str = "", code: int = 0) -> Any:
        done = subprocess.run(
            command, env=own, input=typed, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == code, f"{command}\n{done.stdout}\n{done.stderr}"
        return done

    return run


@pytest.fixture
def address(jhos: Run) -> str:
    found: str = json.loads(jhos("sandbox", "status", "-o", "json").stdout)["api"]
    return found


@pytest.fixture
def authority(environment: dict[str, str]) -> str:
    return os.path.join(environment["JHOS_SANDBOX_DIR"], "pki", "ca.crt")


@pytest.fixture
def password(jhos: Run) -> str:
    return Path(jhos("sandbox", "password").stdout.strip()).read_text()


def test_a_password_logs_in_and_a_logout_ends_it(
    ask: Any, address: str, authority: str, password: str, project: str
) -> None:
    strange = ("jhos", "login", address, "-u", "developer", "-n", project)
    assert "not trusted" in ask(*strange, typed=password, code=3).stderr
    login = (*strange, "--certificate-authority", authority)
    assert "refuses the password" in ask(*login, typed="wrong", code=3).stderr
    done = ask(*login, typed=password)
    assert "as developer" in done.stdout
    assert password not in done.stdout + done.stderr
    ask("kubectl", "get", "configmaps")
    ask("jhos", "list")
    assert "Logged out" in ask("jhos", "logout").stdout
    assert "not logged in" in ask("jhos", "list", code=3).stderr


def test_who_has_no_project_is_told_how_to_get_one(
    ask: Any, address: str, authority: str, password: str
) -> None:
    login = ("jhos", "login", address, "-u", "newcomer", "--certificate-authority", authority)
    assert "jhos deploy -n PROJECT --create-project" in ask(*login, typed=password).stdout
    refused = ask("jhos", "deploy", "-n", "openshift", "--create-project", code=4).stderr
    assert "There is a project openshift already" in refused
    assert "Choose another name" in refused
    refused = ask("jhos", "deploy", "-n", "kube-mine", "--create-project", code=4).stderr
    assert "ask who administers the cluster for a project" in refused
    assert "can grant you" not in refused


def test_a_token_from_the_page_logs_in(
    ask: Any, address: str, authority: str, password: str
) -> None:
    login = ("jhos", "login", address, "--web", "--certificate-authority", authority)
    refused = ask(*login, typed="sha256~nothing", code=3)
    page = f"{address}/oauth/token/request"
    assert page in refused.stderr
    data = {"user": "developer", "password": password}
    shown = requests.post(page, data=data, verify=authority, timeout=60).text
    token = shown.partition("<code>sha256")[2].partition("</code>")[0]
    assert "as developer" in ask(*login, typed=f"sha256{token}").stdout
