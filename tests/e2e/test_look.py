"""What an operator sees of a hub that is used, and what they may do to its servers and users."""

import json
import signal
import subprocess
from base64 import b64decode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from tests.e2e.accounts import Account
from tests.e2e.programs import Run, how_to, objects, shell

pytestmark = pytest.mark.e2e

NAME = "looked"
PASSWORD = "correct horse battery staple"


@pytest.fixture(scope="module")
def hub(
    jhos: Run, kubectl: Run, project: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    """Of a deployment with logins, volumes and a certificate of its own: `hub("users", "list")`,
    as JSON where it is one.
    """
    folder = tmp_path_factory.mktemp("secrets")
    (folder / "password").write_text(PASSWORD)
    certificate(kubectl, project, folder)
    jhos("deploy", "--name", NAME, "-n", project, "--auth", "password", "--allow-all",
         "--auth-secret-file", str(folder / "password"), "--storage", "64Mi",
         "--route-certificate", "own")  # fmt: skip

    def run(command: str, *words: str, code: int = 0, output: str = "json") -> Any:
        form = ("-o", output) if output else ()
        done = jhos(*command.split(), NAME, *words, "-n", project, *form, code=code)
        return json.loads(done.stdout) if output == "json" and not code else done

    yield run
    jhos("teardown", NAME, "-n", project, "--yes", "--delete-storage")
    kubectl("delete", "secret", "own", "-n", project)


def certificate(kubectl: Run, project: str, folder: Path) -> None:
    """Secret `own`, which ends in 20 days."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "20",
                    "-subj", "/CN=looked", "-keyout", "key.pem", "-out", "own.pem"],
                   cwd=folder, check=True, capture_output=True)  # fmt: skip
    kubectl("create", "secret", "tls", "own", "-n", project,
            f"--cert={folder / 'own.pem'}", f"--key={folder / 'key.pem'}")  # fmt: skip


@pytest.fixture(scope="module")
def ada(hub: Any) -> Account:
    hub("users add", "grace")
    return Account(hub("status")["url"], "ada", PASSWORD)


@pytest.fixture
def used(hub: Any, ada: Account) -> Any:
    """The hub with the users ada and grace, of whom ada runs a server."""
    assert ada.log_in()
    if not ada.is_served():
        ada.start_server()
    return hub


def test_the_status_tells_of_parts_users_and_servers(used: Any) -> None:
    found = used("status", "--full")
    assert [(part["name"], part["ready"]) for part in found["parts"]] == [
        ("hub", True),
        ("proxy", True),
        ("database", True),
    ]
    assert found["hub"]["version"].startswith("6.")
    assert (found["hub"]["users"], found["hub"]["serversReady"]) == (2, 1)
    assert found["volumes"] == {"number": 1, "bytes": 64 * 2**20}
    ends = datetime.fromisoformat(found["certificateEnds"])
    assert timedelta(days=19) < ends - datetime.now(UTC) < timedelta(days=21)
    sent = used("status", "-v", output="").stderr
    # Deployments, route, what is stored (3), additions of others (5), quotas (2), a claim.
    assert sent.count("GET /api") == 13


@pytest.mark.parametrize(
    "words",
    ["check", "status NAME --full", "settings show NAME --minimal", "diff --name NAME",
     "render --name NAME", "rollout NAME history", "users list NAME", "top NAME"],
)  # fmt: skip
def test_json_and_yaml_are_one_document_that_says_the_same(
    used: Any, jhos: Run, project: str, words: str
) -> None:
    assert used
    command = words.replace("NAME", NAME).split()
    text, other = (jhos(*command, "-n", project, "-o", form).stdout for form in ("json", "yaml"))
    one, two = json.loads(text), yaml.safe_load(other)
    assert one
    assert _shape(one) == _shape(two)


def _shape(value: Any) -> Any:
    """Without what changes from one look to the next."""
    if isinstance(value, dict):
        return {key: _shape(each) for key, each in value.items()}
    return [_shape(each) for each in value] if isinstance(value, list) else type(value)


def test_servers_are_listed_with_their_users(used: Any) -> None:
    (server,) = used("servers list")
    assert (server["user"], server["state"], server["memoryBytes"]) == ("ada", "ready", 2**29)
    assert server["pod"] == f"{NAME}-nb-ada"
    assert server["idleSeconds"] is not None
    assert "512Mi" in used("servers list", output="").stdout


def test_users_are_listed_added_and_made_admins(used: Any) -> None:
    assert [user["name"] for user in used("users list")] == ["ada", "grace"]
    assert used("users add", "grace", "alan") == {"changed": ["alan"], "unchanged": ["grace"]}
    assert used("users admin", "grace", "alan")["changed"] == ["grace", "alan"]
    assert used("users admin", "alan", "--revoke")["changed"] == ["alan"]
    admins = {user["name"]: user["admin"] for user in used("users list")}
    assert admins == {"ada": False, "alan": False, "grace": True}
    used("users admin", "grace", "--revoke")
    assert "no user bob" in used("users admin", "bob", code=1).stderr
    assert "--yes" in used("users remove", "alan", code=2).stderr
    assert used("users remove", "alan", "--yes")["changed"] == ["alan"]
    assert used("users remove", "alan", "--yes")["unchanged"] == ["alan"]


def test_every_part_and_every_server_has_a_log(used: Any) -> None:
    assert "ada" in used("logs", "hub", "--since", "1h", output="").stdout
    assert "/user/ada" in used("logs", "ada", output="").stdout
    assert used("logs", "database", "--tail", "1", output="").stdout.count("\n") == 1
    assert "Using image-registry" in used("logs", "build", output="").stdout
    assert "runs no server" in used("logs", "grace", output="", code=1).stderr
    assert "has not ended" in used("logs", "proxy", "--previous", output="", code=1).stderr


def test_a_log_is_followed_and_ended_by_ctrl_c(
    used: Any, environment: dict[str, str], project: str
) -> None:
    command = ["jhos", "logs", NAME, "-n", project, "-f", "--since", "1s"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        used("users add", "streamed")
        assert any("streamed" in line or "POST /hub/api/users" in line for line in process.stdout)
        process.send_signal(signal.SIGINT)
    assert process.returncode == 130
    used("users remove", "streamed", "--yes")


def test_a_change_of_the_status_is_printed_until_ctrl_c(
    used: Any, environment: dict[str, str], project: str
) -> None:
    assert used
    command = ["jhos", "status", NAME, "-n", project, "--watch", "-o", "json"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        first = json.loads(process.stdout.readline())
        used("users add", "watched")
        second = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGINT)
    assert process.returncode == 130
    assert [each["hub"]["users"] for each in (first, second)] == [2, 3]
    used("users remove", "watched", "--yes")


def test_only_servers_that_are_idle_for_so_long_are_stopped(used: Any) -> None:
    assert used("servers stop", "--idle", "9h", "--yes") == []
    asked = used("servers stop", "--all", output="", code=2).stderr
    assert "1 server is stopped; work not saved is lost:" in asked
    assert [each["user"] for each in used("servers list")] == ["ada"]


def test_a_volume_goes_only_when_it_is_named_and_free(used: Any) -> None:
    (volume,) = used("storage list")
    assert (volume["user"], volume["inUse"], volume["size"]) == ("ada", True, "64Mi")
    assert "servers stop" in used("storage delete", "ada", "--yes", code=4).stderr
    assert "no volume of bob" in used("storage delete", "bob", "--yes", output="").stderr
    assert [each["claim"] for each in used("storage list")] == [f"{NAME}-nb-ada"]


GHOST = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {
        "name": f"{NAME}-nb-ghost",
        "labels": {"app": NAME, "component": "singleuser-server"},
        "annotations": {"hub.jupyter.org/username": "ghost"},
    },
    "spec": {"containers": [{"name": "notebook", "image": "nothing"}]},
}
UNUSED = {
    "apiVersion": "image.openshift.io/v1",
    "kind": "ImageStream",
    "metadata": {"name": "forgotten", "labels": {"app.kubernetes.io/managed-by": "jhos"}},
}


def test_what_is_left_over_is_listed_and_goes_when_it_is_named(
    used: Any, kubectl: Run, project: str, tmp_path: Path
) -> None:
    assert [each["user"] for each in used("servers stop", "--all", "--yes")] == ["ada"]
    assert used("servers list") == []
    assert "--yes" in used("storage delete", "ada", code=2).stderr
    used("users remove", "ada", "--yes")
    # Images that other tests left in the project are nobody's as well.
    others = {each["title"] for each in used("doctor") if each["title"].startswith("imagestream/")}
    manifests = tmp_path / "leftovers.json"
    manifests.write_text(json.dumps({"kind": "List", "apiVersion": "v1", "items": [GHOST, UNUSED]}))
    kubectl("apply", "-n", project, "-f", str(manifests))
    titles = {
        f"pod/{NAME}-nb-ghost",
        f"persistentvolumeclaim/{NAME}-nb-ada",
        "imagestream/forgotten",
    }
    assert {each["title"] for each in used("doctor")} - others == titles
    assert "Not left over" in used("doctor", "--remove", "pod/other", "--yes", code=1).stderr
    removals = [word for title in titles for word in ("--remove", title)]
    assert "--yes" in used("doctor", *removals, code=2).stderr
    used("doctor", *removals, "--yes")
    assert {each["title"] for each in used("doctor")} == others
    assert used("storage list") == []


def test_the_commands_of_the_document_work(
    used: Any, environment: dict[str, str], project: str, tmp_path: Path
) -> None:
    grace = Account(used("status")["url"], "grace", PASSWORD)
    assert grace.log_in()
    grace.start_server()
    blocks = [block for block in how_to("operate.md") if "--metrics" not in block]
    script = "".join(blocks).replace("jakevdp", NAME)
    watch = f"jhos status {NAME} --watch"
    script = script.replace(watch, f"timeout -s INT 4 {watch} || test $? = 124")
    done = shell(script, environment, project, tmp_path)
    assert "All of it works" in done.stdout
    assert f"Removed: persistentvolumeclaim/{NAME}-nb-grace" in done.stdout
    assert used("storage list") == []
    # Until its user is removed, the hub believes that a volume exists which was deleted.
    used("users remove", "ada", "--yes")
    used("users add", "grace")


def test_images_are_brought_to_every_node(used: Any, kubectl: Run, project: str) -> None:
    (pulled,) = used("prepull")
    assert (pulled["node"], pulled["image"]) == ("sandbox", "s2i-minimal-notebook")
    assert pulled["problem"] is None
    assert not objects(kubectl, project, "pods", f"app={NAME},component=prepull")


def test_metrics_come_with_their_own_token(used: Any, kubectl: Run, project: str) -> None:
    key = "jsonpath={.data.metrics-token}"
    secret = kubectl("get", "secret", f"{NAME}-secrets", "-n", project, "-o", key).stdout
    url = used("open", "--print", output="").stdout.strip()
    with requests.Session() as session:
        session.trust_env = False
        session.headers["Host"] = url.split("://")[1]
        address = f"http://127.0.0.1:{url.rpartition(':')[2]}/hub"
        assert session.get(f"{address}/metrics").status_code == 403
        session.headers["Authorization"] = f"Bearer {b64decode(secret).decode()}"
        assert "jupyterhub_running_servers" in session.get(f"{address}/metrics").text
        assert session.get(f"{address}/api/users").status_code == 403


def test_metrics_without_the_right_to_them_are_refused(jhos: Run, hub: Any, project: str) -> None:
    assert hub
    told = jhos("deploy", "--name", NAME, "-n", project, "--metrics", code=4).stderr
    assert "monitoring-edit" in told


def test_metrics_are_offered_to_the_clusters_monitoring(
    jhos: Run, hub: Any, kubectl: Run, project: str
) -> None:
    assert hub
    admin = jhos("sandbox", "kubeconfig", "--admin").stdout.strip()
    of_admin = ("--kubeconfig", admin, "-n", project)
    kubectl(*of_admin, "create", "rolebinding", "monitoring",
            "--clusterrole=monitoring-edit", "--user=developer")  # fmt: skip
    jhos("deploy", "--name", NAME, "-n", project, "--metrics")
    made = objects(kubectl, project, "servicemonitors,prometheusrules", f"app={NAME}")
    assert {each["kind"] for each in made} == {"ServiceMonitor", "PrometheusRule"}
    jhos("configure", NAME, "-n", project, "--unset", "metrics")
    assert not objects(kubectl, project, "servicemonitors,prometheusrules", f"app={NAME}")
    kubectl(*of_admin, "delete", "rolebinding", "monitoring")


def test_a_probe_goes_the_whole_way_and_leaves_nothing(
    used: Any, kubectl: Run, project: str
) -> None:
    steps = used("status", "--probe")
    assert [each["step"] for each in steps] == [
        "The hub answers",
        "A server starts",
        "A cell runs",
        "The server stops",
    ]
    assert "jhos-probe" not in {user["name"] for user in used("users list")}
    left = objects(kubectl, project, "pods,pvc", f"app={NAME}")
    assert not [each for each in left if "probe" in each["metadata"]["name"]]


def test_a_hub_that_does_not_run_is_told(used: Any, kubectl: Run, project: str) -> None:
    kubectl("scale", "deployment", NAME, "-n", project, "--replicas=0")
    kubectl("wait", "--for=delete", "pod", "-l", f"app={NAME},component=hub", "-n", project)
    found = used("status", output="", code=1)
    assert "The hub tells nothing" in found.stdout
    assert "does not run" in used("servers list", code=5).stderr
    kubectl("scale", "deployment", NAME, "-n", project, "--replicas=1")
    kubectl("rollout", "status", "deployment", NAME, "-n", project)


def test_a_database_of_another_schema_is_told(hub: Any, kubectl: Run, project: str) -> None:
    def rename(before: str, after: str) -> None:
        change = f"alter table users rename column {before} to {after}"
        psql = "PGPASSWORD=$POSTGRESQL_PASSWORD psql -h 127.0.0.1 -U $POSTGRESQL_USER"
        kubectl("exec", f"deploy/{NAME}-db", "-n", project, "--", "bash", "-c",
                f"{psql} $POSTGRESQL_DATABASE -c '{change}'")  # fmt: skip

    rename("created", "since")
    told = hub("users list", code=1, output="").stderr
    assert "column users.created does not exist" in told
    assert f"jhos rollout {NAME} -n {project} restart" in told
    assert "has another schema" in hub("status", code=1, output="").stdout
    rename("since", "created")
    hub("users list")


def test_an_unknown_deployment_names_those_there_are(jhos: Run, hub: Any, project: str) -> None:
    for command in ("status", "servers list", "users list", "storage list", "open --print"):
        verb, *rest = command.split()
        told = jhos(verb, *[each for each in rest if not each.startswith("-")], "absent",
                    "-n", project, code=2).stderr  # fmt: skip
        assert f"There are: {NAME}" in told or NAME in told
    assert hub("open", "--print", output="").stdout.startswith("http")
