"""Which files hold a secret, and where those lie."""

from base64 import b64encode

import pytest

from jhos.configuration import joined, literals, masked_lines, parted

PYTHON, SHELL = "jupyterhub_config.py", "jupyterhub_config.sh"
WITH_SECRET = 'c.A.b = 1\nc.GitHubOAuthenticator.client_secret = "abc"\n'


@pytest.mark.parametrize(
    ("file", "text"),
    [
        (PYTHON, 'c.GitHubOAuthenticator.client_secret = "abc"'),
        (PYTHON, 'services = [{"name": "x", "api_token": "abc"}]'),
        (PYTHON, 'connect(password="abc")'),
        (PYTHON, 'os.environ["DB_PASSWORD"] = "abc"'),
        (PYTHON, 'os.environ.setdefault("DB_PASSWORD", "abc")'),
        (PYTHON, 'c.JupyterHub.cookie_secret = bytes.fromhex("abc0")'),
        (PYTHON, 'c.X.api_token = os.environ.get("TOKEN", "abc")'),
        (PYTHON, 'c.X.api_token = os.environ.get("TOKEN") or "abc"'),
        (PYTHON, 'c.X.secret = "abc".encode()'),
        (PYTHON, 'c.CryptKeeper.keys = ["abc"]'),
        (PYTHON, 'c.JupyterHub.db_url = "postgresql://hub:abc@db/hub"'),
        (PYTHON, 'c.X.client_secret = "abc"\nc.X.a ='),
        (SHELL, "export DATABASE=postgresql://hub:abc@db/hub"),
        (SHELL, "export CLIENT_SECRET=abc"),
    ],
)
def test_a_secret_that_is_written_out_is_found(file: str, text: str) -> None:
    assert [each.line for each in literals(file, text)] == [1]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        (PYTHON, 'c.GitHubOAuthenticator.client_secret = get_secret("client-secret")'),
        (PYTHON, 'c.X.token_url = "https://example.com"'),
        (PYTHON, 'c.X.password = ""'),
        (PYTHON, 'c.X.api_token = os.environ.get("TOKEN", "")'),
        (PYTHON, 'c.X.url = f"postgresql://hub:{password}@db/hub"'),
        (PYTHON, 'c.X.url = "postgresql://hub:{password}@db/hub".format(password=given)'),
        (PYTHON, "this is no Python"),
        (SHELL, 'export CLIENT_SECRET="$OTHER"'),
    ],
)
def test_what_only_speaks_of_secrets_is_none(file: str, text: str) -> None:
    assert not list(literals(file, text))


def test_a_file_with_a_secret_goes_into_the_secret_and_comes_back() -> None:
    files = {PYTHON: WITH_SECRET, SHELL: "export A=b\n"}
    where = parted("course", files)
    assert "abc" not in where.config[PYTHON]
    assert where.config[SHELL] == "export A=b\n"
    assert where.secret == {PYTHON: b64encode(WITH_SECRET.encode()).decode()}
    assert joined(where.config, where.secret) == files


def test_what_somebody_writes_beside_a_moved_file_is_read_after_it() -> None:
    where = parted("course", {PYTHON: WITH_SECRET})
    assert joined({PYTHON: "c.A.b = 2"}, where.secret) == {PYTHON: WITH_SECRET + "\nc.A.b = 2"}


def test_secrets_are_left_out_of_lines() -> None:
    assert masked_lines(PYTHON, WITH_SECRET) == ["c.A.b = 1", "…"]


def test_a_secret_of_several_lines_is_left_out_whole() -> None:
    text = 'c.X.private_key = """begin\nabc\n"""\nc.A.b = 1\n'
    assert masked_lines(PYTHON, text) == ["…", "…", "…", "c.A.b = 1"]
