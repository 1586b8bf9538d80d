"""What the first release deployed, upgraded: what fails goes back, what was mended stands."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from jhos import __version__, archive
from jhos.objects import RENDERED
from jhos.render import secret
from jhos.settings.load import load
from jhos.settings.secrets import completed
from jhos.versions import VERSION
from tests.e2e.accounts import Account
from tests.e2e.programs import Run, how_to, shell

pytestmark = pytest.mark.e2e

FIRST_RELEASE = Path(__file__).parent / "upgrade/first-release.yaml"
PASSWORD = "one long password for all"
CONFIGURATION = f"""
c.JupyterHub.authenticator_class = "shared-password"
c.SharedPasswordAuthenticator.user_password = {PASSWORD!r}
c.Authenticator.allow_all = True
"""
# It is found out only when roles are made, which is after the schema was upgraded.
FAILS_WHERE_NEW = """
import os
if "OF_THE_FIRST_RELEASE" not in os.environ:
    c.JupyterHub.load_roles = [{"name": "broken", "scopes": ["no:such:scope"]}]
"""
SCHEMA = 'psql -Atqh 127.0.0.1 -U "$POSTGRESQL_USER" -c "SELECT version_num FROM alembic_version"'
LITE_SCHEMA = """
import sqlite3
database = sqlite3.connect("/opt/app-root/data/jupyterhub.sqlite")
print(database.execute("SELECT version_num FROM alembic_version").fetchone()[0])
"""
# As an older JupyterHub had it, by JupyterHub's own migrations.
DOWNGRADE = """
from subprocess import check_call
from jhos_hub import mounts
from jhos_hub.database import database_url
from jupyterhub.dbutil import _temp_alembic_ini
with _temp_alembic_ini(database_url(mounts.settings(), mounts.secrets())) as ini:
    check_call(["alembic", "-c", ini, "downgrade", "-1"])
"""


def test_a_failed_upgrade_goes_back_and_one_that_was_mended_stands(
    jhos: Run, kubectl: Run, environment: dict[str, str], project: str, tmp_path: Path
) -> None:
    where = ("-n", project)
    apply(environment, project, first_release(*of_today(jhos, project), project))
    for part in ("alpha-db", "alpha-proxy", "alpha"):
        kubectl("rollout", "status", f"deployment/{part}", *where, "--timeout=110s")
    ada = Account(url(jhos, project), "ada", PASSWORD)
    assert ada.log_in()
    token = ada.token()
    kubectl("exec", *where, "deploy/alpha", "-c", "hub", "--", "python", "-c", DOWNGRADE)
    old = schema(kubectl, project)

    command = ("upgrade", "alpha", *where, "--yes", "--without-secrets")
    told = failure(environment, tmp_path, *command, "--backup", "failed.tar")
    assert "no:such:scope" in told  # the hub's own last words
    assert "alpha is as it was before" in told
    assert (tmp_path / "failed.tar").exists()
    hub = kubectl("get", "deploy", "alpha", *where, "-o", "yaml").stdout
    assert "OF_THE_FIRST_RELEASE" in hub
    assert VERSION not in kubectl("get", "cm", "alpha-cfg", *where, "-o", "yaml").stdout
    assert ada.knows(token)

    patch = json.dumps({"data": {"jupyterhub_config.py": CONFIGURATION}})
    kubectl("patch", "cm", "alpha-cfg", *where, "--type=merge", "-p", patch)
    result = json.loads(
        jhos(*command, "--backup", str(tmp_path / "before.tar"), "-o", "json").stdout
    )
    assert (result["formerVersion"], result["version"]) == (None, __version__)
    config = json.loads(kubectl("get", "cm", "alpha-cfg", *where, "-o", "json").stdout)
    assert config["metadata"]["annotations"][VERSION] == __version__
    assert schema(kubectl, project) != old
    assert ada.knows(token)
    again = json.loads(jhos(*command, "--backup", str(tmp_path / "no.tar"), "-o", "json").stdout)
    assert not again["backup"]
    jhos("teardown", "alpha", *where, "--yes", "--delete-storage")


def test_a_failed_upgrade_puts_sqlite_back_and_undo_of_one_takes_its_backup(
    jhos: Run, kubectl: Run, environment: dict[str, str], project: str, tmp_path: Path
) -> None:
    where = ("-n", project)
    jhos("deploy", "--name", "jakevdp", "--database", "sqlite", *where)
    apply(environment, project, of_old("jakevdp", "sqlite", jhos, project))
    hub = ("exec", *where, "deploy/jakevdp", "-c", "hub", "--", "python", "-c")
    kubectl("rollout", "status", "deployment/jakevdp", *where, "--timeout=110s")
    kubectl(*hub, DOWNGRADE)
    old = kubectl(*hub, LITE_SCHEMA).stdout
    command = ("upgrade", "jakevdp", *where, "--yes", "--without-secrets", "--backup")
    told = failure(environment, tmp_path, *command, "failed.tar")
    assert "no:such:scope" in told
    assert "jakevdp is as it was before" in told
    # It is of today's JupyterHub too, and has upgraded what was read in.
    assert "Database: is read in" in told

    patch = json.dumps({"data": {"jupyterhub_config.py": CONFIGURATION}})
    kubectl("patch", "cm", "jakevdp-cfg", *where, "--type=merge", "-p", patch)
    jhos("users", "add", "jakevdp", "ada", *where)
    kubectl(*hub, DOWNGRADE)
    asks, upgrades, goes_back = how_to("upgrade.md")
    assert asks == "jhos upgrade jakevdp\n"
    shell(upgrades, environment, project, tmp_path)
    assert kubectl(*hub, LITE_SCHEMA).stdout != old
    jhos("users", "add", "jakevdp", "grace", *where)
    refused = jhos("rollout", "jakevdp", "undo", *where, code=4).stderr
    assert "jhos rollout jakevdp undo --to 1 --backup FILE" in refused
    file = str(tmp_path / "before.tar")
    told = jhos("rollout", "jakevdp", "undo", "--backup", file, *where, code=2).stderr
    assert "users, tokens and logins that came since are lost" in told
    shell(goes_back, environment, project, tmp_path)
    users = json.loads(jhos("users", "list", "jakevdp", *where, "-o", "json").stdout)
    assert [each["name"] for each in users] == ["ada"]
    jhos("teardown", "jakevdp", *where, "--yes", "--delete-storage")


def test_a_hub_of_another_image_starts_only_once_its_database_is_kept(
    kubectl: Run, environment: dict[str, str], project: str, tmp_path: Path
) -> None:
    def say(*words: str, code: int = 0) -> Any:
        done = subprocess.run(["jhos", *words, "-n", project], env=environment, cwd=tmp_path,
                              capture_output=True, text=True, check=False)  # fmt: skip
        assert done.returncode == code, done.stderr
        return done

    first = json.loads(
        say("deploy", "--name", "moved", "--database", "sqlite", "-o", "json").stdout
    )
    assert first["backup"] is None
    hub = ("exec", "-n", project, "deploy/moved", "-c", "hub", "--", "python", "-c")
    container = '{.spec.template.spec.containers[?(@.name=="hub")].image}'
    image = kubectl("get", "deploy/moved", "-n", project, "-o", f"jsonpath={container}").stdout
    other = f"hub.image={image.partition('@')[0]}:latest"  # the same, under another name
    say("users", "add", "moved", "ada")
    kubectl(*hub, DOWNGRADE)
    (tmp_path / "broken.py").write_text(FAILS_WHERE_NEW)
    change = ("configure", "moved", "--set", other)
    told = say(*change, "--config", "broken.py", code=5).stderr
    assert "no:such:scope" in told
    assert "Database: is read in" in told
    assert "So revision 1 was brought back and is ready" in told
    assert not list(tmp_path.glob("*.tar"))
    assert "ada" in say("users", "list", "moved").stdout

    old = kubectl(*hub, DOWNGRADE + LITE_SCHEMA).stdout
    file = json.loads(say(*change, "-o", "json").stdout)["backup"]
    assert archive.read(tmp_path / file).about["database"]["schema"] in old
    assert kubectl(*hub, LITE_SCHEMA).stdout not in old
    refused = say("rollout", "moved", "undo", code=4).stderr
    assert "The database has another schema since revision 3 of moved" in refused
    say("rollout", "moved", "undo", "--backup", file, "--yes")
    told = say(*change).stderr
    assert "removed, since the database kept its schema" in told
    assert [each.name for each in tmp_path.glob("*.tar")] == [file]
    say("teardown", "moved", "--yes", "--delete-storage")


def failure(environment: dict[str, str], folder: Path, *command: str) -> str:
    """What is said, a traceback of the hub's too."""
    done = subprocess.run(
        ["jhos", *command], env=environment, cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 5, done.stderr
    return done.stderr


def of_old(name: str, database: str, jhos: Run, project: str) -> list[dict[str, Any]]:
    """As today's jhos renders it, but for the version, and a hub that only the new one ends."""
    rendered = jhos("render", "--name", name, "--database", database, "-n", project).stdout
    found = {(each["kind"], each["metadata"]["name"]): each
             for each in yaml.safe_load_all(rendered)}  # fmt: skip
    config, hub = found["ConfigMap", f"{name}-cfg"], found["Deployment", name]
    for each in (config, hub):
        each["metadata"]["annotations"].pop(RENDERED)
    config["metadata"]["annotations"].pop(VERSION)
    config["data"]["jupyterhub_config.py"] = CONFIGURATION + FAILS_WHERE_NEW
    mark_old(hub, {})
    return list(found.values())


def mark_old(hub: dict[str, Any], more: dict[str, str]) -> None:
    container = hub["spec"]["template"]["spec"]["containers"][0]
    env = {"OF_THE_FIRST_RELEASE": "1", **more}
    container["env"] += [{"name": key, "value": value} for key, value in env.items()]


def of_today(jhos: Run, project: str) -> tuple[dict[str, str], str]:
    """Pull specs by their name in the fixture, since the images of the first release are history;
    and the port without TLS, of which today's hub is told.
    """
    rendered = jhos("render", "--name", "alpha", "-n", project).stdout
    pods = {
        each["metadata"]["name"]: each["spec"]["template"]["spec"]["containers"][0]
        for each in yaml.safe_load_all(rendered)
        if each["kind"] == "Deployment"
    }
    env = {each["name"]: each.get("value") for each in pods["alpha"]["env"]}
    images = {
        "registry.example.com/demo/jupyterhub@sha256:aaaa": pods["alpha"]["image"],
        "registry.example.com/demo/s2i-minimal-notebook@sha256:bbbb": env[
            "JUPYTERHUB_NOTEBOOK_IMAGE"
        ],
        "registry.example.com/openshift/postgresql@sha256:cccc": pods["alpha-db"]["image"],
    }
    return images, env["PLAIN_HTTP_PORT"]


def first_release(images: dict[str, str], port: str, project: str) -> list[dict[str, Any]]:
    """Its objects as it rendered them, for today's images, which read today's settings."""
    text = FIRST_RELEASE.read_text().replace("namespace: demo", f"namespace: {project}")
    for old, new in images.items():
        text = text.replace(old, new)
    found = {(each["kind"], each["metadata"]["name"]): each for each in yaml.safe_load_all(text)}
    config = found["ConfigMap", "alpha-cfg"]["data"]
    config["settings.yaml"] = yaml.safe_dump(
        load(yaml.safe_load(config["settings.yaml"])).as_dict()
    )
    config["jupyterhub_config.py"] = CONFIGURATION + FAILS_WHERE_NEW
    mark_old(found["Deployment", "alpha"], {"PLAIN_HTTP_PORT": port})
    return [*found.values(), secret("alpha", completed({}))]


def apply(environment: dict[str, str], project: str, objects: list[dict[str, Any]]) -> None:
    """As jhos does."""
    command = ["kubectl", "apply", "--server-side", "--field-manager=jhos", "-n", project, "-f-"]
    subprocess.run(
        command, input=yaml.safe_dump_all(objects), text=True, env=environment, check=True
    )


def url(jhos: Run, project: str) -> str:
    listed = json.loads(jhos("list", "-n", project, "-o", "json").stdout)
    return str(next(each["url"] for each in listed if each["name"] == "alpha"))


def schema(kubectl: Run, project: str) -> str:
    words = f'export PGPASSWORD="$POSTGRESQL_PASSWORD"; {SCHEMA} -d "$POSTGRESQL_DATABASE"'
    done = kubectl("exec", "-n", project, "deploy/alpha-db", "--", "bash", "-c", words)
    return str(done.stdout)
