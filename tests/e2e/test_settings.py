"""Settings that bring something of the user's own: a database, a certificate, a login, words."""

import base64
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.accounts import Account
from tests.e2e.browsers import picture
from tests.e2e.programs import Run, objects

pytestmark = pytest.mark.e2e

NAME = "mine"
ELSEWHERE = "tests/e2e/database.yaml"
PASSWORD = "correct horse battery staple"
CONFIGURATION = f"""
c.JupyterHub.authenticator_class = "shared-password"
c.SharedPasswordAuthenticator.user_password = {PASSWORD!r}
c.Authenticator.allow_all = True
"""
ANNOUNCEMENT = "The exam is on Friday."
DATABASE = "postgresql+psycopg://someone:only-here@elsewhere/course"


def new_certificate(folder: Path) -> tuple[Path, Path]:
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-subj", "/CN=course.example.com", "-keyout", key, "-out", certificate],
                   check=True)  # fmt: skip
    return key, certificate


@pytest.fixture(scope="module")
def url(
    jhos: Run, kubectl: Run, project: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The one deployment of these tests."""
    folder = tmp_path_factory.mktemp("own")
    key, certificate = new_certificate(folder)
    config = folder / "jupyterhub_config.py"
    config.write_text(CONFIGURATION)
    kubectl("create", "secret", "tls", "own-certificate", "-n", project, f"--key={key}",
            f"--cert={certificate}")  # fmt: skip
    kubectl("create", "secret", "generic", "own-database", "-n", project,
            f"--from-literal=database-url={DATABASE}")  # fmt: skip
    kubectl("apply", "-n", project, "-f", ELSEWHERE)
    kubectl("wait", "-n", project, "pod/elsewhere", "--for=condition=Ready", "--timeout=110s")
    done = jhos("deploy", "--name", NAME, "-n", project,
                "--auth", "custom", "--config", str(config),
                "--database", "external", "--database-secret", "own-database",
                "--route-certificate", "own-certificate",
                "--announcement", ANNOUNCEMENT)  # fmt: skip
    assert f"so it is kept in Secret {NAME}-secrets" in done.stderr
    assert not any(each in done.stdout + done.stderr for each in (PASSWORD, "only-here"))
    address = re.search(r"runs at (\S+)", done.stdout)
    assert address
    yield address[1]
    jhos("teardown", NAME, "-n", project, "--yes", "--delete-storage")
    kubectl("delete", "-n", project, "-f", ELSEWHERE)
    kubectl("delete", "secret", "-n", project, "own-certificate", "own-database")


def test_a_password_of_the_configuration_works_and_stands_in_the_secret_alone(
    kubectl: Run, project: str, url: str
) -> None:
    assert Account(url, "ada", PASSWORD).log_in()
    assert not Account(url, "ada", "another").log_in()
    (kept,) = [each for each in objects(kubectl, project, "secret", f"app={NAME}")
               if each["metadata"]["name"] == f"{NAME}-secrets"]  # fmt: skip
    assert PASSWORD in base64.b64decode(kept["data"]["jupyterhub_config.py"]).decode()
    elsewhere = kubectl("get", "cm,deploy,pods", "-n", project, "-l", f"app={NAME}", "-o", "yaml")
    assert PASSWORD not in elsewhere.stdout


def test_a_database_of_ones_own_holds_the_users(kubectl: Run, project: str, url: str) -> None:
    assert Account(url, "grace", PASSWORD).log_in()
    look = (
        "PGPASSWORD=only-here psql -h 127.0.0.1 -U someone -At course -c 'SELECT name FROM users'"
    )
    found = kubectl("exec", "elsewhere", "-n", project, "--", "bash", "-c", look).stdout
    assert "grace" in found.split()
    names = [
        each["metadata"]["name"] for each in objects(kubectl, project, "deploy", f"app={NAME}")
    ]
    assert sorted(names) == [NAME, f"{NAME}-proxy"]


def test_an_announcement_stands_on_every_page(browser: Browser, url: str) -> None:
    page = browser.new_context().new_page()
    page.goto(url)
    expect(page.locator(".announcement")).to_have_text(ANNOUNCEMENT)
    picture(page, "login")
