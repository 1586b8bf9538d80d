"""Logins to a hub in a browser: who gets in, who does not, the admin panel, and the way out."""

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.accounts import Account
from tests.e2e.browsers import chromium, picture
from tests.e2e.lab import START_MS, run_cell, wait_idle
from tests.e2e.programs import Run, objects

pytestmark = pytest.mark.e2e

NAME = "door"
ISSUER = "oidc.trial.svc:9400"
PASSWORD = "correct horse battery staple"
ADMINS_PASSWORD = "a staple that no horse knows by heart"
OIDC = ("--auth-client-id", "jhos", "--auth-username-claim", "sub",
        "--admin-user", "ada", "--allow-group", "staff")  # fmt: skip
PASSWORDS = ("password", "--allow-user", "carol", "--allow-user", "dora", "--admin-user", "root")
STRANGER = "not currently authorized"

Deploy = Callable[..., str]


@pytest.fixture(scope="module")
def browser(jhos: Run) -> Iterator[Browser]:
    """To which the provider is where the cluster's router is."""
    router = json.loads(jhos("sandbox", "status", "-o", "json").stdout)["router"]
    with chromium(f"--host-resolver-rules=MAP {ISSUER} {router}") as opened:
        yield opened


@pytest.fixture(scope="module")
def image(jhos: Run, project: str) -> str:
    """Holds an OpenID Connect provider, and is what users start."""
    jhos("build-images", "minimal", "-n", project, "--source", "tests/e2e/login", "--as", "login")
    return "login"


@pytest.fixture(scope="module")
def provider(kubectl: Run, project: str, image: str) -> str:
    """The address of an OpenID Connect provider that knows grace, of the group staff."""
    assert image
    kubectl("apply", "-n", project, "-f", "tests/e2e/login/provider.yaml")
    kubectl("wait", "-n", project, "pod/oidc", "--for=condition=Ready", "--timeout=110s")
    return f"http://{ISSUER}"


@pytest.fixture(scope="module")
def deploy(
    jhos: Run, project: str, image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deploy]:
    """The one deployment of these tests with another login; gives its address."""
    folder = tmp_path_factory.mktemp("secrets")
    secret, admins = folder / "secret", folder / "admins"
    secret.write_text(PASSWORD)
    admins.write_text(ADMINS_PASSWORD)

    def deploy(auth: str, *options: str) -> str:
        given = ["--auth-secret-file", str(secret)] if auth in ("oidc", "password") else []
        if auth == "password":
            given += ["--secret-file", f"auth-admin-password={admins}"]
        done = jhos("deploy", "--name", NAME, "-n", project, "--notebook-image", image,
                    "--auth", auth, "--storage", "64Mi", *given, *options)  # fmt: skip
        assert not any(each in done.stdout + done.stderr for each in (PASSWORD, ADMINS_PASSWORD))
        address = re.search(r"runs at (\S+)", done.stdout)
        assert address
        return address[1]

    yield deploy
    jhos("teardown", NAME, "-n", project, "--yes", "--delete-storage")


def visit(browser: Browser, url: str) -> Page:
    """In a browser that was never there."""
    page = browser.new_context(ignore_https_errors=True).new_page()
    page.goto(url, timeout=START_MS)
    return page


def expect_lab(page: Page) -> None:
    page.locator('.jp-LauncherCard[data-category="Notebook"]').first.wait_for(timeout=START_MS)


def expect_admin_panel(page: Page, url: str, user: str) -> None:
    page.goto(f"{url}/hub/admin")
    expect(page.locator("#react-admin-hook")).to_contain_text(user)
    expect(page.get_by_role("link", name="Admin")).to_be_visible()


def choices_of(page: Page) -> Locator:
    return page.locator("#kubespawner-profiles-list")


def log_out(page: Page, url: str) -> None:
    page.goto(f"{url}/hub/home")
    page.click("#logout")
    expect(page.locator("#logout-main, #login-main").first).to_be_visible()
    page.goto(f"{url}/hub/home")
    expect(page.locator("#login-main")).to_be_visible()


def at_provider(browser: Browser, url: str, user: str) -> Page:
    page = visit(browser, url)
    page.get_by_role("button", name="Sign in with OpenID Connect").click()
    page.fill("input[name=sub]", user)
    page.get_by_role("button", name="Authorize").click()
    return page


def at_openshift(browser: Browser, url: str, user: str, password: str) -> Page:
    page = visit(browser, url)
    page.get_by_role("button", name="Sign in with OpenShift").click()
    expect(page.locator("body")).to_contain_text("asks for user:info")
    page.fill("input[name=user]", user)
    page.fill("input[name=password]", password)
    page.get_by_role("button", name="Log in").click()
    return page


def with_password(page: Page, user: str, password: str) -> Page:
    page.fill("#username_input", user)
    page.fill("#password_input", password)
    page.click("#login_submit")
    return page


def test_a_provider_says_who_gets_in(browser: Browser, deploy: Deploy, provider: str) -> None:
    url = deploy("oidc", *OIDC, "--auth-url", provider)
    page = at_provider(browser, url, "ada")
    expect_lab(page)
    picture(page, "login-oidc")
    expect_admin_panel(page, url, "ada")
    picture(page, "admin-panel")
    log_out(page, url)
    page = at_provider(browser, url, "mallory")
    expect(page.locator("body")).to_contain_text(STRANGER)
    picture(page, "login-stranger")
    member = at_provider(browser, url, "grace")
    expect_lab(member)
    member.goto(f"{url}/hub/admin")
    expect(member.locator("body")).to_contain_text("403")


def test_openshift_says_who_gets_in(browser: Browser, deploy: Deploy, jhos: Run) -> None:
    url = deploy("openshift", "--admin-user", "ada")
    password = Path(jhos("sandbox", "password").stdout.strip()).read_text()
    page = at_openshift(browser, url, "ada", password)
    expect_lab(page)
    expect_admin_panel(page, url, "ada")
    log_out(page, url)
    page = at_openshift(browser, url, "mallory", password)
    expect(page.locator("body")).to_contain_text(STRANGER)
    page = at_openshift(browser, url, "ada", "wrong")
    expect(page.locator("body")).to_contain_text("do not fit")


def test_a_directory_says_who_is_of_a_group(
    browser: Browser, deploy: Deploy, kubectl: Run, project: str, image: str, tmp_path: Path
) -> None:
    assert image
    key, authority = tmp_path / "key.pem", tmp_path / "ca.crt"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-subj", "/CN=directory", "-addext", "subjectAltName=DNS:directory",
                    "-keyout", key, "-out", authority], check=True)  # fmt: skip
    (tmp_path / "tls.pem").write_text(key.read_text() + authority.read_text())
    kubectl("create", "secret", "generic", "directory", "-n", project,
            f"--from-file={tmp_path / 'tls.pem'}")  # fmt: skip
    kubectl("apply", "-n", project, "-f", "tests/e2e/login/directory.yaml")
    kubectl("wait", "-n", project, "pod/directory", "--for=condition=Ready", "--timeout=110s")
    directory = ("--auth-url", "ldaps://directory:1636", "--allow-group", "cn=staff,dc=example",
                 "--auth-bind-dn", "uid={username},dc=example")  # fmt: skip
    url = deploy("ldap", *directory)
    # Nobody vouches for its certificate, so it is told no password.
    page = with_password(visit(browser, url), "ada", PASSWORD)
    expect(page.locator("body")).to_contain_text("Internal Server Error")
    url = deploy("ldap", *directory, "--secret-file", f"auth-ca.crt={authority}")
    for user, password in (("mallory", PASSWORD), ("ada", "wrong")):
        page = with_password(visit(browser, url), user, password)
        expect(page.locator("body")).to_contain_text("Invalid username or password")
    expect_lab(with_password(page, "ada", PASSWORD))
    kubectl("delete", "-n", project, "pod/directory", "service/directory", "secret/directory")


def test_who_signs_up_gets_in_when_an_admin_says_so(browser: Browser, deploy: Deploy) -> None:
    url = deploy("native", "--admin-user", "root")
    admin, user = visit(browser, url), visit(browser, url)
    for page, name in ((admin, "root"), (user, "bob")):
        page.goto(f"{url}/hub/signup")
        page.fill("#username_input", name)
        page.fill("#password_input", PASSWORD)
        page.fill("#password_confirmation_input", PASSWORD)
        page.click("#signup_submit")
        page.goto(f"{url}/hub/login")
    with_password(user, "bob", PASSWORD)
    expect(user.locator("body")).to_contain_text("not been authorized by an administrator yet")
    expect_lab(with_password(admin, "root", PASSWORD))
    admin.goto(f"{url}/hub/authorize")
    admin.locator("tr", has_text="bob").get_by_role("button", name="Authorize", exact=True).click()
    user.goto(f"{url}/hub/login")
    expect_lab(with_password(user, "bob", PASSWORD))
    log_out(user, url)


def test_files_outlive_the_server_the_user_and_the_hub(
    browser: Browser, deploy: Deploy, jhos: Run, kubectl: Run, project: str
) -> None:
    url = deploy(*PASSWORDS)
    admin = with_password(visit(browser, url), "root", PASSWORD)
    expect(admin.locator("body")).to_contain_text("Invalid username or password")
    expect_lab(with_password(admin, "root", ADMINS_PASSWORD))
    page = with_password(visit(browser, url), "carol", "wrong")
    expect(page.locator("body")).to_contain_text("Invalid username or password")
    expect_lab(with_password(page, "carol", PASSWORD))
    page.locator('.jp-LauncherCard[data-category="Notebook"]').first.click()
    wait_idle(page)
    run_cell(page, "print(open('greeting.txt', 'a').write('and of carol'))")
    jhos("users", "remove", NAME, "carol", "-n", project, "--yes")
    jhos("teardown", NAME, "-n", project, "--yes")
    claims = objects(kubectl, project, "pvc", f"app={NAME}")
    assert f"{NAME}-nb-carol" in [each["metadata"]["name"] for each in claims]
    url = deploy(*PASSWORDS)
    page = with_password(visit(browser, url), "carol", PASSWORD)
    page.locator(".jp-Notebook, .jp-Launcher").first.wait_for(timeout=START_MS)
    page.goto(f"{url}/user/carol/files/greeting.txt")
    expect(page.locator("body")).to_have_text(re.compile("from the image.*and of carol", re.S))


def test_cookies_go_by_https_alone(deploy: Deploy, kubectl: Run, project: str) -> None:
    # Who has no server yet that knows of no https.
    deploy(*PASSWORDS)
    # As on a cluster whose router speaks TLS.
    kubectl("set", "env", f"deployment/{NAME}", "-n", project, "PLAIN_HTTP_PORT-")
    kubectl("rollout", "status", f"deployment/{NAME}", "-n", project)
    program = (Path(__file__).parent / "login/cookies.py").read_text()
    done = kubectl("exec", f"deployment/{NAME}", "-c", "hub", "-n", project, "--", "python", "-c",
                   program, f"http://{NAME}-proxy:8080", "dora", PASSWORD)  # fmt: skip
    assert set(done.stdout.splitlines()) == {
        "/hub/ _xsrf Secure",
        "/hub/ jupyterhub-hub-login HttpOnly Secure",
        "/ jupyterhub-session-id HttpOnly Secure",
        "/user/dora/ _xsrf Secure",
        "/user/dora/ jupyterhub-user-dora HttpOnly Secure",
        "/user/dora/ jupyterhub-user-dora-oauth-state HttpOnly Secure",
    }


def test_the_route_leads_to_nothing_internal(deploy: Deploy) -> None:
    url = deploy(*PASSWORDS)
    account = Account(url, "carol", PASSWORD)
    assert account.log_in()
    site = account.hub.removesuffix("/hub")
    plain: Any = {"headers": {"Host": url.split("://")[1]}, "timeout": 60}
    assert requests.get(f"{site}/hub/metrics", **plain).status_code == 403
    assert requests.get(f"{site}/hub/api/users", **plain).status_code == 403
    assert requests.get(f"{site}/api/routes", **plain).status_code == 404
    # With carol's cookies, as another site's page would send them.
    forged = account.session.post(f"{account.hub}/api/users/mallory", timeout=60)
    assert forged.status_code == 403


def test_who_finds_the_hub_away_sees_a_page_that_tries_again(
    browser: Browser, deploy: Deploy, kubectl: Run, project: str
) -> None:
    url = deploy(*PASSWORDS)
    scale = ("scale", f"deployment/{NAME}", "-n", project)
    kubectl(*scale, "--replicas=0")
    kubectl("wait", "pod", "-n", project, "-l", f"app={NAME},component=hub", "--for=delete")
    page = visit(browser, url)
    expect(page.locator("body")).to_contain_text("it tries again by itself")
    picture(page, "hub-away")
    kubectl(*scale, "--replicas=1")
    expect(page.locator("#login-main")).to_be_visible(timeout=START_MS)


def test_a_profile_of_a_group_is_for_its_members(
    browser: Browser, deploy: Deploy, provider: str, kubectl: Run, project: str
) -> None:
    url = deploy("oidc", *OIDC, "--auth-url", provider, "-f", "tests/e2e/profiles.yaml")
    page = at_provider(browser, url, "ada")
    choices = choices_of(page)
    expect(choices).to_contain_text("For all")
    expect(choices).not_to_contain_text("With a GPU")
    # What is not on the page cannot be had by asking for it either.
    choices.locator("input[type=radio]").evaluate("choice => { choice.value = 'gpu' }")
    page.get_by_role("button", name="Start").click()
    expect(page.locator("body")).to_contain_text(
        "What you chose cannot be had. No such profile: gpu", timeout=START_MS
    )
    member = at_provider(browser, url, "grace")
    member.get_by_text("With a GPU").click()
    picture(member, "profiles")
    member.get_by_role("button", name="Start").click()
    kubectl("wait", "-n", project, f"pod/{NAME}-nb-grace", "--for=create", "--timeout=60s")
    found = json.loads(kubectl("get", "-n", project, f"pod/{NAME}-nb-grace", "-o", "json").stdout)[
        "spec"
    ]
    assert found["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] == "1"
    assert found["nodeSelector"] == {"kubernetes.io/os": "linux"}
    tolerated = {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}
    assert tolerated in found["tolerations"]
    expect(member.locator("body")).to_contain_text(
        re.compile("no node takes it: .*Insufficient nvidia.com/gpu"), timeout=START_MS
    )
    expect(member.get_by_role("heading", name="Your server did not start")).to_be_visible()
    expect(member.get_by_text("Your server is starting up")).to_be_hidden()
    picture(member, "no-gpu")
    member.get_by_role("button", name="Try again").click()
    expect(choices_of(member)).to_contain_text("With a GPU")
