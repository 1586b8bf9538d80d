"""What the first release deployed, upgraded: what fails goes back, what was mended stands."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from jhos import __version__
from jhos.render import secret
from jhos.settings.load import load
from jhos.settings.secrets import completed
from jhos.versions import VERSION
from tests.e2e.accounts import Account
from tests.e2e.programs import Run

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
    apply(environment, project, first_release(images(jhos, project), project))
    for part in ("alpha-db", "alpha-proxy", "alpha"):
        kubectl("rollout", "status", f"deployment/{part}", *where, "--timeout=110s")
    ada = Account(url(jhos, project), "ada", PASSWORD)
    assert ada.log_in()
    token = ada.token()
    kubectl("exec", *where, "deploy/alpha", "-c", "hub", "--", "python", "-c", DOWNGRADE)
    old = schema(kubectl, project)

    command = ("upgrade", "alpha", *where, "--yes", "--without-secrets")
    failed = subprocess.run(
        ["jhos", *command, "--backup", str(tmp_path / "failed.tar")],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert failed.returncode == 1, failed.stderr
    assert "no:such:scope" in failed.stderr  # the hub's own last words
    assert "alpha is as it was before" in failed.stderr
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


def images(jhos: Run, project: str) -> dict[str, str]:
    """Pull specs by their name in the fixture; the images of the first release are history."""
    rendered = jhos("render", "--name", "alpha", "-n", project).stdout
    pods = {
        each["metadata"]["name"]: each["spec"]["template"]["spec"]["containers"][0]
        for each in yaml.safe_load_all(rendered)
        if each["kind"] == "Deployment"
    }
    env = {each["name"]: each.get("value") for each in pods["alpha"]["env"]}
    return {
        "registry.example.com/demo/jupyterhub@sha256:aaaa": pods["alpha"]["image"],
        "registry.example.com/demo/s2i-minimal-notebook@sha256:bbbb": env[
            "JUPYTERHUB_NOTEBOOK_IMAGE"
        ],
        "registry.example.com/openshift/postgresql@sha256:cccc": pods["alpha-db"]["image"],
    }


def first_release(images: dict[str, str], project: str) -> list[dict[str, Any]]:
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
    hub = found["Deployment", "alpha"]["spec"]["template"]["spec"]["containers"][0]
    hub["env"].append({"name": "OF_THE_FIRST_RELEASE", "value": "1"})
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
