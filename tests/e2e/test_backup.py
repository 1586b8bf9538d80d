"""A hub backed up, made again elsewhere, taken away, brought back: users find their way."""

import json
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.accounts import Account
from tests.e2e.programs import Run, how_to, objects, shell

pytestmark = pytest.mark.e2e

PASSWORD = "one long password for all"
ELSEWHERE = "other-project"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("backups")
    (path / "passphrase").write_text("correct horse battery staple\n")
    (path / "password").write_text(PASSWORD)
    return path


@pytest.fixture(scope="module")
def account(jhos: Run, project: str, folder: Path) -> Iterator[Account]:
    """A user of the deployment jakevdp, in which users have volumes."""
    login = ("--auth", "password", "--auth-secret-file", str(folder / "password"), "--allow-all")
    yield user_of(jhos("deploy", "--name", "jakevdp", "-n", project, *login,
                       "--storage", "64Mi", "-o", "json"))  # fmt: skip
    jhos("teardown", "jakevdp", "-n", project, "--yes", "--delete-storage")


@pytest.fixture
def ada(account: Account) -> Account:
    """The user with a server that runs."""
    assert account.log_in()
    if not account.is_served():
        account.start_server()
    return account


@pytest.fixture
def token(ada: Account) -> str:
    return ada.token()


def user_of(result: Any) -> Account:
    return Account(json.loads(result.stdout)["url"], "ada", PASSWORD)


def commands() -> Iterator[str]:
    """The blocks of the how-to, but the one that asks for a passphrase."""
    for block in how_to("backup.md"):
        if block.strip() != "jhos backup jakevdp jakevdp.tar":
            yield block


def test_the_how_to_makes_hubs_whose_users_log_in_as_before(
    jhos: Run, environment: dict[str, str], project: str, folder: Path, ada: Account, token: str
) -> None:
    images = f" --hub-image {project}/jupyterhub --notebook-image {project}/s2i-minimal-notebook"
    for block in commands():
        script = block.replace(f" -n {ELSEWHERE}", f" -n {ELSEWHERE} --create-project{images}")
        shell(script, environment, project, folder)
    for name, where in (("jakevdp", ELSEWHERE), ("jakevdp2", project)):
        again = user_of(jhos("deploy", "--name", name, "-n", where, "-o", "json"))
        assert again.knows(token)
        assert again.log_in()
    again.start_server()
    jhos("teardown", "jakevdp", "-n", ELSEWHERE, "--yes", "--delete-storage")
    jhos("teardown", "jakevdp2", "-n", project, "--yes", "--delete-storage")
    assert ada.is_served()


def test_what_cannot_be_restored_is_refused_before_anything_is_sent(
    jhos: Run, kubectl: Run, project: str, folder: Path, ada: Account
) -> None:
    assert ada
    file, phrase = str(folder / "jakevdp.tar"), str(folder / "passphrase")
    jhos("backup", "jakevdp", file, "-n", project, "--passphrase-file", phrase, "--overwrite")
    half = folder / "half.tar"
    half.write_bytes(Path(file).read_bytes()[:20_000])
    into = ("-n", project, "--name", "never")
    jhos("restore", str(half), *into, "--passphrase-file", phrase, code=2)
    jhos("restore", phrase, *into, code=2)
    jhos("restore", file, *into, "--passphrase-file", str(folder / "password"), code=2)
    taken = jhos("restore", file, "-n", project, "--passphrase-file", phrase, code=4)
    assert "teardown jakevdp" in taken.stderr
    lacking = jhos("restore", file, *into, "--without-secrets", code=2)
    assert "--auth-secret-file" in lacking.stderr
    assert not objects(kubectl, project, "all,cm,secrets,pvc", "app=never")


BALLAST = """
export PGPASSWORD="$POSTGRESQL_PASSWORD"
psql -qh 127.0.0.1 -U "$POSTGRESQL_USER" -d "$POSTGRESQL_DATABASE" -c "{}"
"""
MUCH = "CREATE TABLE ballast AS SELECT md5(n::text) FROM generate_series(1, 2000000) n"


def test_an_interrupted_backup_leaves_no_file(
    jhos: Run, kubectl: Run, environment: dict[str, str], project: str, ada: Account, tmp_path: Path
) -> None:
    assert ada
    database = ("exec", "deploy/jakevdp-db", "-n", project, "--", "bash", "-c")
    kubectl(*database, BALLAST.format(MUCH))
    command = ("backup", "jakevdp", str(tmp_path / "half.tar"), "-n", project, "--without-secrets")
    process = subprocess.Popen(["jhos", *command], env=environment, stderr=subprocess.PIPE,
                               text=True)  # fmt: skip
    assert process.stderr
    assert any("Database: " in line for line in process.stderr)
    process.send_signal(signal.SIGINT)
    told = process.communicate()[1]
    assert process.returncode == 130
    assert "No backup was written" in told
    assert not list(tmp_path.iterdir())
    kubectl(*database, BALLAST.format("DROP TABLE ballast"))
    jhos(*command)
    assert [each.name for each in tmp_path.iterdir()] == ["half.tar"]


def kill_at(words: str, command: list[str], environment: dict[str, str]) -> None:
    """kill -9 once the command has said these words."""
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True)  # fmt: skip
    assert process.stderr
    said = any(words in line for line in process.stderr)
    process.kill()
    process.communicate()
    assert said, f"it ended without {words}"


def test_an_interrupted_restore_goes_on_and_overwrites_nothing_newer(
    jhos: Run, kubectl: Run, environment: dict[str, str], project: str, folder: Path, ada: Account
) -> None:
    assert ada
    file, phrase = str(folder / "again.tar"), str(folder / "passphrase")
    jhos("backup", "jakevdp", file, "-n", project, "--passphrase-file", phrase)
    restore = ("restore", file, "--name", "again", "-n", project, "--passphrase-file", phrase)
    # The last one is said when the hub is awaited, with its database in.
    for words in ("Objects: applied", "Database: is read in", "Route again"):
        kill_at(words, ["jhos", *restore], environment)
    kubectl("rollout", "status", "deployment/again", "-n", project, "--timeout=110s")
    jhos("users", "add", "again", "newcomer", "-n", project)
    jhos(*restore)
    users = json.loads(jhos("users", "list", "again", "-n", project, "-o", "json").stdout)
    assert [each["name"] for each in users] == ["ada", "newcomer"]
    jhos(*restore, code=4)  # which the whole one was
    jhos("teardown", "again", "-n", project, "--yes", "--delete-storage")


def test_a_teardown_tells_whose_server_and_volume_and_a_new_deployment_knows_them(
    jhos: Run, kubectl: Run, project: str, ada: Account, token: str
) -> None:
    asked = jhos("teardown", "jakevdp", "-n", project, "--delete-storage", code=2).stderr
    assert "1 notebook server runs and is stopped; work not stored is lost: ada" in asked
    assert re.search(r"jakevdp-nb-ada +ada +64Mi", asked)
    result = json.loads(jhos("teardown", "jakevdp", "-n", project, "--yes", "-o", "json").stdout)
    assert result["servers"] == ["ada"]
    assert {each["owner"]: each["kept"] for each in result["volumes"]} == {"": True, "ada": True}
    assert not objects(kubectl, project, "pods", "app=jakevdp")
    again = user_of(jhos("deploy", "--name", "jakevdp", "-n", project, "-o", "json"))
    assert again.knows(token)
    assert again.log_in()
    assert ada.hub == again.hub
