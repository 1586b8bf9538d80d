"""The database pod that jhos renders, on the node of the sandbox."""

import base64
from typing import Any

import pytest

from jhos.objects import ObjectRef
from jhos.render import Facts, render
from jhos.sandbox.client import Object
from jhos.sandbox.controllers.volumes import CLAIMS
from jhos.settings.load import load
from jhos.stalls import advice
from tests.sandbox.running import PODS, Project, is_over, is_ready, restarts
from tests.sandbox.test_node_exec import kubectl

IMAGE = "image-registry.openshift-image-registry.svc:5000/openshift/postgresql:latest"
ENV = [
    {"name": "POSTGRESQL_USER", "value": "jupyterhub"},
    {"name": "POSTGRESQL_DATABASE", "value": "jupyterhub"},
    {"name": "POSTGRESQL_PASSWORD", "value": "secret"},
]
USERDATA = "/var/lib/pgsql/data/userdata"
MOUNT = [{"name": "data", "mountPath": "/var/lib/pgsql/data"}]
VOLUMES = [{"name": "data", "persistentVolumeClaim": {"claimName": "alpha-db"}}]
QUERY = "psql -h 127.0.0.1 -U jupyterhub -d jupyterhub -qAt -c"

# What a kill leaves while initdb creates directories, before it has made pg_control, and before
# the image has created the hub's user and database.
INTERRUPTED = {
    "directories": f"mkdir -p {USERDATA}/base/1 {USERDATA}/global",
    "files": f"mkdir -p {USERDATA}/base/1 && cd {USERDATA} && "
    "echo 18 > PG_VERSION && touch postgresql.conf pg_hba.conf",
    "server": f"initdb -U postgres -E UTF8 --locale=C.UTF-8 -D {USERDATA} >/dev/null",
}
pytestmark = pytest.mark.usefixtures("volume")
interrupted = pytest.mark.parametrize("script", INTERRUPTED.values(), ids=INTERRUPTED)


@pytest.fixture
def rendered() -> dict[ObjectRef, Object]:
    facts = Facts(namespace="demo", hub_image=IMAGE, notebook_image=IMAGE, database_image=IMAGE)
    return {ObjectRef.of(obj): obj for obj in render(load({"name": "alpha"}), facts)}


@pytest.fixture
async def volume(project: Project, rendered: dict[ObjectRef, Object]) -> None:
    """The claim of the database, and the Secret with its password."""
    claim = rendered[ObjectRef("PersistentVolumeClaim", "alpha-db")]
    await project.create(CLAIMS, "PersistentVolumeClaim", "alpha-db", spec=claim["spec"])
    password = {"database-password": base64.b64encode(b"secret").decode()}
    await project.create("api/v1/secrets", "Secret", "alpha-secrets", data=password)


@pytest.fixture
def pod(rendered: dict[ObjectRef, Object]) -> Object:
    """Its specification, looked at as often as a test has time for."""
    template = rendered[ObjectRef("Deployment", "alpha-db")]["spec"]["template"]
    spec: Object = template["spec"]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        spec["containers"][0][probe] |= {"periodSeconds": 1}
    return spec


async def prepare(project: Project, script: str) -> None:
    pod = {"volumes": VOLUMES}
    await project.finished("before", script, image=IMAGE, volumeMounts=MOUNT, pod=pod)


async def exchange(project: Project, name: str, spec: Object) -> Object:
    """The pod in place of one of the same name, once it is ready."""
    await project.create(PODS, "Pod", name, spec=spec)
    return await project.until(name, is_ready)


@interrupted
async def test_the_image_alone_never_starts_after_a_killed_first_start(
    project: Project, script: str
) -> None:
    await prepare(project, script)
    spec: dict[str, Any] = {"volumes": VOLUMES, "restartPolicy": "Never"}
    await project.run("db", "run-postgresql", image=IMAGE, env=ENV, volumeMounts=MOUNT, pod=spec)
    ended = await project.until("db", is_over)
    assert ended["status"]["phase"] == "Failed"


@interrupted
async def test_a_first_start_that_was_killed_is_repeated(
    project: Project, pod: Object, script: str
) -> None:
    await prepare(project, script)
    started = await exchange(project, "db", pod)
    assert "repeating it" in await project.output(started, "postgresql")
    kubectl(project, "exec", "db", "--", "ls", f"{USERDATA}.interrupted/base/1")


@pytest.mark.parametrize("lost", ["global/pg_control", "postgresql.conf"])
async def test_a_damaged_database_with_data_is_explained_and_never_cleared(
    project: Project, pod: Object, lost: str
) -> None:
    await exchange(project, "db", pod)
    await project.client.delete(PODS, project.name, "db")
    await project.gone("db")
    await prepare(project, f"rm {USERDATA}/{lost}")
    await project.create(PODS, "Pod", "db", spec=pod)
    await project.until("db", lambda seen: restarts(seen) > 0)
    assert advice(kubectl(project, "logs", "db", "--previous").stdout.decode())
    options: dict[str, Any] = {"volumeMounts": MOUNT, "pod": {"volumes": VOLUMES}}
    shown = await project.finished("after", f"ls {USERDATA}/base", image=IMAGE, **options)
    assert any(int(number) >= 16384 for number in shown.split())


async def test_a_server_that_no_longer_answers_is_restarted(project: Project, pod: Object) -> None:
    container = pod["containers"][0]
    container["livenessProbe"] |= {"failureThreshold": 2, "timeoutSeconds": 2}
    # no process of a container can stop its first one
    container["command"] = ["bash", "-c", "run-postgresql & wait"]
    await exchange(project, "db", {**pod, "terminationGracePeriodSeconds": 2})
    stop = ["bash", "-c", f"kill -STOP $(head -1 {USERDATA}/postmaster.pid)"]
    kubectl(project, "exec", "db", "--", *stop)
    await project.until("db", lambda seen: restarts(seen) > 0)


async def test_a_server_that_never_answers_has_not_started(project: Project, pod: Object) -> None:
    container = pod["containers"][0]
    container["startupProbe"] |= {"failureThreshold": 2}
    container["command"] = ["sleep", "600"]
    await project.create(PODS, "Pod", "db", spec={**pod, "terminationGracePeriodSeconds": 1})
    await project.until("db", lambda seen: restarts(seen) > 0)
